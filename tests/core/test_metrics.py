"""Metrics against naive versions written from their definitions, and rankings against a plain sort."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from core import metrics
from core.errors import EntError
from core.metrics import (
    average_precision_at_r,
    gallery_recall_at_1,
    leave_one_out_recall_at_1,
    nearest,
    nearest_few,
    precision_at_k,
    rankings,
    recall_at_k,
    reciprocal_rank,
)

relevances = arrays(bool, array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=12))


@given(relevances, st.integers(1, 15))
def test_measures_are_what_their_definitions_say(relevance: np.ndarray, k: int) -> None:
    for q, row in enumerate(relevance.tolist()):
        relevant = sum(row)
        first = next((1 / (rank + 1) for rank, hit in enumerate(row) if hit), 0.0)
        precisions = [sum(row[: rank + 1]) / (rank + 1) for rank in range(relevant) if row[rank]]
        assert recall_at_k(relevance, k)[q] == float(any(row[:k]))
        assert precision_at_k(relevance, k)[q] == pytest.approx(sum(row[:k]) / k)
        assert reciprocal_rank(relevance)[q] == pytest.approx(first)
        assert average_precision_at_r(relevance)[q] == pytest.approx(sum(precisions) / relevant if relevant else 0.0)


def test_a_ranking_of_nothing_scores_nothing() -> None:
    empty = np.zeros((3, 0), dtype=bool)
    for values in (recall_at_k(empty, 1), precision_at_k(empty, 5), reciprocal_rank(empty)):
        assert values.tolist() == [0, 0, 0]
    assert average_precision_at_r(empty).tolist() == [0, 0, 0]
    with pytest.raises(EntError, match="at least 1"):
        recall_at_k(empty, 0)


def test_published_example_of_map_at_r() -> None:
    """R = 10: one relevant at rank 1 and all others beyond R give 1/10; relevant at 1, 2 of R = 2 gives 1."""
    one = np.zeros((1, 30), dtype=bool)
    one[0, 0] = one[0, 21:] = True
    assert average_precision_at_r(one).tolist() == pytest.approx([0.1])
    assert average_precision_at_r(np.array([[True, True, False]])).tolist() == [1.0]


@given(st.integers(0, 10_000), st.integers(1, 12), st.integers(1, 12))
def test_rankings_equal_a_plain_sort(seed: int, queries: int, references: int) -> None:
    rng = np.random.default_rng(seed)
    query = rng.integers(-1, 2, (queries, 3)).astype(np.float32)  # few values: many ties, some rows of zeros
    reference = rng.integers(-1, 2, (references, 3)).astype(np.float32)
    query_keys, reference_keys = rng.integers(0, 4, queries), rng.integers(0, 4, references)
    best = nearest(query, reference, query_keys, reference_keys)
    for ranking in rankings(query, reference, query_keys, reference_keys):
        for b, q in enumerate(range(queries)[ranking.rows]):
            allowed = [r for r in range(references) if query_keys[q] != reference_keys[r]]
            expected = sorted(allowed, key=lambda r: (-round(_cosine(query[q], reference[r]), 9), r))
            assert ranking.order[b][ranking.allowed[b]].tolist() == expected
            assert ranking.allowed[b].tolist() == [True] * len(expected) + [False] * (references - len(expected))
            assert best[q] == (expected[0] if expected else -1)


@given(st.integers(0, 10_000), st.integers(0, 12), st.integers(0, 12), st.integers(1, 6))
def test_the_nearest_few_are_the_first_of_the_ranking(seed: int, queries: int, references: int, count: int) -> None:
    rng = np.random.default_rng(seed)
    query = rng.integers(-1, 2, (queries, 3)).astype(np.float32)
    reference = rng.integers(-1, 2, (references, 3)).astype(np.float32)
    few = nearest_few(query, reference, count)
    assert few.shape == (queries, min(count, references))
    for ranking in rankings(query, reference):
        assert np.array_equal(few[ranking.rows], ranking.order[:, :count])


def test_blocks_make_no_difference(monkeypatch: pytest.MonkeyPatch) -> None:
    embedding = np.random.default_rng(1).normal(size=(23, 8))
    keys = np.arange(23)
    whole = np.concatenate([r.order for r in rankings(embedding, embedding, keys, keys)])
    monkeypatch.setattr(metrics, "BLOCK", 50)
    parts = list(rankings(embedding, embedding, keys, keys))
    assert len(parts) == 12
    assert (np.concatenate([r.order for r in parts]) == whole).all()
    assert (whole[:, -1] == keys).all()  # left out: the query itself


def test_relevance_follows_the_labels_and_leaves_out_the_query() -> None:
    embedding = np.array([[1, 0], [1, 0.1], [0, 1], [0.1, 1]], dtype=np.float32)
    labels, keys = np.array(["a", "a", "b", "a"]), np.arange(4)
    (ranking,) = rankings(embedding, embedding, keys, keys)
    relevance = ranking.relevance(labels, labels)
    assert relevance.tolist() == [
        [True, True, False, False],
        [True, True, False, False],
        [False, False, False, False],
        [False, True, True, False],
    ]
    assert leave_one_out_recall_at_1(embedding, labels) == recall_at_k(relevance, 1).mean() == 0.5
    assert gallery_recall_at_1(embedding[:2], labels[:2], embedding[2:], labels[2:]) == 1.0


def test_nothing_to_compare_with_is_no_hit() -> None:
    one, label = np.ones((1, 4)), np.array(["a"])
    assert leave_one_out_recall_at_1(one, label) == 0.0
    assert leave_one_out_recall_at_1(np.empty((0, 4)), np.array([])) == 0.0
    assert gallery_recall_at_1(one, label, np.empty((0, 4)), np.array([])) == 0.0
    assert nearest(one, np.empty((0, 4))).tolist() == [-1]
    assert [r.order.shape for r in rankings(one, np.empty((0, 4)))] == [(1, 0)]


def test_embeddings_that_cannot_be_ranked_are_refused() -> None:
    with pytest.raises(EntError, match="finite"):
        leave_one_out_recall_at_1(np.array([[np.nan, 1.0], [0.0, 1.0]]), np.array(["a", "b"]))
    with pytest.raises(EntError, match="shape"):
        nearest(np.ones(3), np.ones((2, 3)))
    with pytest.raises(EntError, match="different dimensions"):
        nearest(np.ones((2, 3)), np.ones((2, 4)))


def _cosine(a: np.ndarray, b: np.ndarray) -> float:
    length = float(np.linalg.norm(a.astype(float)) * np.linalg.norm(b.astype(float)))
    return float(a.astype(float) @ b.astype(float)) / length if length else 0.0
