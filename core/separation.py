"""How well classes lie apart in an embedding: who the neighbours are, and how tight a class is beside the others."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:  # the app reads figures without torch
    from core.nearest import Rows
    from core.vectors import Matrix

NEIGHBOURS = 10
SAMPLE = 4000
"""Cases that the silhouette is taken of at most; it compares all with all."""


@dataclass(frozen=True)
class Separation:
    """Of `cases` cases in one space: `purity`, the mean share of the ten nearest that are of the same class, in [0, 1];
    `silhouette`, the mean of (distance to the nearest other class - distance within its own) / the larger, in [-1, 1];
    and the purity of every class by itself. None where there is nothing to tell.

    A case is asked for no more neighbours than its class has others to be found, and not at all where it has none:
    a class of four could never fill ten places.
    """

    cases: int
    purity: float | None
    silhouette: float | None
    by_class: Mapping[str, float]


def separation(x: Matrix, labels: list[str], neighbours: Rows, patients: Rows, seed: int = 0) -> Separation:
    """Of embeddings (N, D), their classes, the rows (N, k) of the neighbours of each, nearest first and -1 for none.

    `patients` (N,) numbers those whose images are no neighbours of each other.
    """
    names, codes = np.unique(np.array(labels, dtype=str), return_inverse=True)
    most = _others(codes, patients)
    there = (neighbours >= 0) & (np.arange(neighbours.shape[1]) < most[:, None])
    asked = there.any(axis=1)
    same = (codes[neighbours] == codes[:, None]) & there
    shares = same.sum(axis=1) / np.maximum(there.sum(axis=1), 1)
    purity = float(shares[asked].mean()) if asked.any() else None
    by_class = {
        str(name): float(shares[asked & (codes == code)].mean())
        for code, name in enumerate(names)
        if (asked & (codes == code)).any()
    }
    return Separation(len(labels), purity, _silhouette(x, codes, seed), by_class)


def _others(codes: Rows, patients: Rows) -> Rows:
    """How many cases (N,) of its class, and of other patients, each case has."""
    _, own, count = np.unique(np.stack([codes, patients], axis=1), axis=0, return_inverse=True, return_counts=True)
    return np.asarray(np.bincount(codes)[codes] - count[own.ravel()])


def _silhouette(x: Matrix, codes: Rows, seed: int) -> float | None:
    from sklearn.metrics import silhouette_score  # takes a second, which readers of a stored map should not wait for

    rows = np.arange(len(codes))
    if len(rows) > SAMPLE:
        rows = np.sort(np.random.default_rng(seed).choice(rows, SAMPLE, replace=False))
    if not 2 <= len(np.unique(codes[rows])) < len(rows):
        return None
    return float(silhouette_score(x[rows], codes[rows], metric="cosine"))
