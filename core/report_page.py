"""An evaluation as a page: scores with their intervals, classes apart, confusions, sides, and where it fails."""

from __future__ import annotations

from collections.abc import Mapping

from core.bootstrap import DRAWS
from core.case import Case
from core.chart import Bar, bar_chart, heat_map, reliability_curve
from core.evaluation import (
    AFTER,
    BASELINES,
    BEFORE,
    CLIP_SCORE,
    FLOW_MATCHING_SCORE,
    LEAVE_ONE_OUT,
    LEVELS,
    MEASURE_NAMES,
    NONE,
    PROTOCOL_NAMES,
    PROTOCOLS,
    RERANKED,
    SPACES,
    STEP_0,
    Evaluation,
    Outcome,
    ProtocolReport,
    SpaceReport,
)
from core.outcomes import MEASURES, LevelScores, Score
from core.page import Markup, page, picture, section, table
from core.verdict import in_a_sentence

NAMES = {BEFORE: "before the flow", STEP_0: "step 0", AFTER: "after the flow", RERANKED: "after, re-ranked"}
"""The spaces as people read them."""


def report_page(evaluation: Evaluation, pictures: Mapping[str, bytes]) -> str:
    """The page as text; `pictures` are WebP thumbnails by case id, shown where a case has one."""
    lead = evaluation.lead
    own = evaluation.protocols[lead]
    last = list(own.spaces)[-1]
    levels, heading = own.spaces[BEFORE].levels, PROTOCOL_NAMES[lead]
    order = dict.fromkeys((lead, *evaluation.protocols))
    return page(
        f"Evaluation of {evaluation.library}",
        [
            _summary(evaluation),
            section(
                f"Recall@1, {heading}",
                f"Compared: {PROTOCOLS[lead]}.",
                bar_chart(_overall_bars(own), "Recall@1 by level and space"),
                _spaces(own),
            ),
            *(_protocol(name, evaluation.protocols[name]) for name in order),
            *(
                section(f"Recall@1 by {level}, {heading}", bar_chart(_each_bars(own, level), f"by {level}", NONE))
                for level in levels
            ),
            _confusions(own, last),
            _sides(own),
            *_calibration(evaluation),
            _worst(own.spaces[last], last, pictures),
            _definitions(),
        ],
    )


def pictured(evaluation: Evaluation) -> list[Case]:
    """The cases that the page can show as pictures: the worst queries, and what was nearest to them."""
    own = evaluation.protocols[evaluation.lead]
    return [case for o in list(own.spaces.values())[-1].worst for case in (o.case, o.nearest) if case]


def _summary(evaluation: Evaluation) -> Markup:
    facts = (
        f"Split {evaluation.split}, {evaluation.queries} labelled queries; encoder {evaluation.encoder}, "
        f"flow {evaluation.flow or 'none'}; made {evaluation.made_at}. Brackets are 95 % intervals: the middle of "
        f"{DRAWS} resamples of {evaluation.resampled}, widened, where these are few or nearly all is right, to "
        "Wilson's for as many independent queries as would vary like them."
    )
    if evaluation.doubt:
        facts += f" {evaluation.doubt[0].upper()}{evaluation.doubt[1:]}."
    if evaluation.caution:
        facts += f" Take care: {evaluation.caution}."
    scores = [_big(evaluation.clip_score, "CLIP score", CLIP_SCORE)]
    if evaluation.lead != LEAVE_ONE_OUT:
        spaces = evaluation.protocols[evaluation.lead].spaces
        scores = [_fair(spaces[name], name) for name in dict.fromkeys((BEFORE, list(spaces)[-1]))] + scores
    if evaluation.flow_matching_score is not None:
        scores.append(_big(evaluation.flow_matching_score, "flow matching score", FLOW_MATCHING_SCORE))
    return section("In short", in_a_sentence(evaluation, evaluation.lead, "class"), facts, *scores)


def _fair(found: SpaceReport, space: str) -> Markup:
    said = f"class Recall@1 among images of other patients: {SPACES[space]}"
    return _big(found.levels["class"].overall["recall@1"].value, NAMES[space], said)


def _big(value: float | None, name: str, definition: str) -> Markup:
    number = "" if value is None else f"{value:.3f}"
    return Markup(f'<p class="big"><b>{number}</b>{name}<br><span class="quiet">{definition}</span></p>')


def _reports(report: ProtocolReport) -> dict[str, SpaceReport]:
    """Every space and baseline, by what people read."""
    return {NAMES.get(name, name): found for name, found in (*report.spaces.items(), *report.baselines.items())}


def _protocol(name: str, report: ProtocolReport) -> Markup:
    rest, reports = list(MEASURES)[1:], _reports(report)
    head = ["level", "space", "Recall@1", "macro Recall@1", *(MEASURE_NAMES[measure] for measure in rest)]
    rows = []
    for level in report.spaces[BEFORE].levels:
        for space, found in reports.items():
            scores = found.levels[level]
            first = _with_interval(scores.overall["recall@1"]), _with_interval(scores.macro["recall@1"])
            row = [level, space, *first, *(f"{scores.overall[measure].value:.3f}" for measure in rest)]
            rows.append([*row, _test(scores)] if len(reports) > 1 else row)
    compared = f"{report.queries} queries, {report.references} references: {PROTOCOLS[name]}."
    if report.shared_patients:
        compared += f" {report.shared_patients} queries are compared with images of their own patient too."
    head += ["Recall@1 against before"] if len(reports) > 1 else []
    return section(PROTOCOL_NAMES[name].capitalize(), compared, table(head, rows))


