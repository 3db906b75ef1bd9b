"""The queries behind every figure of an evaluation: as many as it counts, and their mean is what it says."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch

from core import behind
from core.calibration import places
from core.confusion import SIDES
from core.errors import QueryError
from core.evaluate import evaluate
from core.evaluation import AFTER, BEFORE, LEAVE_ONE_OUT, RERANKED, Evaluation
from core.flow import Flow
from core.flow_comparison import compare
from core.level import value_of
from core.library import Library
from core.manifest import CaseFacts
from core.recipe import DEFAULT
from core.report_store import ReportStore
from core.sources import Source, SourceItem
from core.training_run import TrainingRuns
from core.vector_field import VectorField
from core.vectors import PLAIN
from tests.conftest import DIMENSION, picture, png

LABELS = ("ear-left", "ear-right", "nose-left", "throat")
LEVELS = ("class", "region", "finding")


def field(seed: int) -> VectorField:
    """Of random weights, the same at every run: which queries they get right is asked here."""
    return VectorField(dim=DIMENSION, generator=torch.Generator().manual_seed(seed))


@pytest.fixture
def filled(library: Library) -> Library:
    """40 cases of four classes, every second with one of two findings."""
    items = tuple(
        SourceItem(
            f"{number}.png",
            CaseFacts(LABELS[number % 4], finding=("", "polyp", "", "normal")[number // 4 % 4]),
            partial(png, picture(number)),
        )
        for number in range(40)
    )
    library.ingest(Source("made", items))
    library.flows.put(Flow(field(1), flow_id="a-flow"))
    return library


@pytest.fixture
def evaluation(filled: Library) -> Evaluation:
    return evaluate(filled, "all", flow=filled.flows.get("a-flow"))


def plain_loop(library: Library, level: str) -> dict[str, tuple[int | None, float]]:
    """Rank of the first relevant one, and average precision at R, of each query before the flow."""
    value = partial(value_of, level=level, taxonomy=library.taxonomy)
    cases = [case for case in library.catalog.cases(order="oldest") if value(case)]
    vectors = library.catalog.vectors.get(PLAIN, [case.case_id for case in cases]).astype(float)
    got: dict[str, tuple[int | None, float]] = {}
    for q, query in enumerate(cases):
        others = sorted((r for r in range(len(cases)) if r != q), key=lambda r: -float(vectors[q] @ vectors[r]))
        right = [rank for rank, r in enumerate(others, 1) if value(cases[r]) == value(query)]
        precise = sum(hits / rank for hits, rank in enumerate(right, 1) if rank <= len(right))
        got[query.case_id] = (right[0] if right else None, precise / max(1, len(right)))
    return got


@pytest.mark.parametrize("level", LEVELS)
def test_what_each_query_got_is_what_a_plain_loop_says(filled: Library, evaluation: Evaluation, level: str) -> None:
    answers = behind.of_level(evaluation.protocols[LEAVE_ONE_OUT].spaces[BEFORE], level)
    found = {a.outcome.case.case_id: (a.found.rank, pytest.approx(a.found.precision)) for a in answers if a.found}
    assert found == plain_loop(filled, level)
    assert len(found) == (20 if level == "finding" else 40)


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("measure", behind.SCORES)
def test_a_score_is_the_mean_of_its_queries_which_come_worst_first(
    evaluation: Evaluation, level: str, measure: str
) -> None:
    for report in evaluation.protocols[LEAVE_ONE_OUT].spaces.values():
        scores = [answer.score(measure) for answer in behind.of_score(report, level, measure)]
        assert scores == sorted(scores)
        assert np.mean(scores) == pytest.approx(report.levels[level].overall[measure].value)


def test_counts_have_as_many_queries_behind_them(filled: Library, evaluation: Evaluation) -> None:
    taxonomy, report = filled.taxonomy, evaluation.protocols[LEAVE_ONE_OUT].spaces[AFTER]
    for level in LEVELS:
        for value, n in report.levels[level].counts.items():
            assert len(behind.of_value(report, level, value, taxonomy)) == n
    for asked, row in zip(report.confusion.labels, report.confusion.counts, strict=True):
        for found, n in zip(report.confusion.labels, row, strict=True):
            assert len(behind.of_pair(report, "class", asked, found, taxonomy)) == n
    for which in SIDES:
        assert len(behind.of_side(report, which, taxonomy)) == getattr(report.laterality, which)
    assert report.laterality.errors > 0
    assert [a.outcome for a in behind.of_worst(report, "class")[:10]] == list(report.worst)


@pytest.mark.parametrize("level", LEVELS)
def test_what_changed_comes_to_the_difference_and_what_was_lost_comes_first(evaluation: Evaluation, level: str) -> None:
    spaces = evaluation.protocols[LEAVE_ONE_OUT].spaces
    now, before = spaces[AFTER], spaces[BEFORE]
    changed = behind.of_change(now, before, level)
    won = [answer.rank == 1 for answer in changed]
    assert won == sorted(won)
    assert all(
        answer.before and (answer.before.rank == 1) != gained for answer, gained in zip(changed, won, strict=True)
    )
    difference = now.levels[level].tests["recall@1"].difference
    assert 2 * sum(won) - len(won) == pytest.approx(difference * now.levels[level].queries)


@pytest.mark.parametrize("level", ["class", "region"])
def test_what_one_flow_only_finds_comes_to_the_difference_of_the_two(
    filled: Library, evaluation: Evaluation, level: str
) -> None:
    other = evaluate(filled, "all", flow=Flow(field(7), flow_id="b-flow"))
    one, beside = (found.protocols[LEAVE_ONE_OUT].spaces[AFTER] for found in (evaluation, other))
    answers = behind.of_flows(one, beside, level)
    won = [answer.rank == 1 for answer in answers]
    assert won == sorted(won)
    assert {True, False} == set(won)
    assert all(
        answer.before and (answer.before.rank == 1) != gained for answer, gained in zip(answers, won, strict=True)
    )
    difference = compare(one, beside, level, filled.taxonomy).difference
    assert 2 * sum(won) - len(won) == pytest.approx(difference * len(one.outcomes))


def test_two_flows_are_told_apart_on_the_same_queries_only_and_where_both_reports_say_it(
    evaluation: Evaluation,
) -> None:
    now = evaluation.protocols[LEAVE_ONE_OUT].spaces[AFTER]
    of_before = replace(now, found={})
    assert behind.of_flows(now, of_before, "class") == []
    for pair in ((now, of_before), (of_before, now)):
        with pytest.raises(QueryError, match="evaluate it again"):
            behind.of_flows(*pair, "region")
    with pytest.raises(QueryError, match="different queries"):
        behind.of_flows(now, replace(now, outcomes=now.outcomes[1:]), "class")


def test_what_is_no_count_or_score_is_refused(filled: Library, evaluation: Evaluation) -> None:
    report = evaluation.protocols[LEAVE_ONE_OUT].spaces[BEFORE]
    with pytest.raises(QueryError, match="no count of sides"):
        behind.of_side(report, "wrong", filled.taxonomy)
    with pytest.raises(QueryError, match="not known of single queries"):
        behind.of_score(report, "class", "precision@5")


def test_a_bin_of_evidence_has_its_queries_wrong_ones_first_also_when_read_back(filled: Library) -> None:
    run = TrainingRuns(filled).start(DEFAULT.changed(epochs=1, hidden=8, heads=2, batch_size=16))
    list(run)
    run.finish()
    flow, rerank = filled.flows.get(run.run_id), filled.flows.reranker(run.run_id)
    made = evaluate(filled, "all", flow=flow, rerank=rerank)
    ReportStore(filled.root).put(made, filled.catalog)
    kept = ReportStore(filled.root).get(run.run_id, "all", filled.catalog)
    assert kept is not None
    assert kept.evaluation.evidence == made.evidence
    for evaluation in (made, kept.evaluation):
        report = evaluation.protocols[LEAVE_ONE_OUT].spaces[RERANKED]
        drawn = evaluation.calibration
        assert drawn is not None
        for place, entry in zip(behind.bins(evaluation), drawn.bins, strict=True):
            said = [answer.evidence for answer in behind.of_bin(evaluation, report, place)]
            right = [one.label == one.case.label for one in said if one]
            assert len(right) == entry.count
            assert right == sorted(right)
            assert sum(right) == pytest.approx(entry.accuracy * entry.count)
            assert np.mean([one.probability for one in said if one]) == pytest.approx(entry.confidence)
    assert behind.of_bin(made, report, -1) == []


def test_the_upper_end_belongs_to_a_bin() -> None:
    assert places(np.array([0.0, 0.1, 0.15, 0.5, 1.0])).tolist() == [0, 0, 1, 4, 9]


def make_old(path: Path) -> None:
    """Take out of a report what those of before did not say of single queries."""
    data = json.loads(path.read_text())
    for spaces in (data["spaces"], *(protocol["spaces"] for protocol in data["other_protocols"].values())):
        for space in spaces.values():
            del space["found"]
    del data["evidence"]
    path.write_text(json.dumps(data))


def test_a_report_of_before_says_nothing_of_single_levels_and_is_read_all_the_same(
    filled: Library, evaluation: Evaluation
) -> None:
    path = ReportStore(filled.root).put(evaluation, filled.catalog)
    make_old(path)
    kept = ReportStore(filled.root).get("a-flow", "all", filled.catalog)
    assert kept is not None
    report = kept.evaluation.protocols[LEAVE_ONE_OUT].spaces[AFTER]
    now = evaluation.protocols[LEAVE_ONE_OUT].spaces[AFTER]
    assert behind.bins(kept.evaluation) == ()
    assert [a.rank for a in behind.of_worst(report, "class")] == [a.rank for a in behind.of_worst(now, "class")]
    with pytest.raises(QueryError, match="not known of single queries"):
        behind.of_score(report, "class", "map@r")
