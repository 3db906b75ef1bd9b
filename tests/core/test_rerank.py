"""Class evidence: calibrated, combined with similarity, offered in search where validation says it helps."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from core.calibration import fit_temperature, reliability, softmax
from core.class_head import ClassHead, fit_head
from core.errors import CheckpointError, QueryError
from core.flow import Flow
from core.library import Library
from core.recipe import DEFAULT
from core.rerank import FILE, Reranker, Validation, fit_reranker, load_reranker, save_reranker
from core.search import Query
from core.taxonomy import ENT
from core.training_run import TrainingRuns
from core.training_set import training_set
from core.vector_field import VectorField
from tests.core.test_ingest import ingest
from tests.core.test_trainer import DIM, embeddings


def drawn(count: int, classes: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Logits, and labels drawn from their softmax: perfectly calibrated at temperature 1."""
    rng = np.random.default_rng(seed)
    logits = 2 * rng.standard_normal((count, classes))
    labels = (softmax(logits).cumsum(axis=1) > rng.random((count, 1))).argmax(axis=1)
    return logits, labels


def test_the_calibration_error_equals_a_naive_count() -> None:
    logits, labels = drawn(500, 4, 0)
    probabilities = softmax(logits, 0.5)
    found = reliability(probabilities, labels, bins=10)
    error = 0.0
    for low in range(10):
        inside = [i for i in range(500) if low / 10 < probabilities[i].max() <= (low + 1) / 10]
        if inside:
            claimed = sum(probabilities[i].max() for i in inside) / len(inside)
            right = sum(probabilities[i].argmax() == labels[i] for i in inside) / len(inside)
            error += len(inside) / 500 * abs(claimed - right)
    assert found.ece == pytest.approx(error)
    assert sum(b.count for b in found.bins) == 500
    assert [b.confidence for b in found.bins] == sorted(b.confidence for b in found.bins)


def test_sure_and_right_has_no_error_and_sure_and_wrong_has_all() -> None:
    sure = np.eye(3)[[0, 1, 2, 0]]
    assert reliability(sure, np.array([0, 1, 2, 0])).ece == 0
    assert reliability(sure, np.array([1, 2, 0, 1])).ece == 1
    assert reliability(np.empty((0, 3)), np.empty(0, np.int64)).bins == ()


@pytest.mark.parametrize("factor", [0.25, 1.0, 4.0])
def test_the_temperature_undoes_what_made_logits_too_bold_or_too_shy(factor: float) -> None:
    logits, labels = drawn(4000, 5, 1)
    assert fit_temperature(logits * factor, labels) == pytest.approx(factor, rel=0.1)


def test_a_head_learns_classes_and_is_calibrated() -> None:
    x, labels = embeddings(700, spread=0.8)
    numbers = np.array([ENT.labels.index(label) for label in labels])
    head = fit_head(x[:350], numbers[:350], x[350:525], numbers[350:525], 7)
    found = head.probabilities(x[525:])
    assert found.sum(axis=1) == pytest.approx(np.ones(175))
    assert (found.argmax(axis=1) == numbers[525:]).mean() > 0.6
    assert reliability(found, numbers[525:]).ece < 0.12


def test_two_classes_and_absent_ones_are_no_trouble() -> None:
    x, _ = embeddings(40)
    numbers = (x[:, 0] > 0).astype(np.int64) * 3 + 1  # classes 1 and 4 of seven
    head = fit_head(x, numbers, x[:0], numbers[:0], 7)
    found = head.probabilities(x)
    assert (found.argmax(axis=1) == numbers).mean() > 0.9
    assert found[:, [0, 2, 3, 5, 6]].max() < 1e-9


def test_scores_are_cosine_and_weighted_evidence() -> None:
    head = ClassHead(np.eye(2, dtype=np.float32), np.zeros(2, np.float32), 0.5)
    query, reference = np.array([[1.0, 0.0]], np.float32), np.array([[0.6, 0.8], [0.0, 1.0]], np.float32)
    p, q = (np.exp(v / 0.5) / np.exp(v / 0.5).sum(axis=1, keepdims=True) for v in (query, reference))
    expected = query @ reference.T + 0.3 * (p @ q.T)
    reranker = Reranker(head, 0.3, Validation(0, 0.0, 0.0, reliability(p[:0], np.empty(0, np.int64))))
    assert reranker(query, reference, query @ reference.T) == pytest.approx(expected)


def test_the_strength_comes_from_validation_and_survives_the_disk(tmp_path: Path) -> None:
    x, labels = embeddings(420, spread=1.5)
    data = training_set(x, labels, ["train"] * 210 + ["val"] * 210, ENT)
    torch.manual_seed(0)
    reranker = fit_reranker(Flow(VectorField(DIM, hidden=8, heads=1)), data)
    assert reranker.helps  # in this noise a nearest neighbour errs more often than a classifier
    assert reranker.strength > 0
    save_reranker(tmp_path, reranker)
    loaded = load_reranker(tmp_path)
    assert loaded is not None
    assert loaded.validation == reranker.validation
    assert np.array_equal(loaded.head.weight, reranker.head.weight)
    assert load_reranker(tmp_path / "elsewhere") is None
    (tmp_path / FILE).write_bytes(b"nonsense")
    with pytest.raises(CheckpointError, match="is damaged"):
        load_reranker(tmp_path)


def test_without_validation_images_nothing_is_reranked() -> None:
    x, labels = embeddings(70)
    reranker = fit_reranker(Flow(VectorField(DIM, hidden=8, heads=1)), training_set(x, labels, ["train"] * 70, ENT))
    assert (reranker.strength, reranker.helps) == (0.0, False)


def test_search_ranks_by_the_score_where_it_is_asked_to(library: Library, folder_of: Callable[..., Path]) -> None:
    ingest(library, folder_of({"ear-left": 12, "ear-right": 12, "throat": 12}))
    case = library.catalog.cases(limit=1)[0]
    with pytest.raises(QueryError, match="cannot be re-ranked"):
        library.search(Query(cases=(case.case_id,), rerank=True))
    run = TrainingRuns(library).start(DEFAULT.changed(epochs=2, hidden=8, heads=2))
    list(run)
    run.finish()
    library.activate(run.run_id)
    fitted = load_reranker(run.folder.folder)
    assert fitted is not None
    save_reranker(run.folder.folder, Reranker(fitted.head, 5.0, fitted.validation))
    plain = library.search(Query(cases=(case.case_id,), top_k=35, rerank=False))
    ranked = library.search(Query(cases=(case.case_id,), top_k=35, rerank=True))
    assert (plain.reranked, ranked.reranked) == (False, True)
    assert {hit.case.case_id for hit in plain.hits} == {hit.case.case_id for hit in ranked.hits}
    ids = [hit.case.case_id for hit in ranked.hits]
    vectors = library.catalog.vectors.get(run.run_id, [case.case_id, *ids])
    scores = Reranker(fitted.head, 5.0, fitted.validation)(vectors[:1], vectors[1:], vectors[:1] @ vectors[1:].T)[0]
    assert list(scores) == sorted(scores, reverse=True)
    assert [hit.similarity for hit in ranked.hits] == pytest.approx((vectors[1:] @ vectors[0]).tolist(), abs=1e-5)
    by_itself = library.search(Query(cases=(case.case_id,)))
    assert by_itself.reranked  # the strength that was put there
    save_reranker(run.folder.folder, Reranker(fitted.head, 0.0, fitted.validation))
    assert not library.search(Query(cases=(case.case_id,))).reranked
    assert not library.search(Query(cases=(case.case_id,), space="before")).reranked
