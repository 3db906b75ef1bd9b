"""The map of a library: made, stored, read again, out of date; and the figures beside it against the naive way."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import silhouette_score

from core import mapping
from core.embedding_map import key_of, load_map, path_of, save_map, stored_maps
from core.errors import LibraryError, QueryError
from core.flow import Flow, FlowConfig
from core.library import Library
from core.mapping import Track, make_map
from core.nearest import each_its_own, nearest
from core.separation import separation
from core.sources import open_source
from core.vector_field import VectorField
from tests.conftest import DIMENSION

ROOT = Path(__file__).parents[2]
FLOW = "f" * 12


@pytest.fixture
def filled(library: Library, folder_of: Callable[..., Path]) -> Library:
    with open_source(folder_of({"ear-left": 20, "throat": 16, "vc-open": 4}), library.taxonomy) as source:
        library.ingest(source)
    return library


def activate(library: Library, flow_id: str = FLOW, steps: int = 2) -> None:
    library.flows.put(Flow(VectorField(dim=DIMENSION), FlowConfig(steps), flow_id=flow_id, name="test"))
    library.activate(flow_id)


def made(library: Library, **changes: object) -> object:
    return make_map(library.root, library.catalog, library.flows, **changes)


@pytest.mark.slow
def test_a_map_is_stored_and_read_again(filled: Library) -> None:
    activate(filled)
    told: list[tuple[int, int]] = []
    first = made(filled, seed=3, on_progress=lambda *step: told.append(step))
    again = load_map(path_of(filled.root, key_of(filled.root, FLOW)))

    assert again.case_ids == tuple(case.case_id for case in filled.catalog.cases(order="oldest"))
    assert again.positions.shape == (11, 40, 2)
    np.testing.assert_array_equal(again.positions, first.positions)
    np.testing.assert_array_equal(again.nearest, first.nearest)
    assert again.separation == first.separation
    assert (again.flow_id, again.seed, again.fitted) == (FLOW, 3, 40)
    np.testing.assert_allclose(again.times, np.linspace(0, 1, 11), atol=1e-6)
    assert told == sorted(told)
    assert told[-1] == (100, 100)


@pytest.mark.slow
def test_without_a_flow_there_is_a_map_of_before_only(filled: Library) -> None:
    assert made(filled).positions.shape == (1, 40, 2)
    assert set(made(filled).separation) == {"before class all", "before region all"}


@pytest.mark.slow
def test_a_large_library_is_laid_out_in_part_and_the_rest_placed(
    filled: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    activate(filled)
    monkeypatch.setattr(mapping, "FITTED", 24)
    found = made(filled)

    assert found.fitted == 24
    assert np.isfinite(found.positions).all()
    low, high = found.positions.min(axis=1), found.positions.max(axis=1)
    assert (high - low > 0.1).all()


def test_the_track_ends_where_searches_through_the_flow_compare(filled: Library) -> None:
    for steps in (1, 2, 10, 15):
        flow = Flow(VectorField(dim=DIMENSION), FlowConfig(steps))
        x_0 = filled.catalog.vectors.sample("plain", 5)
        states = Track(flow).states(x_0)
        assert states.shape == (11, 5, DIMENSION)
        np.testing.assert_allclose(states[0], x_0, atol=1e-6)
        np.testing.assert_array_equal(states[-1], flow.transform(x_0))
        np.testing.assert_allclose(np.linalg.norm(states, axis=2), 1, atol=1e-5)


def test_the_name_of_a_map_changes_with_the_flow_and_its_weights(filled: Library) -> None:
    activate(filled)
    one = key_of(filled.root, FLOW)
    filled.flows.replace(Flow(VectorField(dim=DIMENSION), flow_id=FLOW))
    assert len({one, key_of(filled.root, FLOW), key_of(filled.root, None)}) == 3
    with pytest.raises(LibraryError, match="activate another"):
        key_of(filled.root, "gone")


def test_a_map_of_too_few_cases_is_refused(library: Library) -> None:
    with pytest.raises(QueryError, match="this library has 0"):
        made(library)


@pytest.mark.parametrize("damage", [b"", b"PK\x03\x04 no archive", b"text"])
def test_a_damaged_map_is_told_in_words(tmp_path: Path, damage: bytes) -> None:
    (tmp_path / "before.npz").write_bytes(damage)
    with pytest.raises(LibraryError, match="make it anew"):
        load_map(tmp_path / "before.npz")


@pytest.mark.slow
def test_the_oldest_maps_are_let_go(filled: Library) -> None:
    found = made(filled)
    for number in range(7):
        save_map(filled.root, f"flow-{number}", found)
    assert len(stored_maps(filled.root)) == 5
    assert path_of(filled.root, "flow-6") in stored_maps(filled.root)
    assert not list((filled.root / "maps").glob("*.part"))


def test_figures_agree_with_the_naive_way() -> None:
    rng = np.random.default_rng(0)
    labels = [("a", "b", "c")[i % 3] for i in range(60)]
    x = rng.normal(size=(60, 8)) + np.eye(8)[[i % 3 for i in range(60)]] * 2
    x = (x / np.linalg.norm(x, axis=1, keepdims=True)).astype(np.float32)
    found = separation(x, labels, nearest(x, x, 10, each_its_own(60))[0], each_its_own(60))

    similarity = x @ x.T
    np.fill_diagonal(similarity, -9)
    shares = [
        np.mean([labels[j] == labels[i] for j in sorted(range(60), key=lambda j: -similarity[i, j])[:10]])
        for i in range(60)
    ]
    assert found.purity == pytest.approx(np.mean(shares))
    assert found.by_class["b"] == pytest.approx(np.mean(shares[1::3]))
    assert found.silhouette == pytest.approx(silhouette_score(x, labels, metric="cosine"))


def test_a_class_of_a_few_is_asked_for_no_more_neighbours_than_it_has() -> None:
    x = np.repeat(np.eye(3, dtype=np.float32), (12, 4, 1), axis=0)
    labels = ["many"] * 12 + ["few"] * 4 + ["alone"]
    found = separation(x, labels, nearest(x, x, 10, each_its_own(17))[0], each_its_own(17))
    assert dict(found.by_class) == {"few": 1.0, "many": 1.0}
    assert found.purity == 1.0

    two = np.array([*range(12), 12, 12, 13, 13, 14])  # the few are two patients, with two cases each
    apart = separation(x, labels, nearest(x, x, 10, two)[0], two)
    assert dict(apart.by_class) == {"few": 1.0, "many": 1.0}


def test_one_class_has_no_silhouette_and_lonely_cases_no_purity() -> None:
    x = np.eye(4, dtype=np.float32)
    one = np.zeros(4, np.int64)
    found = separation(x, ["a"] * 4, nearest(x, x, 3, one)[0], one)
    assert (found.purity, found.silhouette, dict(found.by_class)) == (None, None, {})


@pytest.mark.slow
def test_the_command_makes_the_map_and_tells_how_far_it_is(tmp_path: Path) -> None:
    root = tmp_path / "demo"
    run("core", "demo", str(root))
    run("core", "activate", str(root), "none")
    done = run("core", "map", str(root), "--json", ENT_PROGRESS="json")

    assert json.loads(done.stdout)["cases"] == 700
    steps = [json.loads(line) for line in done.stderr.splitlines()]
    assert {step["progress"] for step in steps} == {"laying out the map"}
    assert load_map(path_of(root, "before")).fitted == 700
    assert json.loads(done.stdout)["separation"]["before class all"]["purity"] > 0.8


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", *arguments],
        cwd=ROOT,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=True,
        timeout=300,
    )
