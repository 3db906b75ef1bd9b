"""The index against an exact scan, and kept in step with the catalogue through every mishap."""

from __future__ import annotations

import shutil
import threading
from dataclasses import replace
from pathlib import Path

import numpy as np
import psutil
import pytest

from core.catalog import Catalog
from core.errors import QueryError, Stopped
from core.filters import EVERYTHING, Filters
from core.flow import Flow
from core.index import WHOLE, Neighbour, Space
from core.library import Library
from core.neighbours import NeighbourFinder
from core.search import Query
from core.taxonomy import ENT
from core.vector_field import VectorField
from core.vectors import PLAIN, Matrix
from tests.conftest import FakeEncoder
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


def nearest(
    library: Library, query: Matrix, k: int, filters: Filters = EVERYTHING, space: Space = "before"
) -> list[Neighbour]:
    with library.indexer.reading() as index:
        return NeighbourFinder(library.catalog).find(index, space, query, k, filters)


def index_problems(library: Library) -> list[str]:
    """What verify says but for the image files, which these made-up cases do not have."""
    return [said for said in library.verify().problems if "image file" not in said and "thumbnail" not in said]


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
    for seed in range(20):
        found = nearest(filled, unit(seed), 10, filters)
        assert {n.case_id for n in found} == exact(filled.catalog, unit(seed), 10, filters)
        assert [n.similarity for n in found] == sorted((n.similarity for n in found), reverse=True)


