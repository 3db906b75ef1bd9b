"""How good a ranking is: pure functions on ranked relevance, and the exact ranking of embeddings that they are fed.

`relevance` is (Q, R) bool: relevance[q, r] says whether the reference at rank r (0: nearest) of query q is relevant.
Every measure gives one value a query, (Q,) float64; the score of a whole set is their mean. A query without any
relevant reference cannot be answered and counts as 0 in all of them, as in the reference method.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from core.errors import EntError

Relevance = npt.NDArray[np.bool_]  # (Q, R)
Values = npt.NDArray[np.float64]  # (Q,)
Keys = npt.NDArray[Any]  # (Q,) or (R,), of anything that can be compared

Rescore = Callable[[npt.NDArray[Any], npt.NDArray[Any], Values], Values]
"""Re-ranking: queries (B, D), references (R, D) and their similarities (B, R) to scores (B, R), higher is nearer."""

BLOCK = 8_000_000
"""Similarities held at a time: 64 MB of float64."""
DECIMALS = 9
"""Similarities are equal when they agree this far, so that the order of sums cannot decide between equal pictures."""


def recall_at_k(relevance: Relevance, k: int) -> Values:
    """1 where at least one of the k nearest references is relevant, else 0, (Q,). Raises EntError when k < 1."""
    values: Values = np.any(_first(relevance, k), axis=1).astype(np.float64)
    return values


def precision_at_k(relevance: Relevance, k: int) -> Values:
    """Share of relevant ones among the k nearest references, in [0, 1], (Q,); missing ranks count as irrelevant.

    Raises EntError when k < 1.
    """
    values: Values = _first(relevance, k).sum(axis=1) / k
    return values


def reciprocal_rank(relevance: Relevance) -> Values:
    """1 / rank of the first relevant reference, in [0, 1], (Q,); its mean is the MRR."""
    if not relevance.shape[1]:
        return np.zeros(len(relevance))
    values: Values = np.where(relevance.any(axis=1), 1 / (1.0 + relevance.argmax(axis=1)), 0.0)
    return values


def average_precision_at_r(relevance: Relevance) -> Values:
    """Precision at each relevant rank up to R, summed and divided by R, in [0, 1], (Q,); its mean is the mAP@R.

    R is the number of relevant references of the query (Musgrave et al. 2020, "A Metric Learning Reality Check").
    """
    ranks = np.arange(1, relevance.shape[1] + 1)
    relevant = relevance.sum(axis=1)
    counted = relevance & (ranks <= relevant[:, None])
    precision = np.cumsum(relevance, axis=1) / ranks
    values: Values = (precision * counted).sum(axis=1) / np.maximum(relevant, 1)
    return values


@dataclass(frozen=True)
class Ranking:
    """The references of the queries `rows`, nearest first: `order` (B, R) are their indices.

    Those that a query must not be compared with come last and are not in `allowed` (B, R).
    """

    rows: slice
    order: npt.NDArray[np.intp]
    allowed: Relevance

    def relevance(self, query_labels: Keys, reference_labels: Keys) -> Relevance:
        """(B, R): where the label of the reference is that of the query; not where it is not allowed."""
        same: Relevance = reference_labels[self.order] == query_labels[self.rows, None]
        return same & self.allowed


def rankings(
    query: npt.ArrayLike,
    reference: npt.ArrayLike,
    query_keys: Keys | None = None,
    reference_keys: Keys | None = None,
    rescore: Rescore | None = None,
) -> Iterator[Ranking]:
    """All references (R, D) of all queries (Q, D) by cosine similarity, exactly, some queries at a time.

    `rescore` makes other scores of the similarities where it is given.

    A reference with the key of a query is left out for it: with case ids as keys no case finds itself, with
    patients as keys none finds its own patient. Equal similarities keep the order of the references.
    Raises EntError when the shapes do not fit or a number is not finite.
    """
    for rows, similarity in _similarities(query, reference, query_keys, reference_keys, rescore):
        order = np.argsort(-similarity, axis=1, kind="stable")  # stable: equal ones stay in their order
        yield Ranking(rows, order, np.take_along_axis(similarity, order, axis=1) > -np.inf)


def nearest(
    query: npt.ArrayLike, reference: npt.ArrayLike, query_keys: Keys | None = None, reference_keys: Keys | None = None
) -> npt.NDArray[np.intp]:
    """Index of the nearest reference of each query, (Q,), as in `rankings`; -1 where none is allowed."""
    found = np.full(len(np.asarray(query)), -1, np.intp)
    for rows, similarity in _similarities(query, reference, query_keys, reference_keys):
        if similarity.shape[1]:
            best = similarity.argmax(axis=1)
            found[rows] = np.where(similarity[np.arange(len(best)), best] > -np.inf, best, -1)
    return found


def nearest_few(query: npt.ArrayLike, reference: npt.ArrayLike, count: int) -> npt.NDArray[np.intp]:
    """Indices of the `count` nearest references of each query, nearest first, (Q, count): the first of `rankings`.

    Fewer where there are fewer references.
    """
    size = min(count, len(np.asarray(reference)))
    found = np.empty((len(np.asarray(query)), size), np.intp)
    for rows, similarity in _similarities(query, reference, None, None):
        least = np.partition(similarity, -size, axis=1)[:, -size] if size else np.empty(len(similarity))
        for row, (values, enough) in enumerate(zip(similarity, least, strict=True), start=rows.start):
            near = np.flatnonzero(values >= enough)
            found[row] = near[np.argsort(-values[near], kind="stable")[:size]]
    return found


def leave_one_out_recall_at_1(embedding: npt.ArrayLike, labels: Keys) -> float:
    """Share of the rows of (N, D) whose nearest other row has their label, (N,): the reference method's protocol.

    0 for fewer than two rows. Raises EntError when the shapes do not fit or a number is not finite.
    """
    keys = np.arange(len(labels))
    return _hits(nearest(embedding, embedding, keys, keys), labels, labels)


def gallery_recall_at_1(
    query: npt.ArrayLike, query_labels: Keys, reference: npt.ArrayLike, reference_labels: Keys
) -> float:
    """Share of the queries (Q, D) whose nearest reference (R, D) has their label; 0 without queries or references.

    Raises EntError when the shapes do not fit or a number is not finite.
    """
    return _hits(nearest(query, reference), query_labels, reference_labels)


def _hits(found: npt.NDArray[np.intp], query_labels: Keys, reference_labels: Keys) -> float:
    answered = found >= 0
    hits = int((reference_labels[found[answered]] == query_labels[answered]).sum())
    return hits / max(1, len(found))


def _similarities(
    query: npt.ArrayLike,
    reference: npt.ArrayLike,
    query_keys: Keys | None,
    reference_keys: Keys | None,
    rescore: Rescore | None = None,
) -> Iterator[tuple[slice, Values]]:
    """Rows of queries and their cosine similarities (B, R), or scores, -inf where the keys are equal."""
    q, r = _unit(query, "query"), _unit(reference, "reference")
    if q.shape[1] != r.shape[1]:
        raise EntError(f"query {q.shape} and reference {r.shape} have different dimensions; give one encoder's")
    size = max(1, BLOCK // max(1, len(r)))
    for start in range(0, len(q), size):
        rows = slice(start, min(start + size, len(q)))
        similarity = q[rows] @ r.T
        if rescore is not None:
            similarity = rescore(np.asarray(query)[rows], np.asarray(reference), similarity)
        similarity = np.round(similarity, DECIMALS)
        if query_keys is not None and reference_keys is not None:
            similarity[query_keys[rows, None] == reference_keys[None, :]] = -np.inf
        yield rows, similarity


def _unit(embedding: npt.ArrayLike, name: str) -> Values:
    """The rows of (N, D) in double precision at length 1; rows of zeros stay zeros."""
    rows: Values = np.asarray(embedding, dtype=np.float64)
    if rows.ndim != 2 or not np.isfinite(rows).all():
        raise EntError(f"{name} embeddings must be finite and of shape (N, D), got shape {rows.shape}")
    length = np.linalg.norm(rows, axis=1, keepdims=True)
    unit: Values = rows / np.where(length > 0, length, 1.0)
    return unit


def _first(relevance: Relevance, k: int) -> Relevance:
    if k < 1:
        raise EntError(f"k counts the nearest references and must be at least 1, got {k}")
    return relevance[:, :k]
