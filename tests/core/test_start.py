"""Where a fitted training begins: equal to the space it stands for, and with a discriminant only beyond doubt."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

from core.discriminant import discriminants
from core.flow import Flow, FlowConfig
from core.metrics import leave_one_out_recall_at_1
from core.start import Start, begin, choose_start
from core.taxonomy import ENT
from core.training_set import TrainingSet, training_set
from core.vector_field import VectorField
from tests.core.test_trainer import DIM, embeddings


def hidden_classes(count: int = 420, loud: float = 6.0) -> TrainingSet:
    """Classes that differ in six quiet numbers, beside loud ones that mean nothing."""
    rng = np.random.default_rng(5)
    labels = [ENT.labels[row % 7] for row in range(count)]
    quiet = np.eye(7)[[row % 7 for row in range(count)]] + 0.2 * rng.standard_normal((count, 7))
    x = np.concatenate([quiet, loud * rng.standard_normal((count, DIM)) + 3], axis=1).astype(np.float32)
    x /= np.linalg.norm(x, axis=1, keepdims=True)
    splits = ["train" if row < count * 2 // 3 else "val" for row in range(count)]
    return training_set(x, labels, splits, ENT)


def cosines(x: np.ndarray) -> np.ndarray:
    unit = x / np.linalg.norm(x, axis=1, keepdims=True)
    return unit @ unit.T


def begun(data: TrainingSet, steps: int) -> Flow:
    config = FlowConfig(steps=steps)
    field = VectorField(data.dim, generator=torch.Generator().manual_seed(1))
    begin(field, data, config.grid)
    return Flow(field, config)


@pytest.mark.parametrize("steps", [1, 2, 10])
def test_the_flow_begins_as_centred_embeddings_where_nothing_better_is_beyond_doubt(steps: int) -> None:
    x, labels = embeddings(140)
    shuffled = [labels[row] for row in np.random.default_rng(0).permutation(140)]  # nothing to tell classes by
    data = training_set(x, shuffled, ["train"] * 100 + ["val"] * 40, ENT)
    assert choose_start(data).discriminant is None
    assert np.allclose(cosines(begun(data, steps).transform(x)), cosines(x - data.train.x.mean(axis=0)), atol=1e-4)


@pytest.mark.parametrize("steps", [1, 2])
def test_the_flow_begins_as_embedding_and_discriminant_where_that_is_better(steps: int) -> None:
    data = hidden_classes()
    start = choose_start(data)
    assert start.discriminant is not None
    moved = begun(data, steps).transform(data.val.x)
    expected = start.move(data.val.x)
    assert np.corrcoef(cosines(moved).ravel(), cosines(expected).ravel())[0, 1] > 0.98  # room is short in 31 numbers
    labels = data.val.labels
    found, wanted, raw = (leave_one_out_recall_at_1(x, labels) for x in (moved, expected, data.val.x))
    assert found == pytest.approx(wanted, abs=0.05)
    assert found > raw + 0.15


def test_without_validation_images_nothing_is_chosen() -> None:
    x, labels = embeddings(70)
    start = choose_start(training_set(x, labels, ["train"] * 70, ENT))
    assert isinstance(start, Start)
    assert start.discriminant is None


def test_the_discriminant_is_that_of_scikit_learn() -> None:
    x, labels = embeddings(140)
    numbers = np.array([ENT.labels.index(label) for label in labels])
    ours = discriminants(x, numbers, np.zeros((0, DIM), np.float32))[1]
    theirs = LinearDiscriminantAnalysis(solver="eigen", shrinkage=0.1).fit(x, numbers)
    seen, expected = (cosines(moved) for moved in (x @ ours.directions.T, x @ theirs.scalings_[:, :6]))
    assert np.corrcoef(seen.ravel(), expected.ravel())[0, 1] > 0.98


def test_the_discriminant_does_not_look_where_it_must_not() -> None:
    x, labels = embeddings(140)
    numbers = np.array([ENT.labels.index(label) for label in labels])
    unseen = np.random.default_rng(0).standard_normal((2, DIM))
    for found in discriminants(x, numbers, unseen):
        assert np.abs(found.directions @ unseen.T).max() < 1e-5 * np.abs(found.directions).max()
