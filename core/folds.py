"""A training set dealt out so that each of its images is once not trained on: many more to validate on."""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from core.errors import TrainingError
from core.training_set import TrainingSet

FOLDS = 5


def folds(data: TrainingSet, seed: int) -> Iterator[TrainingSet]:
    """`data` without a fifth of its training patients, five times; that fifth is there in place of validation images.

    By class as far as patients allow. A set that has fewer patients than folds gives none; a fold of nobody, or
    without which there is nothing to learn, is left out.
    """
    from sklearn.model_selection import StratifiedGroupKFold  # takes a second, which importers should not wait for

    train, mirrored = data.train, data.mirrored
    if train.groups is None or mirrored.groups is None or len(np.unique(train.groups)) < FOLDS:
        return
    dealer = StratifiedGroupKFold(FOLDS, shuffle=True, random_state=seed)
    labels = train.labels if np.bincount(train.labels).max() >= FOLDS else np.zeros_like(train.labels)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # a class of fewer images than folds: some folds do without it
        dealt = list(dealer.split(train.x, labels, train.groups))
    for kept, left_out in dealt:
        others = ~np.isin(mirrored.groups, train.groups[left_out])
        if not len(left_out):
            continue
        with contextlib.suppress(TrainingError):
            yield replace(data, train=train.at(kept), val=train.at(left_out), mirrored=mirrored.at(others))
