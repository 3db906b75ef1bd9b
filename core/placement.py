"""Where a case belongs on a map that was made without it: between its nearest neighbours there."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.nearest import Rows, nearest
from core.vectors import Matrix

NEIGHBOURS = 5
CLOSEST = 1e-4
"""Cosine distance below which two embeddings are the same to a map."""


@dataclass(frozen=True)
class Anchors:
    """For each of Q cases the rows (Q, k) of those on the map that it lies between, and their shares (Q, k), sums 1."""

    rows: Rows
    shares: Matrix

    @classmethod
    def of(cls, rows: Rows, cosines: Matrix) -> Anchors:
        """Shares fall with the cosine distance, so that a case very near to another lands on it."""
        weights = 1 / np.maximum(1 - cosines, CLOSEST)
        return cls(rows, np.asarray(weights / weights.sum(axis=1, keepdims=True), np.float32))

    @classmethod
    def find(cls, x: Matrix, reference: Matrix) -> Anchors:
        """The anchors of `x` (Q, D) among `reference` (N, D), all L2-normalised."""
        return cls.of(*nearest(x, reference, NEIGHBOURS))

    def place(self, positions: Matrix) -> Matrix:
        """Positions (..., Q, 2) given those of the cases on the map, (..., N, 2)."""
        return np.asarray(np.einsum("...qkd,qk->...qd", positions[..., self.rows, :], self.shares), np.float32)


def along(before: Anchors, after: Anchors, positions: Matrix, times: Matrix) -> Matrix:
    """Positions (S, Q, 2) at every time (S,), from the neighbours before and after the flow by their share of time."""
    t = times[:, None, None]
    return np.asarray((1 - t) * before.place(positions) + t * after.place(positions), np.float32)
