"""Dealing out a training set: every image once, patients never on both sides, and nothing where it cannot be done."""

from __future__ import annotations

import numpy as np
import pytest

from core.folds import FOLDS, folds
from core.taxonomy import ENT
from core.training_set import TrainingSet, training_set

DIM = 6


def patients(count: int, frames: int, labels: int = 4) -> TrainingSet:
    """As many training images a patient as there are `frames`, each with a mirror image; two images to validate."""
    rng, total = np.random.default_rng(0), count * frames
    x = rng.standard_normal((total + 2, DIM)).astype(np.float32)
    names = [ENT.labels[patient % labels] for patient in range(count) for _ in range(frames)]
    group = [f"p{patient}" for patient in range(count) for _ in range(frames)]
    splits = ["train"] * total + ["val"] * 2
    return training_set(x, [*names, *names[:2]], splits, ENT, x[:, ::-1].copy(), groups=[*group, "a", "b"])


def test_every_training_image_is_left_out_once_with_all_of_its_patient() -> None:
    data = patients(20, 3)
    dealt = list(folds(data, seed=0))
    assert len(dealt) == FOLDS
    assert sum(len(fold.val) for fold in dealt) == len(data.train)
    for fold in dealt:
        assert len(fold.train) + len(fold.val) == len(data.train)
        assert not set(fold.train.groups) & set(fold.val.groups)
        assert not set(fold.mirrored.groups) & set(fold.val.groups)
        assert set(fold.mirrored.groups) == set(fold.train.groups)


def test_every_fold_has_of_every_class_where_there_are_enough_patients() -> None:
    assert all(len(np.unique(fold.val.labels)) == 4 for fold in folds(patients(40, 2), seed=1))


def test_the_seed_decides_how_they_are_dealt() -> None:
    first, again, other = (next(folds(patients(20, 2), seed)).val.groups.tolist() for seed in (0, 0, 1))
    assert first == again != other


@pytest.mark.parametrize("count", [2, 4])
def test_fewer_patients_than_folds_are_not_dealt_out(count: int) -> None:
    assert not list(folds(patients(count, 5, labels=2), seed=0))


def test_a_fold_of_nobody_is_left_out() -> None:
    rng, sizes, labels = np.random.default_rng(0), (7, 7, 8, 5, 11), (3, 1, 0, 0, 0)
    names = [ENT.labels[label] for size, label in zip(sizes, labels, strict=True) for _ in range(size)]
    group = [f"p{number}" for number, size in enumerate(sizes) for _ in range(size)]
    x = rng.standard_normal((len(names), DIM)).astype(np.float32)
    data = training_set(x, names, ["train"] * len(names), ENT, groups=group)
    dealt = list(folds(data, seed=0))
    assert len(dealt) < FOLDS
    assert all(len(fold.val) for fold in dealt)


def test_a_fold_without_which_only_one_class_is_left_is_left_out() -> None:
    x = np.random.default_rng(0).standard_normal((12, DIM)).astype(np.float32)
    labels = ["ear-left"] * 11 + ["throat"]
    data = training_set(x, labels, ["train"] * 12, ENT)
    assert len(list(folds(data, seed=0))) == FOLDS - 1
