"""The mean shift: what it leads to, of whom, and that what was learnt of it holds for others."""

from __future__ import annotations

import numpy as np
import pytest

from core import mean_shift as module
from core.mean_shift import mean_shift, means
from core.readout import Readout, readouts

GROUPS, UNITS, DIM = 2, 64, 12


def spots(count: int, seed: int, noise: float = 0.3) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Embeddings around six spots, two to each of three classes; which spot each is of, and where the spots are."""
    centres = np.random.default_rng(0).standard_normal((6, DIM)).astype(np.float32)
    rng = np.random.default_rng(seed)
    which = np.arange(count) % 6
    x = centres[which] + noise * rng.standard_normal((count, DIM)).astype(np.float32)
    return x.astype(np.float32), which, centres


def by_hand(x: np.ndarray, shown: np.ndarray, people: np.ndarray, count: int) -> np.ndarray:
    unit = x / np.linalg.norm(x, axis=1, keepdims=True)
    found = x.copy()
    for row in range(len(x)):
        of = [other for other in range(len(x)) if shown[other] == shown[row] and people[other] != people[row]]
        of.sort(key=lambda other: -float(unit[row] @ unit[other]))
        if of:
            found[row] = x[of[:count]].mean(axis=0)
    return found


@pytest.mark.parametrize("count", [1, 3, 50])
def test_means_are_those_of_the_nearest_that_show_the_same_on_others(
    monkeypatch: pytest.MonkeyPatch, count: int
) -> None:
    monkeypatch.setattr(module, "NEAREST", count)
    x, shown, _ = spots(60, 1)
    people = np.random.default_rng(2).integers(0, 20, 60)
    assert np.allclose(means(x, shown, people), by_hand(x, shown, people, count), atol=1e-5)


def test_who_is_the_only_one_stays_where_it_is() -> None:
    x, shown, _ = spots(12, 1)
    shown[3], people = 99, np.arange(12)
    people[[0, 6]] = 0  # both of one spot are of one person
    found = means(x, shown, people)
    assert np.array_equal(found[[0, 3, 6]], x[[0, 3, 6]])
    assert not np.array_equal(found[1], x[1])


def test_others_come_nearer_to_what_they_show() -> None:
    x, shown, centres = spots(600, 1)
    labels, people = shown % 3, np.arange(600)
    looks = readouts(x, labels, np.zeros((0, DIM), np.float32), GROUPS, UNITS, seed=0)[0].looks
    shift = mean_shift(x, labels, shown, people, looks)
    fresh, truth, _ = spots(300, 7)
    before, after = (np.linalg.norm(at - centres[truth], axis=1).mean() for at in (fresh, fresh + shift(fresh)))
    assert after < 0.6 * before
    assert np.abs(shift(x).mean(axis=0)).max() < 0.05


def test_two_that_look_for_the_same_say_the_sum_of_what_they_say() -> None:
    rng = np.random.default_rng(0)
    looks = rng.standard_normal((GROUPS, UNITS, DIM)).astype(np.float32)

    def saying(count: int) -> Readout:
        weights, offset = rng.standard_normal((GROUPS, UNITS, count)), rng.standard_normal(count)
        return Readout(looks, weights.astype(np.float32), offset.astype(np.float32))

    one, other = saying(3), saying(DIM)
    rows, x = rng.standard_normal((3, DIM)).astype(np.float32), rng.standard_normal((20, DIM)).astype(np.float32)
    assert np.allclose(one.along(rows)(x), one(x) @ rows, atol=1e-3)
    assert np.allclose(one.along(rows, beside=other)(x), one(x) @ rows + other(x), atol=1e-3)