def _overall_bars(report: ProtocolReport) -> dict[str, dict[str, Bar]]:
    spaces = _reports(report)
    return {
        level: {space: _bar(found.levels[level].overall["recall@1"]) for space, found in spaces.items()}
        for level in report.spaces[BEFORE].levels
    }


def _spaces(report: ProtocolReport) -> Markup:
    """What is meant by each of the spaces, where they are first seen."""
    told = "; ".join(f"{NAMES[space]}: {SPACES[space]}" for space in report.spaces)
    return Markup(f'<p class="quiet">{told[0].upper()}{told[1:]}.</p>')


def _each_bars(report: ProtocolReport, level: str) -> dict[str, dict[str, Bar]]:
    spaces, scores = _reports(report), report.spaces[BEFORE].levels[level]
    return {
        f"{name} ({count})": {
            space: _bar(found.levels[level].each[name]["recall@1"])
            for space, found in spaces.items()
            if name not in scores.unfindable
        }
        for name, count in scores.counts.items()
    }


def _confusions(report: ProtocolReport, last: str) -> Markup:
    maps = []
    for space in dict.fromkeys((BEFORE, last)):
        confusion = report.spaces[space].confusion
        drawn = heat_map(confusion.labels, confusion.counts, f"Class of the nearest neighbour, {NAMES[space]}")
        maps.append(Markup(f"<figure><figcaption>{NAMES[space].capitalize()}</figcaption>{drawn}</figure>"))
    return section("Class of the nearest neighbour", "Rows: the query; columns: its nearest neighbour.", *maps)


def _sides(report: ProtocolReport) -> Markup:
    rows = []
    for name, space in _reports(report).items():
        sides = space.laterality
        right = f"{sides.side_right} of {sides.region_right}"
        rows.append([name, str(sides.sided), str(sides.region_right), right, str(sides.errors)])
    said = "Among the queries of a class with a side; a laterality error has the right region and the wrong side."
    return section("Sides", said, table(["space", "queries", "region right", "side right", "laterality errors"], rows))


def _calibration(evaluation: Evaluation) -> list[Markup]:
    """How far the class probabilities behind the re-ranking can be believed; nothing without a re-ranking."""
    found = evaluation.calibration
    if found is None:
        return []
    said = (
        "Of the queries whose likeliest class is given a probability near p, a share p should be of that class. "
        f"Expected calibration error {found.ece:.3f} on {sum(entry.count for entry in found.bins)} queries; "
        "larger dots stand for more of them."
    )
    return [section("Reliability of the class evidence", said, reliability_curve(found))]


def _worst(space: SpaceReport, last: str, pictures: Mapping[str, bytes]) -> Markup:
    name = NAMES[last]
    rows = [_late(outcome, pictures) for outcome in space.worst]
    if not rows:
        return section("Latest first right neighbour", f"Every query that can be answered is right at once, {name}.")
    head = ["query", "", "nearest", "", "cosine", "first right at rank"]
    return section(f"Latest first right neighbour, {name}", table(head, rows))


def _late(outcome: Outcome, pictures: Mapping[str, bytes]) -> list[str]:
    cells = []
    for case in (outcome.case, outcome.nearest):
        said = f"{case.label}, case {case.case_id}" if case else ""
        cells += [picture(pictures.get(case.case_id), said) if case else "", said]
    return [*cells, f"{outcome.similarity:.3f}", str(outcome.rank)]


def _definitions() -> Markup:
    measures = {
        "Recall@k": "share of queries with a relevant image among the k nearest; a query that has none counts as 0 "
        f"({NONE}: this is so of every query)",
        "MRR": "mean of 1 / rank of the first relevant image",
        "mAP@R": "mean over queries of the precision at each relevant rank up to R, divided by R, the relevant images",
        "precision@5": "share of relevant images among the five nearest",
        "macro": "the mean over classes (regions, findings) of their own means",
        "p": "two-sided, of the paired difference of both spaces on the same queries, from the same resamples",
    }
    spaces = {NAMES[space]: said for space, said in SPACES.items()}
    protocols = {PROTOCOL_NAMES[name]: said for name, said in PROTOCOLS.items()}
    rows = [pair for words in (spaces, BASELINES, protocols, LEVELS, measures) for pair in words.items()]
    return section("What the words mean", table(["word", "meaning"], [list(row) for row in rows]))


def _bar(score: Score) -> Bar:
    interval = score.interval
    return Bar(score.value, *((interval.low, interval.high) if interval else (None, None)))


def _with_interval(score: Score) -> str:
    interval = f" [{score.interval.low:.2f},\u00a0{score.interval.high:.2f}]" if score.interval else ""
    return f"{score.value:.3f}{interval}"


def _test(scores: LevelScores) -> str:
    test = scores.tests.get("recall@1")
    return "" if test is None else f"{test.difference:+.3f}, p\u00a0=\u00a0{test.p:.3f}"
