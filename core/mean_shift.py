"""Leads embeddings to where those lie that show the same: to the mean of the nearest (mean shift, Cheng 1995)."""

from __future__ import annotations

import numpy as np

from core.nearest import nearest
from core.readout import Readout, alike, answered
from core.training_set import Ints
from core.vectors import Matrix

NEAREST = 20
"""Embeddings whose mean another one is led to."""
NOISE = 0.01
"""Strength of the ridge, in mean squared lengths of what the units say to an embedding."""


def mean_shift(x: Matrix, labels: Ints, shown: Ints, people: Ints, looks: Matrix) -> Readout:
    """What to add to embeddings (N, D) to bring them to the mean of the nearest that show the same, of other people.

    `labels` (N,) are their classes, which count alike; `shown` (N,) numbers what they show, `people` (N,) whose they
    are. What is learnt is a ridge regression on what the units that look for `looks` (H, U, D) say, less its mean,
    which would move all alike.
    """
    centred = x - x.mean(axis=0)
    noise = NOISE * looks.shape[0] * looks.shape[1] / len(x)
    return answered(x, looks, means(centred, shown, people) - centred, alike(labels), noise)


def means(x: Matrix, shown: Ints, people: Ints) -> Matrix:
    """The mean of the nearest by cosine that show the same on other people, for each of `x` (N, D); itself if none."""
    found = x.copy()
    unit = x / np.maximum(np.linalg.norm(x, axis=1, keepdims=True), np.float32(1e-12))
    for number in np.unique(shown):
        of = np.flatnonzero(shown == number)
        rows, _ = nearest(unit[of], unit[of], NEAREST, people[of])
        total = np.zeros((len(of), x.shape[1]), np.float32)
        for column in rows.T:
            total += np.where(column[:, None] >= 0, x[of[column]], 0)
        near = (rows >= 0).sum(axis=1)
        found[of[near > 0]] = total[near > 0] / near[near > 0, None]
    return found
