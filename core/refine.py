"""Relevance feedback: a query moved towards what was marked as more like it, and away from what was not."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.errors import QueryError
from core.vectors import Matrix


@dataclass(frozen=True)
class Weights:
    """How much the query itself, the cases marked "more" and those marked "less" count."""

    query: float = 1.0
    more: float = 0.75
    less: float = 0.5


WEIGHTS = Weights()


def rocchio(query: Matrix, more: Matrix, less: Matrix, weights: Weights = WEIGHTS) -> Matrix:
    """The moved query (D,), of length 1: query (D,) + towards the mean of more (M, D) - from the mean of less (L, D).

    q' = a q + b mean(more) - c mean(less), after Rocchio, "Relevance feedback in information retrieval" (1971). Either
    may be empty. Raises QueryError when they cancel each other out.
    """
    moved = weights.query * query
    if len(more):
        moved = moved + weights.more * more.mean(axis=0)
    if len(less):
        moved = moved - weights.less * less.mean(axis=0)
    length = float(np.linalg.norm(moved))
    if not length > 1e-6:
        raise QueryError("the marks cancel the query out; take one of them back")
    return np.asarray(moved / length, dtype=np.float32)
