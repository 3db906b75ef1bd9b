"""Chosen cases as a ZIP: in their order, with a manifest that brings them into another library unchanged."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

import core
from core.csv_table import guarded
from core.export import export, export_zip
from core.library import Library
from core.manifest import read_manifest
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
        assert export_zip(library.catalog, library.store, file, (*chosen, "gone")).written == 2

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


def test_an_image_that_is_gone_is_left_out_and_named(library: Library, folder_of: Callable[..., Path]) -> None:
    with open_source(folder_of({"ear-left": 3}), library.taxonomy) as source:
        library.ingest(source)
    gone, *others = library.catalog.cases()
    library.store.image_path(gone.sha256, gone.extension).unlink()
    file = io.BytesIO()
    report = export_zip(library.catalog, library.store, file, [gone.case_id, *(case.case_id for case in others)])

    assert report.written == 2
    assert gone.case_id in report.lost[0]
    with zipfile.ZipFile(file) as archive:
        assert f"cannot be read: case {gone.case_id}." in archive.read("README.txt").decode()
        rows = list(csv.DictReader(io.StringIO(archive.read("manifest.csv").decode())))
    assert [row["path"] for row in rows] == [f"images/{case.case_id}.png" for case in others]


TEXTS = ["=1+1", "+84 test", "-2", "-2 mm", "@home", "'=1", "''=1", "'tis", "'-2", "plain"]


@pytest.mark.parametrize("text", TEXTS)
def test_no_cell_is_a_formula_and_every_text_comes_back(library: Library, text: str) -> None:
    written = guarded(text)
    assert written == "-2" or not written.startswith(("=", "+", "-", "@"))
    row = f'path,finding,description\nimages/=1.png,"{written}","{written}"\n'
    facts = read_manifest(row.encode(), "manifest.csv", library.taxonomy).rows[0].facts
    assert (facts.finding, facts.description) == (text, text)


def test_text_that_looks_like_a_formula_is_the_same_elsewhere(
    library: Library, folder_of: Callable[..., Path], tmp_path: Path
) -> None:
    with open_source(folder_of({"ear-left": len(TEXTS)}), library.taxonomy) as source:
        library.ingest(source)
    for case_id, text in zip(library.catalog.ids(), TEXTS, strict=True):
        relabel(library, case_id, finding=text)
    export(library.catalog, library.store, tmp_path / "out")
    other = Library.create(tmp_path / "other", encoder=FakeEncoder())
    with open_source(tmp_path / "out", other.taxonomy) as source:
        other.ingest(source)
    assert sorted(case.finding or "" for case in other.catalog.cases()) == sorted(TEXTS)
    assert "'=1+1" in (tmp_path / "out" / "manifest.csv").read_text()
    other.close()
