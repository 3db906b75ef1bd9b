"""A dry run tells what an import then does."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from core.errors import SourceError
from core.import_plan import ImportPlan
from core.library import Library
from core.manifest import manifest_columns
from core.sources import open_source
from tests.conftest import FakeEncoder
from tests.core.test_ingest import ingest


def plan(library: Library, source: Path, **options: object) -> ImportPlan:
    with open_source(source, library.taxonomy, limits=library.limits, **options) as opened:  # type: ignore[arg-type]
        return library.plan(opened)


def test_the_plan_is_what_the_import_does_and_changes_nothing(
    library: Library, encoder: FakeEncoder, folder_of: Callable[..., Path]
) -> None:
    source = folder_of({"ear-left": 3, "throat": 2, "other": 1})
    (source / "throat" / "copy.png").write_bytes((source / "ear-left" / "000.png").read_bytes())
    (source / "throat" / "text.png").write_text("no picture")

    found = plan(library, source)

    assert (library.info().cases, encoder.encoded) == (0, 0)
    report = ingest(library, source)
    assert (found.new, found.known, len(found.failures)) == (report.added, report.duplicates, report.failed)
    assert found.labels == {"ear-left": 3, "throat": 2, "": 1}
    again = plan(library, source)
    assert (again.new, again.known) == (0, 7)


def test_columns_of_other_names_are_taken_for_what_one_says_they_are(
    library: Library, folder_of: Callable[..., Path]
) -> None:
    source = folder_of({"images": 3})
    table = source / "liste.csv"
    rows = ["Quelle;Struktur;Wer;Label", *(f"images/{n:03}.png;throat;p{n};x" for n in range(3))]
    table.write_text("\n".join(rows))

    columns = manifest_columns(table.read_bytes(), "liste.csv")
    assert columns.written == ("Quelle", "Struktur", "Wer", "Label")
    assert columns.meant == {"label": "Label"}
    assert columns.first_rows[0] == ("images/000.png", "throat", "p0", "x")
    with pytest.raises(SourceError, match="no column path"):
        plan(library, source, manifest=table)

    said = {"path": "Quelle", "label": "Struktur", "patient": "Wer"}
    found = plan(library, source, manifest=table, columns=said)
    assert (found.new, found.labels, found.facts) == (3, {"throat": 3}, {"patient": 3})
    unlabelled = plan(library, source, manifest=table, columns={"path": "Quelle", "label": ""})
    assert unlabelled.labels == {"": 3}
    with pytest.raises(SourceError, match="no column Foto"):
        plan(library, source, manifest=table, columns={"path": "Foto"})
    with pytest.raises(SourceError, match="no meaning shoe"):
        plan(library, source, manifest=table, columns=said | {"shoe": "Wer"})


def test_columns_of_json_are_read_too() -> None:
    columns = manifest_columns(b'[{"Path": "a.png", "Classification": "throat"}, {"Path": "b.png", "Size": 3}]', "data")
    assert columns.written == ("Path", "Classification", "Size")
    assert columns.meant == {"path": "Path", "label": "Classification"}
    assert columns.first_rows == (("a.png", "throat", ""), ("b.png", "", "3"))
