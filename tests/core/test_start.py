"""Where a fitted training begins: equal to the space it stands for, and with a readout only beyond doubt."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch

from core.first_weights import begin
from core.flow import Flow, FlowConfig
from core.metrics import leave_one_out_recall_at_1
from core.recipe import DEFAULT, Recipe
from core.start import Start, choose_start, with_shift
from core.taxonomy import ENT
from core.training_set import TrainingSet, training_set
from core.vector_field import VectorField
from tests.core.test_trainer import DIM, embeddings

Move = Callable[[np.ndarray], np.ndarray]


def hidden_classes(count: int = 420, loud: float = 6.0) -> TrainingSet:
    """Classes that differ in six quiet numbers, beside loud ones that mean nothing."""
    rng = np.random.default_rng(5)
    labels = [ENT.labels[row % 7] for row in range(count)]
    quiet = np.eye(7)[[row % 7 for row in range(count)]] + 0.2 * rng.standard_normal((count, 7))
    x = np.concatenate([quiet, loud * rng.standard_normal((count, DIM)) + 3], axis=1).astype(np.float32)
    x /= np.linalg.norm(x, axis=1, keepdims=True)
    splits = ["train" if row < count * 2 // 3 else "val" for row in range(count)]
    return training_set(x, labels, splits, ENT)


def unit(x: np.ndarray) -> np.ndarray:
    return x / np.linalg.norm(x, axis=1, keepdims=True)


def cosines(x: np.ndarray) -> np.ndarray:
    return unit(x) @ unit(x).T


def begun(data: TrainingSet, recipe: Recipe, shown: float = 0.0) -> Flow:
    field = VectorField(data.dim, heads=recipe.heads, generator=torch.Generator().manual_seed(1))
    begin(field, data, recipe, shown)
    return Flow(field, FlowConfig(steps=recipe.steps))


@pytest.mark.parametrize("steps", [1, 2, 10])
def test_the_flow_begins_as_centred_embeddings_where_nothing_better_is_beyond_doubt(steps: int) -> None:
    x, labels = embeddings(140)
    shuffled = [labels[row] for row in np.random.default_rng(0).permutation(140)]  # nothing to tell classes by
    data = training_set(x, shuffled, ["train"] * 100 + ["val"] * 40, ENT)
    recipe = DEFAULT.changed(steps=steps)
    start = choose_start(data, recipe)
    assert start.readout is None
    assert start.shift is None
    assert np.allclose(cosines(begun(data, recipe).transform(x)), cosines(x - data.train.x.mean(axis=0)), atol=1e-4)


@pytest.mark.parametrize("start_of", ["read", "fitted"])
@pytest.mark.parametrize("steps", [1, 2, 10])
def test_the_flow_begins_as_embedding_and_readout_where_that_is_better(start_of: str, steps: int) -> None:
    data, recipe = hidden_classes(), DEFAULT.changed(steps=steps, start=start_of)
    start = choose_start(data, recipe)
    assert start.readout is not None
    assert (start.shift is None) == (start_of == "read")
    moved = begun(data, recipe).transform(data.val.x)
    assert np.allclose(cosines(moved), cosines(start.move(data.val.x)), atol=5e-4)
    found, raw = (leave_one_out_recall_at_1(x, data.val.labels) for x in (moved, data.val.x))
    assert found > raw + 0.1


def noisy_findings(count: int = 420) -> TrainingSet:
    """Classes that every embedding shows, and three findings in each that the noise all but hides."""
    rng = np.random.default_rng(5)
    which = np.arange(count) % 21
    centres = np.repeat(3 * np.eye(7, DIM), 3, axis=0) + 0.4 * rng.standard_normal((21, DIM))
    x = (centres[which] + 0.6 * rng.standard_normal((count, DIM))).astype(np.float32)
    x /= np.linalg.norm(x, axis=1, keepdims=True)
    splits = ["train" if row < count * 2 // 3 else "val" for row in range(count)]
    findings = [f"finding-{number % 3}" for number in which]
    return training_set(x, [ENT.labels[number // 3] for number in which], splits, ENT, findings=findings)


def right_of_five(move: Move, data: TrainingSet) -> float:
    """Share of the five nearest training images that show the finding of a validation image."""
    val, train = (unit(move(part.x)) for part in (data.val, data.train))
    assert data.train.findings is not None
    assert data.val.findings is not None
    nearest = np.argsort(val @ -train.T, axis=1)[:, :5]
    return float((data.train.findings[nearest] == data.val.findings[:, None]).mean())


@pytest.mark.parametrize("steps", [1, 3])
def test_findings_gather_by_a_mean_shift_where_that_is_better(steps: int) -> None:
    data, recipe = noisy_findings(), DEFAULT.changed(steps=steps)
    start, read = (choose_start(data, of, shown=1.0) for of in (recipe, recipe.changed(start="read")))
    assert start.shift is not None
    flow = begun(data, recipe, shown=1.0)
    assert np.allclose(cosines(flow.transform(data.val.x)), cosines(start.move(data.val.x)), atol=5e-4)
    assert right_of_five(flow.transform, data) > right_of_five(read.move, data) + 0.05


def test_a_mean_shift_goes_by_classes_where_findings_do_not_count_or_are_not_known() -> None:
    data, rng = noisy_findings(840), np.random.default_rng(1)
    assert data.train.findings is not None
    looks = rng.standard_normal((12, 64, data.dim)).astype(np.float32)
    plain = Start(data.train.x.mean(axis=0), 1.0, np.zeros((0, data.dim), np.float32))
    some = np.where(rng.random(len(data.train)) < 0.5, data.train.findings, -1)
    half_known = replace(data, train=replace(data.train, findings=some))
    unknown = replace(data, train=replace(data.train, findings=None), mirrored=replace(data.mirrored, findings=None))
    whole, half, none = (with_shift(plain, looks, of, DEFAULT) for of in (data, half_known, unknown))
    ignored = with_shift(plain, looks, data, DEFAULT.changed(findings=0.0))
    assert none.shift is not None
    assert ignored.shift is not None
    assert np.array_equal(none.shift.weights, ignored.shift.weights)
    assert right_of_five(whole.move, data) > right_of_five(none.move, data) + 0.01
    assert right_of_five(half.move, data) > right_of_five(plain.move, data) + 0.03


def test_a_start_that_only_reads_has_no_mean_shift() -> None:
    data = hidden_classes()
    whole, read = (choose_start(data, DEFAULT.changed(start=start)) for start in ("fitted", "read"))
    assert whole.shift is not None
    assert read.shift is None
    assert whole.readout is not None
    assert read.readout is not None
    assert np.array_equal(whole.readout.weights, read.readout.weights)


def test_the_same_seed_begins_in_the_same_place() -> None:
    first, again, other = (choose_start(hidden_classes(), DEFAULT.changed(seed=seed)).readout for seed in (3, 3, 4))
    assert first is not None
    assert again is not None
    assert other is not None
    assert np.array_equal(first.looks, again.looks)
    assert np.array_equal(first.weights, again.weights)
    assert not np.array_equal(first.looks, other.looks)


@pytest.mark.parametrize("kept", [("ear-left", "throat"), ("ear-left", "nose-left", "throat")])
def test_mirror_images_may_be_of_classes_that_no_image_is_of(kept: tuple[str, ...]) -> None:
    rng = np.random.default_rng(7)
    labels = [kept[row % len(kept)] for row in range(240)]
    signs = np.where(rng.random(240) < 0.5, 1, -1)  # of either sign: no line tells the classes apart
    x = 0.1 * rng.standard_normal((240, DIM)) + 2
    x[:, :3] += signs[:, None] * np.eye(3)[[row % len(kept) for row in range(240)]]
    x = (x / np.linalg.norm(x, axis=1, keepdims=True)).astype(np.float32)
    flipped = x.copy()
    flipped[:, 3] += 0.5
    data = training_set(x, labels, ["train" if row < 160 else "val" for row in range(240)], ENT, flipped)
    start = choose_start(data, DEFAULT)
    moved = begun(data, DEFAULT).transform(x)
    assert np.allclose(cosines(moved), cosines(start.move(x)), atol=2e-3)


def test_without_validation_images_nothing_is_chosen() -> None:
    x, labels = embeddings(70)
    start = choose_start(training_set(x, labels, ["train"] * 70, ENT), DEFAULT)
    assert isinstance(start, Start)
    assert start.readout is None
    assert start.shift is None


def test_training_images_say_that_a_readout_is_better_where_validation_images_are_too_few_to() -> None:
    data = hidden_classes()
    few = replace(data, val=data.val.at(np.arange(7)))
    assert choose_start(few, DEFAULT).readout is not None


def test_many_frames_of_few_patients_do_not_prove_a_readout() -> None:
    data = hidden_classes()
    one = replace(data.train, groups=np.zeros(len(data.train), np.int64))
    few = replace(data, train=one, val=replace(data.val, groups=np.ones(len(data.val), np.int64)))
    start = choose_start(few, DEFAULT)
    assert start.readout is None
    assert start.shift is None
