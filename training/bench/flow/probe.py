"""How far an embedding tells left from right at all."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from sklearn.linear_model import LogisticRegression

from training.bench.flow.kinds import Kind


def side_probe(kind: Kind, seeds: Sequence[int]) -> tuple[float, float]:
    """How often a linear probe on raw embeddings says the right side, and how often the more frequent side would be.

    Means over test images and `seeds`; one probe (logistic regression) a region with sides, fitted to training images
    and their mirror images. NaN where no class has a side.
    """
    right: list[float] = []
    guessed: list[float] = []
    for seed in seeds:
        split = kind.split_by(seed)
        for region in kind.taxonomy.regions:
            if kind.mirrored is not None and kind.taxonomy.labels_where(region=region, side="left"):
                found = _probed(split, region)
                right += found[0]
                guessed += found[1]
    return float(np.mean(right or [np.nan])), float(np.mean(guessed or [np.nan]))


def _probed(kind: Kind, region: str) -> tuple[list[float], list[float]]:
    labels, split, left = np.array(kind.label), np.array(kind.split), kind.taxonomy.labels_where(side="left")
    inside = np.isin(labels, kind.taxonomy.labels_where(region=region))
    train, test = (np.flatnonzero(inside & (split == name)) for name in ("train", "test"))
    is_left = np.isin(labels, left)
    flipped = kind.x if kind.mirrored is None else kind.mirrored
    x, y = np.concatenate([kind.x[train], flipped[train]]), np.concatenate([is_left[train], ~is_left[train]])
    mean, spread = x.mean(axis=0), np.linalg.norm(x - x.mean(axis=0), axis=1).mean()
    probe = LogisticRegression(C=10, max_iter=2000).fit((x - mean) / spread, y)
    right = probe.predict((kind.x[test] - mean) / spread) == is_left[test]
    frequent = is_left[train].mean() >= 0.5
    return right.astype(float).tolist(), (is_left[test] == frequent).astype(float).tolist()
