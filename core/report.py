"""An evaluation as one JSON object: what commands print, and what is kept beside a flow."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from core.bootstrap import LEVEL, Interval, PairedTest
from core.calibration import Reliability
from core.evaluation import (
    BASELINES,
    CLIP_SCORE,
    FLOW_MATCHING_SCORE,
    GALLERY,
    LEAVE_ONE_OUT,
    LEVELS,
    OTHER_PATIENTS,
    PROTOCOLS,
    SPACES,
    Evaluation,
    Evidence,
    Found,
    Outcome,
    ProtocolReport,
    SpaceReport,
)
from core.outcomes import LevelScores, Scores

DIGITS, FEW_DIGITS = 6, 4


def report_json(evaluation: Evaluation, *, with_outcomes: bool = False) -> dict[str, Any]:
    """The whole report. "spaces" and "baselines" are leave-one-out in the split; the other protocols stand beside it.

    Intervals are null where they cannot be known. `with_outcomes`: also what became of every query.
    """
    own = _protocol(LEAVE_ONE_OUT, evaluation.protocols[LEAVE_ONE_OUT], with_outcomes)
    others = {
        name: _protocol(name, evaluation.protocols[name], with_outcomes)
        for name in (OTHER_PATIENTS, GALLERY)
        if name in evaluation.protocols
    }
    return {
        "split": evaluation.split,
        "queries": evaluation.queries,
        "spaces": own.pop("spaces"),
        "baselines": own.pop("baselines"),
        "scores": {
            "CLIP score": {"value": _rounded(evaluation.clip_score), "definition": CLIP_SCORE},
            "flow matching score": {
                "value": _rounded(evaluation.flow_matching_score),
                "definition": FLOW_MATCHING_SCORE,
            },
        },
        "calibration": _calibration(evaluation.calibration),
        **({"evidence": [_evidence(entry) for entry in evaluation.evidence]} if with_outcomes else {}),
        "seen": evaluation.seen,
        "chosen": evaluation.chosen,
        "protocol": own,
        "other_protocols": others,
        "library": evaluation.library,
        "encoder": evaluation.encoder,
        "flow": evaluation.flow,
        "made_at": evaluation.made_at,
        "resampled": {
            "groups": evaluation.groups,
            "of": "patients" if evaluation.patients_known else "images",
            "of_unknown_patients": evaluation.singly,
            "level": LEVEL,
        },
        "definitions": {"spaces": dict(SPACES), "levels": dict(LEVELS), "baselines": dict(BASELINES)},
    }


def headline(report: Mapping[str, Any]) -> dict[str, Any]:
    """The class Recall@1 of each space of a report as JSON, and what they rest on.

    Among the training images, as the curve of a training has it; leave-one-out in its split where there are none.
    """
    protocol = GALLERY if GALLERY in report["other_protocols"] else LEAVE_ONE_OUT
    spaces = report["other_protocols"].get(protocol, report)["spaces"]
    recalls = {space: found["class"]["recall@1"] for space, found in spaces.items()}
    calibration = report["calibration"]
    rest = {"ece": calibration["ece"] if calibration else None, "queries": report["queries"]}
    laterality = {space: found["laterality"]["errors"] for space, found in spaces.items()}
    return {"protocol": protocol, "recall@1": recalls, "laterality_errors": laterality, **rest}


def _protocol(name: str, report: ProtocolReport, with_outcomes: bool) -> dict[str, Any]:
    return {
        "name": name,
        "definition": PROTOCOLS[name],
        "queries": report.queries,
        "references": report.references,
        "shared_patients": report.shared_patients,
        "spaces": {space: _space(found, with_outcomes) for space, found in report.spaces.items()},
        "baselines": {baseline: _space(found, with_outcomes) for baseline, found in report.baselines.items()},
    }


def _space(report: SpaceReport, with_outcomes: bool) -> dict[str, Any]:
    sides = report.laterality
    return {
        **(_queries(report) if with_outcomes else {}),
        **{level: _level(scores) for level, scores in report.levels.items()},
        "confusion": {
            "labels": list(report.confusion.labels),
            "counts": [list(row) for row in report.confusion.counts],
        },
        "laterality": {
            "sided": sides.sided,
            "region_right": sides.region_right,
            "side_right": sides.side_right,
            "errors": sides.errors,
        },
        "worst": [_worst(outcome) for outcome in report.worst],
    }


def _queries(report: SpaceReport) -> dict[str, Any]:
    """What became of every query, without names, since it is said for each of them."""
    found = {level: [_found(entry) for entry in entries] for level, entries in report.found.items()}
    return {"outcomes": [_outcome(outcome) for outcome in report.outcomes], "found": found}


def _level(scores: LevelScores) -> dict[str, Any]:
    return {
        **_scores(scores.overall),
        "queries": scores.queries,
        "unanswerable": scores.unanswerable,
        "macro": _scores(scores.macro),
        "each": {name: {**_scores(found), "queries": scores.counts[name]} for name, found in scores.each.items()},
        "against_before": {measure: _test(test) for measure, test in scores.tests.items()},
    }


def _scores(scores: Scores) -> dict[str, Any]:
    values: dict[str, Any] = {measure: _rounded(score.value) for measure, score in scores.items()}
    return values | {f"{measure}_ci": _interval(score.interval) for measure, score in scores.items()}


def _test(test: PairedTest) -> dict[str, Any]:
    return {"difference": _rounded(test.difference), "ci": _interval(test.interval), "p": _rounded(test.p)}


def _worst(outcome: Outcome) -> dict[str, Any]:
    nearest = outcome.nearest
    facts = {"case_id": outcome.case.case_id, "label": outcome.case.label, "filename": outcome.case.filename}
    found = {"nearest": nearest.case_id, "nearest_label": nearest.label} if nearest else {}
    return {**facts, **found, "similarity": _rounded(outcome.similarity), "rank": outcome.rank}


def _outcome(outcome: Outcome) -> list[str | float | None]:
    """Case, nearest case, similarity, rank of the first right one."""
    nearest = outcome.nearest.case_id if outcome.nearest else None
    return [outcome.case.case_id, nearest, _rounded(outcome.similarity), outcome.rank]


def _found(found: Found | None) -> list[float | None] | None:
    return None if found is None else [found.rank, round(found.precision, FEW_DIGITS)]


def _evidence(found: Evidence) -> list[str | float]:
    """With all its digits, which decide between two bins of the reliability curve."""
    return [found.case.case_id, found.label, found.probability]


def _calibration(found: Reliability | None) -> dict[str, Any] | None:
    """How far the class probabilities behind the re-ranking can be believed."""
    return None if found is None else {"ece": _rounded(found.ece), "bins": [asdict(entry) for entry in found.bins]}


def _interval(interval: Interval | None) -> list[float] | None:
    return None if interval is None else [round(interval.low, DIGITS), round(interval.high, DIGITS)]


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, DIGITS)
