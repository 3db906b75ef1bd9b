"""The readout of classes: a ridge regression like scikit-learn's, fair to small classes, blind where it must be."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import Ridge
from sklearn.svm import SVC

from core.readout import RIDGE, readouts, simplex

GROUPS, UNITS, DIM = 2, 64, 12


def ring(count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Unit vectors of three classes that no straight line tells apart: angles in six turns of a circle, and noise."""
    rng = np.random.default_rng(seed)
    angle = rng.uniform(0, 2 * np.pi, count)
    x = np.concatenate([np.stack([np.cos(angle), np.sin(angle)], 1), 0.1 * rng.standard_normal((count, DIM - 2))], 1)
    return (x / np.linalg.norm(x, axis=1, keepdims=True)).astype(np.float32), (angle // (np.pi / 3) % 3).astype(
        np.int64
    )


def nothing() -> np.ndarray:
    return np.zeros((0, DIM), np.float32)


def right(said: np.ndarray, labels: np.ndarray, count: int) -> float:
    return float(((said @ simplex(count).T).argmax(axis=1) == labels).mean())


def test_it_tells_apart_what_no_line_does_as_well_as_a_kernel_machine() -> None:
    (x, labels), (fresh, truth) = ring(600, 0), ring(600, 1)
    machine = SVC(gamma=2.0, C=10).fit(x, labels).score(fresh, truth)
    found = [right(readout(fresh), truth, 3) for readout in readouts(x, labels, nothing(), GROUPS, UNITS, seed=0)]
    assert max(found) > machine - 0.05


@pytest.mark.parametrize("count", [300, 90])  # more embeddings than units, and fewer
def test_it_is_the_ridge_regression_of_scikit_learn_on_the_same_features(count: int) -> None:
    x, labels = ring(count, 0)
    readout = readouts(x, labels, nothing(), GROUPS, UNITS, seed=0)[2]
    seen = np.einsum("nd,hud->nhu", x, readout.looks)
    seen = (seen - seen.mean(-1, keepdims=True)) / np.sqrt(seen.var(-1, keepdims=True) + 1e-5) - 1
    features = (seen / (1 + np.exp(-seen))).reshape(len(x), -1).astype(np.float64)
    counts = len(x) / 3 / np.bincount(labels)[labels]
    mean = np.average(features, axis=0, weights=counts)
    strength = RIDGE * (counts[:, None] * (features - mean) ** 2).sum() / features.shape[1]
    theirs = Ridge(strength).fit(features, simplex(3)[labels], sample_weight=counts).predict(features)
    assert np.allclose(readout(x), theirs / np.linalg.norm(theirs, axis=1).mean(), atol=1e-3)


def test_a_small_class_is_not_drowned_by_the_others() -> None:
    x, labels = ring(900, 0)
    keep = (labels != 2) | (np.arange(900) % 15 == 0)
    fresh, truth = ring(600, 1)
    found = readouts(x[keep], labels[keep], nothing(), GROUPS, UNITS, seed=0)
    assert max(right(readout(fresh[truth == 2]), truth[truth == 2], 3) for readout in found) > 0.8


def test_it_does_not_look_where_it_must_not() -> None:
    x, labels = ring(300, 0)
    unseen = np.random.default_rng(0).standard_normal((2, DIM))
    for readout in readouts(x, labels, unseen, GROUPS, UNITS, seed=0):
        assert np.abs(readout.looks @ unseen.T).max() < 1e-5 * np.abs(readout.looks).max()
        moved = (x + np.float32(0.7) * unseen[0].astype(np.float32)).astype(np.float32)
        assert np.allclose(readout(moved), readout(x), atol=1e-4)


def test_of_more_embeddings_than_it_takes_no_class_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.readout.MOST", 60)
    x, labels = ring(900, 0)
    labels[17] = 3  # one image of its class, which chance would leave out
    for readout in readouts(x, labels, nothing(), GROUPS, UNITS, seed=0):
        assert readout.weights.shape[-1] == 3


@pytest.mark.parametrize("count", [2, 3, 7])
def test_the_corners_of_a_simplex_lie_equally_far_apart(count: int) -> None:
    corners = simplex(count)
    assert corners.shape == (count, count - 1)
    apart = np.linalg.norm(corners[:, None] - corners[None], axis=-1)[~np.eye(count, dtype=bool)]
    assert np.allclose(apart, np.sqrt(2))
    assert np.allclose(corners.sum(axis=0), 0)
