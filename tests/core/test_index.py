"""The index against an exact scan, and kept in step with the catalogue through every mishap."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from core.catalog import Catalog
from core.filters import EVERYTHING, Filters
from core.flow import Flow
from core.library import Library
from core.neighbours import NeighbourFinder
from core.taxonomy import ENT
from core.vector_field import VectorField
from core.vectors import PLAIN, Matrix
from tests.core.test_catalog import DIMENSION, new_case


@pytest.fixture
def filled(library: Library) -> Library:
    """A library of 300 cases with random embeddings, every fifth unlabelled."""
    labels = [*ENT.labels, None]
    new = [new_case(n, labels[n % 8], finding=("wax", "polyp")[n % 2], split="test") for n in range(1, 301)]
    library.catalog.add(new)
    with library.lock.held():
        library.indexer.catch_up()
    return library


def exact(catalog: Catalog, query: Matrix, k: int, filters: Filters = EVERYTHING) -> set[str]:
    found = catalog.cases(filters)
    vectors = catalog.vectors.get(PLAIN, [case.case_id for case in found])
    order = np.argsort(-(vectors @ query))[:k]
    return {found[row].case_id for row in order}


def index_problems(library: Library) -> list[str]:
    """What verify says but for the image files, which these made-up cases do not have."""
    return [problem for problem in library.verify().problems if "image file" not in problem and "thumb" not in problem]


def unit(seed: int) -> Matrix:
    vector = np.random.default_rng(seed).normal(size=DIMENSION)
    return (vector / np.linalg.norm(vector)).astype(np.float32)


@pytest.mark.parametrize(
    "filters",
    [
        EVERYTHING,
        Filters(label=("throat",)),
        Filters(label=("",)),
        Filters(region=("ear",)),
        Filters(side=("left",)),
        Filters(finding=("wax",)),
        Filters(region=("larynx",), finding=("polyp",)),
    ],
)
def test_the_nearest_are_those_of_an_exact_scan(filled: Library, filters: Filters) -> None:
    finder, index = NeighbourFinder(filled.catalog), filled.indexer.index()
    for seed in range(20):
        found = finder.find(index, "before", unit(seed), 10, filters)
        assert {n.case_id for n in found} == exact(filled.catalog, unit(seed), 10, filters)
        assert [n.similarity for n in found] == sorted((n.similarity for n in found), reverse=True)


def test_a_broad_filter_over_fetches_and_a_contrary_one_compares_all(
    filled: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.neighbours.EXACT", 10)
    for most in (1000, 12):
        monkeypatch.setattr("core.neighbours.MOST_FETCHED", most)
        found = NeighbourFinder(filled.catalog).find(
            filled.indexer.index(), "before", unit(7), 10, Filters(finding=("polyp",))
        )
        assert {n.case_id for n in found} == exact(filled.catalog, unit(7), 10, Filters(finding=("polyp",)))


def test_excluded_cases_do_not_cost_a_place(filled: Library) -> None:
    finder, index = NeighbourFinder(filled.catalog), filled.indexer.index()
    first = finder.find(index, "before", unit(1), 12)
    rest = finder.find(index, "before", unit(1), 10, exclude={first[0].case_id, first[3].case_id})
    assert [n.case_id for n in rest] == [n.case_id for n in first if n not in (first[0], first[3])]


def test_a_case_added_later_is_found(filled: Library) -> None:
    late = new_case(999, "throat")
    filled.catalog.add([late])
    found = NeighbourFinder(filled.catalog).find(filled.indexer.index(), "before", late.embedding, 1)
    assert found[0].case_id == late.case.case_id
    assert found[0].similarity == pytest.approx(1.0, abs=1e-5)


def test_an_index_that_was_never_built_or_is_gone_is_built(filled: Library) -> None:
    filled.close()
    shutil.rmtree(filled.root / "index")
    again = Library.open(filled.root, encoder=filled.encoder)
    assert index_problems(again) == []
    again.close()


def index_files(root: Path) -> list[Path]:
    return sorted(p for p in (root / "index").rglob("*") if p.is_file() and p.stat().st_size > 0)


def test_any_truncated_index_file_heals_itself_at_the_next_opening(filled: Library, tmp_path: Path) -> None:
    filled.close()
    names = {path.name: path.relative_to(filled.root) for path in index_files(filled.root)}  # one of each kind
    assert {"chroma.sqlite3", "data_level0.bin", "header.bin", "length.bin"} <= set(names)
    for number, name in enumerate(names.values()):
        copy = tmp_path / f"copy-{number}"
        shutil.copytree(filled.root, copy)
        data = (copy / name).read_bytes()
        (copy / name).write_bytes(data[: len(data) // 2])
        library = Library.open(copy, encoder=filled.encoder)
        found = NeighbourFinder(library.catalog).find(library.indexer.index(), "before", unit(3), 10)
        assert {n.case_id for n in found} == exact(library.catalog, unit(3), 10)
        assert index_problems(library) == [], name
        library.close()


def test_a_write_that_was_cut_short_is_made_good(filled: Library) -> None:
    filled.catalog.update_state(index_dirty=True)
    epoch = filled.catalog.index_progress().epoch
    assert index_problems(filled) == []
    assert filled.catalog.index_progress().epoch != epoch


def test_only_the_folder_in_use_is_kept(filled: Library) -> None:
    for _ in range(2):
        with filled.lock.held():
            filled.indexer.rebuild()
    folders = [path.name for path in (filled.root / "index").iterdir() if path.is_dir()]
    assert folders == [filled.catalog.index_progress().epoch]


def test_a_second_reader_sees_what_a_writer_added(filled: Library) -> None:
    reader = Library(filled.root, filled.encoder)
    finder = NeighbourFinder(reader.catalog)
    finder.find(reader.indexer.index(), "before", unit(1), 1)
    late = new_case(1000, "throat")
    filled.catalog.add([late])
    with filled.lock.held():
        filled.indexer.catch_up()
    assert finder.find(reader.indexer.index(), "before", late.embedding, 1)[0].case_id == late.case.case_id
    reader.close()


def test_activating_a_flow_fills_the_space_after_it(filled: Library) -> None:
    flow = Flow(VectorField(dim=DIMENSION), flow_id="test-flow")
    filled.flows.put(flow)
    filled.activate("test-flow")
    report = filled.verify()
    assert index_problems(filled) == []
    assert (report.indexed_before, report.indexed_after) == (300, 300)
    case = filled.catalog.cases(limit=1)[0]
    moved = flow.transform(filled.catalog.vectors.get(PLAIN, [case.case_id]))[0]
    found = NeighbourFinder(filled.catalog).find(filled.indexer.index(), "after", moved, 1)
    assert found[0].case_id == case.case_id
    filled.activate(None)
    assert filled.verify().indexed_after == 0


def test_verify_names_what_is_wrong(filled: Library) -> None:
    filled.catalog.update_state(index_generation=filled.catalog.index_progress().generation)
    with filled.catalog.engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM embeddings WHERE case_id = ?", (f"{5:016x}",))
    problems = index_problems(filled)
    assert any("no embedding" in problem for problem in problems)
    assert any("does not hold the cases" in problem for problem in problems)
