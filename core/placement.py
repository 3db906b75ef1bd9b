"""Where a case belongs on a map that was made without it: between its nearest neighbours there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from core.embedding_map import EmbeddingMap
from core.nearest import Rows, nearest
from core.vectors import PLAIN, Matrix, VectorTable

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


def place(made: EmbeddingMap, vectors: VectorTable, case_ids: Sequence[str]) -> Matrix:
    """Positions (S, Q, 2) on a map of cases that came after it was made."""
    before = _anchors(made, vectors, PLAIN, case_ids)
    if made.flow_id is None or not vectors.known(made.flow_id, case_ids[:1]):
        return before.place(made.positions)
    return along(before, _anchors(made, vectors, made.flow_id, case_ids), made.positions, made.times)


def _anchors(made: EmbeddingMap, vectors: VectorTable, view: str, case_ids: Sequence[str]) -> Anchors:
    known = vectors.known(view, made.case_ids)
    rows = np.array([made.row_of[case_id] for case_id in known], np.int64)
    among, cosines = nearest(vectors.get(view, case_ids), np.stack(list(known.values())), NEIGHBOURS)
    return Anchors.of(rows[among], cosines)
