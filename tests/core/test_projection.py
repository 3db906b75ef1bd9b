"""Maps against what is known: equal for equal seeds, true to neighbours, and still where the embedding is still."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from sklearn.manifold import trustworthiness

from core.errors import QueryError
from core.nearest import each_its_own, nearest
from core.placement import Anchors, along
from core.projection import lay_out
from core.vectors import Matrix

CASES, DIMENSION, CLASSES = 240, 24, 4


def normalised(x: Matrix) -> Matrix:
    return (x / np.linalg.norm(x, axis=-1, keepdims=True)).astype(np.float32)


@pytest.fixture(scope="module")
def states() -> Matrix:
    """Of a flow that draws two of four classes together and leaves the other two as they are; (6, N, D)."""
    rng = np.random.default_rng(0)
    centres = rng.normal(size=(CLASSES, DIMENSION))
    x_0 = centres[np.arange(CASES) % CLASSES] + 0.6 * rng.normal(size=(CASES, DIMENSION))
    moving = (np.arange(CASES) % CLASSES < 2)[:, None]
    target = centres[np.arange(CASES) % CLASSES]
    return normalised(
        np.stack([np.where(moving, (1 - 0.9 * t) * x_0 + 0.9 * t * target, x_0) for t in np.linspace(0, 1, 6)])
    )


@pytest.fixture(scope="module")
def layout(states: Matrix) -> Matrix:
    return lay_out(states, seed=1)


def spread(layout: Matrix) -> float:
    return float(np.sqrt(((layout - layout.mean(axis=0)) ** 2).sum(axis=1).mean()))


def displacement(one: Matrix, other: Matrix) -> Matrix:
    return np.linalg.norm(one - other, axis=1) / spread(one)


@pytest.mark.slow
def test_the_same_seed_makes_the_same_map(states: Matrix, layout: Matrix) -> None:
    np.testing.assert_array_equal(lay_out(states, seed=1), layout)
    assert not np.array_equal(lay_out(states[:1], seed=2)[0], layout[0])


@pytest.mark.slow
def test_a_point_keeps_its_place_where_its_neighbours_keep_theirs(states: Matrix, layout: Matrix) -> None:
    still = np.arange(CASES) % CLASSES >= 2
    independent = lay_out(states[-1:], seed=2)[0]
    apart = displacement(layout[0][still], independent[still]).mean()
    kept = displacement(layout[0][still], layout[-1][still]).mean()

    assert kept < 0.15
    assert kept < apart / 4


@pytest.mark.slow
def test_every_step_is_as_true_to_neighbours_as_a_map_of_its_own(states: Matrix, layout: Matrix) -> None:
    for step in (0, 3, 5):
        own = lay_out(states[step : step + 1], seed=7)[0]
        ours = trustworthiness(states[step], layout[step], n_neighbors=10, metric="cosine")
        assert ours > trustworthiness(states[step], own, n_neighbors=10, metric="cosine") - 0.02


@pytest.mark.slow
def test_steps_are_small_beside_the_whole_way(layout: Matrix) -> None:
    steps = [displacement(a, b).mean() for a, b in pairwise(layout)]
    assert max(steps) < 0.25


def test_few_cases_are_laid_out_by_their_principal_axes(states: Matrix) -> None:
    few = lay_out(states[:, :9])

    assert few.shape == (6, 9, 2)
    flat = states[:, :9].reshape(-1, DIMENSION)
    centred = flat - flat.mean(axis=0)
    variance = np.linalg.svd(centred, compute_uv=False)[:2] ** 2
    shares = (few.reshape(-1, 2) ** 2).sum(axis=0)
    np.testing.assert_allclose(shares[0] / shares[1], variance[0] / variance[1], rtol=1e-3)


@pytest.mark.parametrize("count", [0, 1, 2])
def test_too_few_cases_are_refused_in_words(states: Matrix, count: int) -> None:
    with pytest.raises(QueryError, match=f"at least 3 cases, this library has {count}"):
        lay_out(states[:, :count])


def test_cases_that_are_all_the_same_have_a_map_too() -> None:
    assert np.isfinite(lay_out(np.ones((1, 5, 4), np.float32) / 2)).all()


def test_nearest_agrees_with_the_naive_way(states: Matrix) -> None:
    x, groups = states[0], np.arange(CASES) // 3
    rows, cosines = nearest(x, x, 7, groups)

    similarity = np.where(groups[:, None] == groups[None], -9, x @ x.T)
    naive = np.sort(similarity, axis=1)[:, ::-1][:, :7]
    np.testing.assert_allclose(cosines, naive, atol=1e-6)
    np.testing.assert_allclose(np.take_along_axis(similarity, rows, axis=1), naive, atol=1e-6)


def test_nearest_says_where_there_are_no_more() -> None:
    x = normalised(np.random.default_rng(0).normal(size=(4, 8)))
    rows, _ = nearest(x, x, 4, each_its_own(4))
    assert (rows[:, 3] == -1).all()
    assert (rows[:, :3] >= 0).all()
    assert set(nearest(x, x, 4, np.zeros(4, np.int64))[0].ravel()) == {-1}


def test_a_case_is_placed_between_its_neighbours_and_on_its_own_picture(states: Matrix) -> None:
    positions = np.random.default_rng(3).normal(size=(6, CASES, 2)).astype(np.float32)
    own = Anchors.find(states[0][:4], states[0])
    np.testing.assert_allclose(own.place(positions)[0], positions[0][:4], atol=0.05)

    fresh = normalised(states[0][8:9] + 0.05)
    anchors = Anchors.find(fresh, states[0])
    placed = anchors.place(positions)
    naive = sum(share * positions[:, row] for row, share in zip(anchors.rows[0], anchors.shares[0], strict=True))
    np.testing.assert_allclose(placed[:, 0], naive, atol=1e-5)
    times = np.linspace(0, 1, 6, dtype=np.float32)
    np.testing.assert_allclose(along(anchors, own_of(states), positions, times)[0], placed[0], atol=1e-6)


def own_of(states: Matrix) -> Anchors:
    return Anchors.find(states[-1][8:9], states[-1])
