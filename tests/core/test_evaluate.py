"""Evaluations of small libraries, against what plain loops over their embeddings say."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from core.errors import QueryError
from core.evaluate import evaluate
from core.evaluation import GALLERY, LEAVE_ONE_OUT, OTHER_PATIENTS, Evaluation
from core.filters import Filters
from core.flow import Flow
from core.library import Library
from core.report import report_json
from core.report_page import report_page
from core.vector_field import VectorField
from core.vectors import PLAIN
from tests.conftest import DIMENSION, picture, png
from tests.core.test_ingest import ingest

LABELS = ("ear-left", "ear-right", "nose-left", "throat")


@pytest.fixture
def filled(library: Library, tmp_path: Path) -> Library:
    """48 pictures of 16 patients in three splits, half of them with a finding; and 2 without a label."""
    rows = []
    (tmp_path / "source").mkdir()
    for number in range(50):
        patient, label = number % 16, LABELS[number % 16 % 4]
        (tmp_path / "source" / f"{number}.png").write_bytes(png(picture(number)))
        rows.append(
            {
                "path": f"{number}.png",
                "label": label if number < 48 else "",
                "patient_id": f"p{patient}",
                "split": "test" if patient < 8 else "train" if patient < 14 else "val",
                "finding": ("normal", "polyp")[number % 3 % 2] if number % 2 else "",
            }
        )
    with (tmp_path / "source" / "manifest.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    ingest(library, tmp_path / "source")
    return library


@pytest.fixture
def flowing(filled: Library) -> Library:
    filled.flows.put(Flow(VectorField(dim=DIMENSION), flow_id="a-flow"))
    filled.activate("a-flow")
    return filled


def naive_recall(
    library: Library, split: str, k: int, key: Callable[..., object], move: Callable = lambda x: x
) -> float:
    cases = library.catalog.cases(Filters(label=library.taxonomy.labels, split=(split,)), order="oldest")
    vectors = move(library.catalog.vectors.get(PLAIN, [case.case_id for case in cases])).astype(float)
    hits = []
    for q, query in enumerate(cases):
        others = [r for r in range(len(cases)) if r != q]
        others.sort(key=lambda r: -float(vectors[q] @ vectors[r]))
        hits.append(any(key(cases[r]) == key(query) for r in others[:k]))
    return float(np.mean(hits))


def test_leave_one_out_is_what_a_plain_loop_says(flowing: Library) -> None:
    evaluation = evaluate(flowing, flow=flowing.active_flow)
    assert (evaluation.split, evaluation.queries, evaluation.groups) == ("test", 24, 8)
    spaces = evaluation.protocols[LEAVE_ONE_OUT].spaces
    flow, taxonomy = flowing.active_flow, flowing.taxonomy
    assert flow is not None
    moves = {"before": lambda x: x, "step0": flow.apply_once, "after": flow.transform}
    assert list(spaces) == list(moves)
    for space, move in moves.items():
        for k in (1, 5, 10):
            by_class = naive_recall(flowing, "test", k, lambda case: case.label, move)
            by_region = naive_recall(flowing, "test", k, lambda case: taxonomy[case.label].region, move)
            assert spaces[space].levels["class"].overall[f"recall@{k}"].value == pytest.approx(by_class)
            assert spaces[space].levels["region"].overall[f"recall@{k}"].value == pytest.approx(by_region)
    assert evaluation.clip_score == spaces["before"].levels["class"].overall["recall@1"].value
    assert evaluation.flow_matching_score == spaces["after"].levels["class"].overall["recall@1"].value


def test_without_a_flow_there_is_only_before(filled: Library) -> None:
    evaluation = evaluate(filled, "val")
    assert list(evaluation.protocols[LEAVE_ONE_OUT].spaces) == ["before"]
    assert evaluation.flow_matching_score is None
    other = evaluate(filled, "val", flow=Flow(VectorField(dim=DIMENSION), flow_id="not-kept"))
    assert other.flow == "not-kept"
    assert "after" in other.protocols[LEAVE_ONE_OUT].spaces


def test_protocols_compare_with_what_they_say(filled: Library) -> None:
    protocols = evaluate(filled, "test").protocols
    assert list(protocols) == [LEAVE_ONE_OUT, OTHER_PATIENTS, GALLERY]
    assert [p.references for p in protocols.values()] == [24, 24, 18]
    assert [p.shared_patients for p in protocols.values()] == [24, 0, 0]
    for outcome in protocols[OTHER_PATIENTS].spaces["before"].outcomes:
        assert outcome.nearest is not None
        assert outcome.nearest.patient != outcome.case.patient
    for outcome in protocols[GALLERY].spaces["before"].outcomes:
        assert outcome.nearest is not None
        assert (outcome.case.split, outcome.nearest.split) == ("test", "train")
    assert list(evaluate(filled, "all").protocols) == [LEAVE_ONE_OUT, OTHER_PATIENTS]
    assert evaluate(filled, "all").queries == 48  # the unlabelled are neither queries nor references


def test_levels_add_up(filled: Library) -> None:
    space = evaluate(filled, "all").protocols[LEAVE_ONE_OUT].spaces["before"]
    scores = space.levels["class"]
    recalls = {label: found["recall@1"].value for label, found in scores.each.items()}
    assert list(recalls) == list(LABELS)
    assert scores.counts == dict.fromkeys(LABELS, 12)
    assert scores.macro["recall@1"].value == pytest.approx(np.mean(list(recalls.values())))
    assert sum(map(sum, space.confusion.counts)) == scores.queries == 48
    right = sum(row[i] for i, row in enumerate(space.confusion.counts))
    assert right == pytest.approx(48 * scores.overall["recall@1"].value)
    assert space.levels["finding"].queries == 24
    assert set(space.levels["finding"].each) <= {
        f"{r}: {f}" for r in ("ear", "nose", "throat") for f in ("normal", "polyp")
    }


def test_sides_are_counted_on_their_own(filled: Library) -> None:
    space = evaluate(filled, "all").protocols[LEAVE_ONE_OUT].spaces["before"]
    pairs = [(o.case.label or "", (o.nearest.label if o.nearest else "") or "") for o in space.outcomes]
    sided = [(a, b) for a, b in pairs if a.endswith(("-left", "-right"))]
    same_region = [(a, b) for a, b in sided if a[:3] == b[:3]]
    assert space.laterality.sided == len(sided) == 36
    assert space.laterality.region_right == len(same_region)
    assert space.laterality.errors == sum(a != b for a, b in same_region)


def test_the_worst_are_those_answered_last(filled: Library) -> None:
    space = evaluate(filled, "all").protocols[LEAVE_ONE_OUT].spaces["before"]
    ranks = sorted((o.rank for o in space.outcomes if o.rank), reverse=True)
    assert [o.rank for o in space.worst] == [rank for rank in ranks[:10] if rank > 1]


def test_a_baseline_is_reported_beside_the_spaces(filled: Library) -> None:
    labels = list(filled.taxonomy.labels)
    perfect = {"perfect": lambda cases: np.eye(len(labels), dtype=np.float32)[[labels.index(c.label) for c in cases]]}
    report = evaluate(filled, "all", baselines=perfect).protocols[LEAVE_ONE_OUT]
    scores = report.baselines["perfect"].levels["class"]
    assert {score.value for name, score in scores.overall.items()} == {1.0}
    assert scores.tests["recall@1"].p < 0.01
    assert report.baselines["perfect"].worst == ()
    assert list(report.spaces) == ["before"]


def test_reranking_is_a_space_of_its_own(flowing: Library) -> None:
    turned = (
        evaluate(flowing, flow=flowing.active_flow, rerank=lambda query, reference, similarity: -similarity)
        .protocols[LEAVE_ONE_OUT]
        .spaces
    )
    same = (
        evaluate(flowing, flow=flowing.active_flow, rerank=lambda query, reference, similarity: 3 * similarity)
        .protocols[LEAVE_ONE_OUT]
        .spaces
    )
    assert list(turned) == ["before", "step0", "after", "reranked"]
    assert same["reranked"].levels["class"].overall == same["after"].levels["class"].overall
    assert turned["reranked"].outcomes != turned["after"].outcomes


def test_a_class_with_one_image_cannot_be_answered(library: Library, folder_of: Callable[..., Path]) -> None:
    ingest(library, folder_of({"ear-left": 3, "throat": 1}))
    scores = evaluate(library).protocols[LEAVE_ONE_OUT].spaces["before"].levels["class"]
    assert scores.unanswerable == 1
    assert scores.each["throat"]["recall@10"].value == 0.0
    assert scores.overall["recall@10"].value == 0.75
    assert scores.each["throat"]["recall@1"].interval is None
    assert scores.unfindable == {"throat"}


def test_too_few_cases_are_refused_in_words(library: Library, folder_of: Callable[..., Path]) -> None:
    with pytest.raises(QueryError, match="0 labelled cases in the split 'all'"):
        evaluate(library)
    ingest(library, folder_of({"ear-left": 3}))
    with pytest.raises(QueryError, match="0 labelled cases in the split 'val'"):
        evaluate(library, "val")


def test_the_report_has_the_agreed_keys(flowing: Library) -> None:
    report = json.loads(json.dumps(report_json(evaluate(flowing, flow=flowing.active_flow)), allow_nan=False))
    assert (report["split"], report["queries"]) == ("test", 24)
    for space in ("before", "step0", "after"):
        for level in ("class", "region"):
            scores = report["spaces"][space][level]
            assert {"recall@1", "recall@5", "recall@10", "mrr", "map@r", "precision@5"} <= scores.keys()
            low, high = scores["recall@1_ci"]
            assert 0 <= low <= scores["recall@1"] <= high <= 1
    assert report["spaces"]["after"]["class"]["against_before"]["recall@1"]["p"] <= 1
    assert (
        "against_before" not in report["spaces"]["before"]["class"]
        or not report["spaces"]["before"]["class"]["against_before"]
    )
    assert report["scores"]["CLIP score"]["value"] == report["spaces"]["before"]["class"]["recall@1"]
    assert report["other_protocols"].keys() == {OTHER_PATIENTS, GALLERY}


def test_evaluating_again_says_the_same(filled: Library) -> None:
    first, again = (_without_time(evaluate(filled)) for _ in range(2))
    assert first == again


def _without_time(evaluation: Evaluation) -> object:
    return {k: v for k, v in report_json(evaluation).items() if k != "made_at"}


def test_cases_without_embeddings_are_named(filled: Library) -> None:
    filled.catalog.vectors.drop(PLAIN)
    with pytest.raises(QueryError, match="fewer than two have an embedding; put a backup back"):
        evaluate(filled)


def test_without_a_flow_the_active_one_is_left_out(flowing: Library) -> None:
    evaluation = evaluate(flowing)
    assert evaluation.flow is None
    assert list(evaluation.protocols[LEAVE_ONE_OUT].spaces) == ["before"]


def test_images_of_unknown_patients_are_told_apart_from_patients(library: Library, tmp_path: Path) -> None:
    """A library in which few patients are known must not seem to have as many patients as images."""
    (tmp_path / "source").mkdir()
    rows = ["path,label,patient_id"]
    for number in range(10):
        (tmp_path / "source" / f"{number}.png").write_bytes(png(picture(number)))
        rows.append(f"{number}.png,{LABELS[number % 2]},{'p1' if number < 3 else ''}")
    (tmp_path / "source" / "manifest.csv").write_text("\n".join(rows))
    ingest(library, tmp_path / "source")
    found = evaluate(library, "all")
    assert (found.groups, found.singly, found.resampled) == (8, 7, "1 patient and 7 images of unknown patients")
    assert "patients are unknown of 7 of 10 images, which count singly" in found.doubt
    assert report_json(found)["resampled"]["of_unknown_patients"] == 7
    assert "Patients are unknown of 7 of 10 images" in report_page(found, {})


def test_where_all_patients_are_known_the_doubt_is_their_number(filled: Library) -> None:
    found = evaluate(filled, "test")
    assert (found.singly, found.resampled) == (0, f"{found.groups} patients")
    few = f"{found.groups} patients are few to resample: intervals are rough, those of differences and p too small"
    assert found.doubt == few
    assert replace(found, groups=40).doubt == ""
