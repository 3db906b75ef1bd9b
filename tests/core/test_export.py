"""Chosen cases as a ZIP: in their order, with a manifest that brings them into another library unchanged."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Callable
from pathlib import Path

import core
from core.export import export_zip
from core.library import Library
from core.relabel import relabel
from core.sources import open_source
from tests.conftest import FakeEncoder


def test_a_zip_of_cases_is_taken_in_elsewhere_as_the_same_cases(
    library: Library, folder_of: Callable[..., Path], tmp_path: Path
) -> None:
    with open_source(folder_of({"ear-left": 3, "throat": 2}), library.taxonomy) as source:
        library.ingest(source)
    ids = library.catalog.ids(order="oldest")
    relabel(library, ids[4], finding='polyp; large, "red"')
    chosen = (ids[4], ids[0])
    path = tmp_path / "cases.zip"
    with path.open("wb") as file:
        assert export_zip(library.catalog, library.store, file, (*chosen, "gone")) == 2

    with zipfile.ZipFile(path) as archive:
        rows = list(csv.DictReader(io.StringIO(archive.read("manifest.csv").decode())))
        assert [row["path"] for row in rows] == [f"images/{case_id}.png" for case_id in chosen]
        assert core.NOTICE in archive.read("README.txt").decode()
    other = Library.create(tmp_path / "other", encoder=FakeEncoder())
    with open_source(path, other.taxonomy, limits=other.limits) as source:
        assert other.ingest(source).added == 2
    kept = {case.pixel_sha256: (case.label, case.finding) for case in other.catalog.cases()}
    assert kept == {case.pixel_sha256: (case.label, case.finding) for case in library.catalog.cases_by_id(chosen)}
    other.close()