def test_a_broad_filter_over_fetches_and_a_contrary_one_compares_all(
    filled: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.neighbours.EXACT", 10)
    for most in (1000, 12):
        monkeypatch.setattr("core.neighbours.MOST_FETCHED", most)
        found = nearest(filled, unit(7), 10, Filters(finding=("polyp",)))
        assert {n.case_id for n in found} == exact(filled.catalog, unit(7), 10, Filters(finding=("polyp",)))


def test_excluded_cases_do_not_cost_a_place(filled: Library) -> None:
    first = nearest(filled, unit(1), 12)
    with filled.indexer.reading() as index:
        gone = {first[0].case_id, first[3].case_id}
        rest = NeighbourFinder(filled.catalog).find(index, "before", unit(1), 10, exclude=gone)
    assert [n.case_id for n in rest] == [n.case_id for n in first if n not in (first[0], first[3])]


def test_a_case_added_later_is_found(filled: Library) -> None:
    late = new_case(999, "throat")
    filled.catalog.add([late])
    found = nearest(filled, late.embedding, 1)
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
        found = nearest(library, unit(3), 10)
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
    nearest(reader, unit(1), 1)
    late = new_case(1000, "throat")
    filled.catalog.add([late])
    with filled.lock.held():
        filled.indexer.catch_up()
    assert nearest(reader, late.embedding, 1)[0].case_id == late.case.case_id
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
    found = nearest(filled, moved, 1, space="after")
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


def test_an_activation_tells_that_it_has_begun_before_it_applies_the_flow(filled: Library) -> None:
    filled.flows.put(Flow(VectorField(dim=DIMENSION), flow_id="f" * 12, name="test"))
    told: list[tuple[int, int, int]] = []
    filled.activate("f" * 12, lambda done, total: told.append((done, total, filled.catalog.vectors.count("f" * 12))))
    assert told[0] == (0, 600, 0)
    assert told[-1] == (600, 600, 300)


@pytest.mark.parametrize("work", ["verify", "repair"])
def test_checking_and_mending_tell_how_far_they_are_and_can_be_stopped(filled: Library, work: str) -> None:
    told: list[tuple[int, int]] = []
    getattr(filled, work)(lambda done, total: told.append((done, total)))
    assert told[-1][0] == told[-1][1]
    before, folders = filled.catalog.index_progress(), sorted((filled.root / "index").iterdir())

    left = iter(range(len(told) - 1, -1, -1))

    def stop(done: int, total: int) -> None:
        if next(left) == 0:
            raise Stopped("enough")

    with pytest.raises(Stopped, match="enough"):
        getattr(filled, work)(stop)
    assert (filled.catalog.index_progress(), sorted((filled.root / "index").iterdir())) == (before, folders)
    assert index_problems(filled) == []


def test_an_update_that_is_stopped_leaves_a_whole_index_and_goes_on(filled: Library) -> None:
    filled.catalog.add([new_case(n, "ear-left") for n in range(400, 450)])
    epoch, told = filled.catalog.index_progress().epoch, []

    def stop(done: int, total: int) -> None:
        told.append(done)
        if done:
            raise Stopped("enough")

    with pytest.raises(Stopped, match="enough"):
        filled.mend(stop)
    now = filled.catalog.index_progress()
    assert told[-1] > 0
    assert (now.dirty, now.epoch, now.indexed < now.generation) == (False, epoch, True)
    assert filled.indexer.damage() is None
    filled.mend()
    assert filled.catalog.index_progress().epoch == epoch
    assert index_problems(filled) == []


def test_an_index_opened_while_another_is_written_is_not_taken_for_up_to_date(filled: Library) -> None:
    indexer = filled.indexer
    with indexer.reading() as index:
        indexer.close()
        with indexer.reading() as other:
            filled.catalog.add([new_case(400, "ear-left")])
            before = filled.catalog.index_progress().indexed
            with filled.lock.held():
                indexer._update(index, before, None)
            assert other is not index
            assert indexer._seen[1] == before
    vector = filled.catalog.vectors.get(PLAIN, [new_case(400, "ear-left").case.case_id])[0]
    with indexer.reading() as fresh:
        assert fresh.nearest("before", WHOLE, vector, 1)[0].similarity == pytest.approx(1.0, abs=1e-5)


def test_the_index_keeps_what_a_filter_knows_beside_each_vector(library: Library) -> None:
    library.catalog.add([new_case(1, "ear-left", split="test", finding="wax", patient="p7"), new_case(2)])
    library.repair()
    with library.indexer.reading() as index:
        kept = index._collection("before", WHOLE).get(include=["metadatas"])
    facts = {"label": "ear-left", "region": "ear", "side": "left", "split": "test", "finding": "wax", "patient": "p7"}
    assert dict(zip(kept["ids"], kept["metadatas"], strict=True)) == {f"{1:016x}": facts, f"{2:016x}": None}


def test_a_file_of_the_right_size_with_the_wrong_contents_is_made_good_by_a_write(filled: Library) -> None:
    filled.close()
    database = next((filled.root / "index").rglob("chroma.sqlite3"))
    database.write_bytes(bytes(database.stat().st_size))
    library = Library.open(filled.root, encoder=filled.encoder)
    library.catalog.add([new_case(999, "throat")])
    with library.lock.held():
        library.indexer.catch_up()
    assert index_problems(library) == []
    library.close()


def test_searching_during_rebuilds_never_comes_back_short(filled: Library) -> None:
    reader, done, counts = Library(filled.root, filled.encoder), threading.Event(), []

    def search() -> None:
        while not done.is_set():
            counts.append(len(reader.search(Query(cases=(f"{5:016x}",), top_k=10)).hits))

    thread = threading.Thread(target=search)
    thread.start()
    for _ in range(6):
        with filled.lock.held():
            filled.indexer.rebuild()
    done.set()
    thread.join()
    reader.close()
    assert counts
    assert set(counts) == {10}


def test_two_handles_and_two_libraries_do_not_disturb_each_other(
    filled: Library, tmp_path: Path, encoder: FakeEncoder
) -> None:
    second, other = Library(filled.root, encoder), Library.create(tmp_path / "other", encoder=encoder)
    other.catalog.add([new_case(1, "throat")])
    for library in (filled, second, other):
        nearest(library, unit(1), 1)
    second.close()
    assert len(nearest(filled, unit(1), 5)) == 5
    other.close()
    assert len(nearest(filled, unit(2), 5)) == 5


def test_an_index_that_is_replaced_is_closed(filled: Library) -> None:
    reader = Library(filled.root, filled.encoder)
    nearest(reader, unit(1), 1)
    process = psutil.Process()
    before = process.num_fds()
    for number in range(12):
        filled.catalog.add([new_case(2000 + number, "throat")])
        with filled.lock.held():
            filled.indexer.catch_up()
        nearest(reader, unit(1), 1)
    reader.close()
    assert process.num_fds() <= before + 6


def test_a_flow_is_not_replaced_under_its_id(filled: Library) -> None:
    filled.flows.put(Flow(VectorField(dim=DIMENSION), flow_id="one"))
    with pytest.raises(QueryError, match="another flow has the id"):
        filled.flows.put(Flow(VectorField(dim=DIMENSION), flow_id="one"))


def test_verify_names_cases_that_the_flow_has_lost(filled: Library) -> None:
    filled.flows.put(Flow(VectorField(dim=DIMENSION), flow_id="one"))
    filled.activate("one")
    with filled.catalog.engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM embeddings WHERE view = 'one' AND case_id = ?", (f"{5:016x}",))
    assert any("1 of 300 cases have no embedding after the flow" in said for said in index_problems(filled))
    with filled.lock.held():
        filled.indexer.rebuild()
    assert index_problems(filled) == []


def test_excluded_cases_are_not_searched_and_not_missed(filled: Library) -> None:
    with filled.catalog.engine.begin() as connection:
        connection.exec_driver_sql(
            "UPDATE cases SET status = 'excluded', generation = generation + 1 WHERE case_id = ?", (f"{5:016x}",)
        )
        connection.exec_driver_sql("UPDATE library SET generation = generation + 1")
    assert f"{5:016x}" not in {n.case_id for n in nearest(filled, new_case(5).embedding, 10)}
    assert index_problems(filled) == []


@pytest.mark.parametrize("noise", [0.02, 0.2])
def test_close_frames_of_one_video_are_all_within_reach(library: Library, noise: float) -> None:
    rng = np.random.default_rng(0)
    centres = rng.normal(size=(8, DIMENSION))
    vectors = np.repeat(centres, 250, axis=0) + noise * rng.normal(size=(2000, DIMENSION))
    vectors = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    library.catalog.add([replace(new_case(n + 1, "throat"), embedding=vectors[n]) for n in range(2000)])
    recalls = []
    for query in vectors[::50]:
        wanted = {f"{row + 1:016x}" for row in np.argsort(-(vectors @ query), kind="stable")[:10]}
        recalls.append(len({n.case_id for n in nearest(library, query, 10)} & wanted) / 10)
    assert np.mean(recalls) >= 0.99
