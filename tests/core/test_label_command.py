"""`python -m core label`: what it prints, and what it refuses."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from core.__main__ import app
from core.errors import QueryError, TaxonomyError
from core.library import Library
from core.sources import open_source
from tests.conftest import FakeEncoder


@pytest.fixture
def case(library: Library, folder_of: Callable[..., Path], monkeypatch: pytest.MonkeyPatch) -> str:
    """A case of a library that the command opens with the fake encoder."""
    with open_source(folder_of({"ear-left": 2}), library.taxonomy) as source:
        library.ingest(source)
    monkeypatch.setattr("core.console.open_library", lambda root: Library.open(root, encoder=FakeEncoder()))
    return library.catalog.ids()[0]


def label(library: Library, *arguments: str) -> str:
    done = CliRunner().invoke(app, ["label", str(library.root), *arguments])
    if done.exception is not None:
        raise done.exception
    return done.stdout


def test_labels_are_corrected_listed_and_taken_back(library: Library, case: str) -> None:
    said = label(library, case, "--class", "Ear Right", "--finding", "wax")
    assert said.splitlines()[0] == f"{case}: class ear-right, finding wax"
    assert "label ear-left -> ear-right, finding none -> wax" in said
    assert library.catalog.case(case).label == "ear-right"

    facts = json.loads(label(library, case, "--undo", "--json"))
    assert (facts["label"], facts["finding"]) == ("ear-left", None)
    assert [change["undoes"] for change in facts["changes"]] == [1, None]
    assert label(library, case).endswith("label ear-left -> ear-right, finding none -> wax\n")


@pytest.mark.parametrize(
    ("arguments", "error"),
    [(("--class", "knee"), TaxonomyError), (("--undo",), QueryError), (("--undo", "--finding", "wax"), QueryError)],
)
def test_what_cannot_be_is_refused(library: Library, case: str, arguments: tuple[str, ...], error: type) -> None:
    with pytest.raises(error):
        label(library, case, *arguments)
    assert library.catalog.labels.history(case) == ()
