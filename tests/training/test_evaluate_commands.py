"""`python -m training evaluate` and `words`, as scripts and people call them."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from core.flow import Flow
from core.library import Library
from core.vector_field import VectorField
from tests.core.test_encoder import tiny
from tests.core.test_ingest import ingest

__all__ = ["tiny"]


def run(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "training", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)


@pytest.fixture
def small(tmp_path: Path, tiny: Path, folder_of: Callable[..., Path]) -> Path:
    """A library of two classes with a flow that is kept, but not active."""
    library = Library.create(tmp_path / "library", encoder=f"local-dir:{tiny}")
    ingest(library, folder_of({"ear-left": 4, "ear-right": 4, "throat": 4}))
    library.flows.put(Flow(VectorField(dim=library.encoder.spec.dimension), flow_id="a-flow"))
    library.close()
    return tmp_path / "library"


def test_json_and_a_page(small: Path, tmp_path: Path) -> None:
    page = tmp_path / "reports" / "page.html"
    done = run("evaluate", small, "--flow", "a-flow", "--baselines", "--report", page, "--json")
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert (report["split"], report["queries"], report["flow"]) == ("all", 12, "a-flow")
    assert list(report["spaces"]) == ["before", "step0", "after"]
    assert list(report["baselines"]) == ["thumbnail", "untrained"]
    assert page.read_text(encoding="utf-8").count("data:image/webp") > 0


def test_tables_for_people(small: Path) -> None:
    done = run("evaluate", small)
    assert done.returncode == 0, done.stderr
    for said in (
        "split all, 12 labelled queries",
        "leave-one-out",
        "laterality errors",
        "CLIP score",
        "there is no flow",
    ):
        assert said in done.stdout
    wrong = run("evaluate", small, "--split", "test")
    assert (wrong.returncode, wrong.stdout) == (2, "")
    assert wrong.stderr.startswith("error: library 'library' has 0 labelled cases in the split 'test'")


def test_words(small: Path) -> None:
    report = json.loads(run("words", small, "--json").stdout)
    assert report["by_class"].keys() == {"ear-left", "ear-right", "throat"}
    assert {phrase["top"] for phrase in report["phrases"]} == {5}
    shown = run("words", small)
    assert shown.returncode == 0, shown.stderr
    assert f"mean ratio over 9 phrases: {report['ratio']:.2f}" in shown.stdout


def test_plain_embeddings_are_evaluated_beside_an_active_flow_and_kept_apart(small: Path) -> None:
    library = Library.open(small)
    library.activate("a-flow")
    library.close()
    done = run("evaluate", small, "--flow", "none", "--keep", "--json")
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert (report["flow"], list(report["spaces"])) == (None, ["before"])
    assert not list((small / "flows" / "a-flow").glob("report*.json"))
