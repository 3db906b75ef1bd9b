"""`python -m training evaluate`: how well a library finds what is alike, as tables for people."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from core.baselines import Baseline, baselines
from core.console import Progress, say_aside
from core.errors import EntError
from core.evaluate import evaluate
from core.evaluation import (
    CLIP_SCORE,
    FLOW_MATCHING_SCORE,
    NONE,
    PROTOCOLS,
    SPACES,
    Evaluation,
    Outcome,
    ProtocolReport,
    SpaceReport,
    Split,
)
from core.flow import Flow
from core.library import Library
from core.outcomes import MEASURES, LevelScores, Score
from core.report import report_json
from core.report_page import pictured, report_page
from core.report_store import ReportStore
from core.verdict import in_a_sentence
from training.fitted_baselines import fitted_baselines

LEGEND = (
    "recall@k: a relevant image is among the k nearest, [its interval]; macro: the mean over classes; mrr: mean of 1 / "
    "rank of the first relevant one; map@r: precision at each relevant rank up to their number; p: of the difference "
    "in recall@1, each by itself; step0: the field applied once"
)


@dataclass(frozen=True)
class Wanted:
    """What to evaluate, and what to write beside the result."""

    split: Split | None = None
    flow: str | None = None
    baselines: bool = False
    report: Path | None = None
    pictures: bool = True
    keep: bool = False


def run(lib: Path, wanted: Wanted, as_json: bool) -> None:
    """Evaluate the library in `lib`, print the result, and keep it or write its page where that is wanted."""
    with closing(Library.open(lib)) as library:
        flow = _flow(library, wanted.flow)
        beside = _baselines(library) if wanted.baselines else None
        with Progress("measuring", unit="spaces") as progress:
            evaluation = evaluate(
                library,
                wanted.split,
                flow=flow,
                rerank=None if flow is None else library.flows.reranker(flow.flow_id),
                baselines=beside,
                on_progress=progress,
            )
        if wanted.keep:
            ReportStore(library.root).put(evaluation, library.catalog)
            say_aside("kept in the library, where the app's Evaluation page shows it")
        if wanted.report is not None:
            _write_page(wanted.report, evaluation, library if wanted.pictures else None)
    if as_json:
        print(json.dumps(report_json(evaluation), ensure_ascii=False))
    else:
        show(evaluation)
    if wanted.report is not None:
        say_aside(f"wrote {wanted.report}")


def _flow(library: Library, wanted: str | None) -> Flow | None:
    """That flow, none at all for "none", the active one where none is named."""
    if wanted == "none":
        return None
    return library.active_flow if wanted is None else library.flows.get(wanted)


def _baselines(library: Library) -> dict[str, Baseline]:
    with Progress("fitting LDA, NCA and a linear map", unit="baselines") as progress:
        fitted = fitted_baselines(library, progress)
    return {**fitted, **baselines(library, Progress("reading images for the baselines", unit="images"))}


def _write_page(path: Path, evaluation: Evaluation, library: Library | None) -> None:
    shown = pictured(evaluation) if library else []
    pictures = {case.case_id: library.thumbnail_bytes(case) for case in shown} if library else {}
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(report_page(evaluation, pictures), encoding="utf-8")
    except OSError as error:
        raise EntError(f"cannot write the report to {path}: {error.strerror}; give another --report FILE") from error


def show(evaluation: Evaluation) -> None:
    """An evaluation on standard output: scores by protocol; by class, sides, confusions and worst by the first."""
    console = Console(width=150, soft_wrap=True, markup=False, highlight=False)
    console.print(
        f"{evaluation.library}: split {evaluation.split}, {evaluation.queries} labelled queries; encoder "
        f"{evaluation.encoder}, flow {evaluation.flow or 'none'}; 95 % intervals over {evaluation.resampled}"
    )
    console.print(in_a_sentence(evaluation, evaluation.lead, "class"))
    for warned in filter(None, (evaluation.caution, evaluation.doubt)):
        console.print(warned)
    console.print(LEGEND)
    for name in dict.fromkeys((evaluation.lead, *evaluation.protocols)):
        report = evaluation.protocols[name]
        shared = f", {report.shared_patients} queries see their own patient" if report.shared_patients else ""
        console.print(f"\n{name}: {PROTOCOLS[name]}; {report.references} references{shared}", _overall(report))
    own = evaluation.protocols[evaluation.lead]
    console.print(f"\nRecall@1 by class, {evaluation.lead}", _by_class(own))
    last = list(own.spaces)[-1]
    console.print(
        f"\nclass of the nearest neighbour (columns) by class of the query, {last}", _confusion(own.spaces[last])
    )
    console.print("\nsides, among the queries of a class with a side", _sides(own))
    if (found := evaluation.calibration) is not None:
        console.print(f"\nexpected calibration error of the class evidence: {found.ece:.3f}")
    worst = own.spaces[last].worst
    late = _worst(worst) if worst else "none: the nearest is right for all"
    console.print(f"\nlatest first right neighbour, {last}", late)
    for title, value, meaning in (
        ("CLIP score", evaluation.clip_score, CLIP_SCORE),
        ("flow matching score", evaluation.flow_matching_score, FLOW_MATCHING_SCORE),
    ):
        console.print(f"{title}: {'there is no flow' if value is None else f'{value:.3f}'} ({meaning})")


def _reports(report: ProtocolReport) -> Iterator[tuple[str, SpaceReport]]:
    yield from report.spaces.items()
    yield from report.baselines.items()


def _overall(report: ProtocolReport) -> Table:
    table = Table("level", "space", "recall@1", "", "macro", *list(MEASURES)[1:], "recall@1 - before", box=None)
    for level in next(iter(report.spaces.values())).levels:
        for space, found in _reports(report):
            scores = found.levels[level]
            rest = [f"{scores.overall[measure].value:.3f}" for measure in list(MEASURES)[1:]]
            first, macro = scores.overall["recall@1"], scores.macro["recall@1"]
            table.add_row(
                level, space, f"{first.value:.3f}", _interval(first), f"{macro.value:.3f}", *rest, _test(scores)
            )
    return table


def _by_class(report: ProtocolReport) -> Table:
    spaces = dict(_reports(report))
    table = Table("class", "queries", *spaces, box=None)
    first = next(iter(spaces.values())).levels["class"]
    for label, queries in first.counts.items():
        if label in first.unfindable:
            table.add_row(label, str(queries), *[NONE] * len(spaces))
            continue
        found = [space.levels["class"].each[label]["recall@1"] for space in spaces.values()]
        sure = len(found) <= len(SPACES)  # with baselines beside them there is no room for intervals
        table.add_row(label, str(queries), *(f"{f.value:.2f} {_interval(f, 2) if sure else ''}" for f in found))
    return table


def _confusion(space: SpaceReport) -> Table:
    table = Table("", *space.confusion.labels, box=None)
    for label, row in zip(space.confusion.labels, space.confusion.counts, strict=True):
        table.add_row(label, *(str(count) if count else "." for count in row))
    return table


def _sides(report: ProtocolReport) -> Table:
    table = Table("space", "queries", "region right", "side right", "laterality errors", box=None)
    for name, space in _reports(report):
        sides = space.laterality
        right = f"{sides.side_right} of {sides.region_right}"
        table.add_row(name, str(sides.sided), str(sides.region_right), right, str(sides.errors))
    return table


def _worst(worst: Sequence[Outcome]) -> Table:
    table = Table("rank", "class", "taken for", "cosine", "case", "file", box=None)
    for outcome in worst:
        taken_for = outcome.nearest.label if outcome.nearest else ""
        facts = f"{outcome.similarity:.3f}", outcome.case.case_id, outcome.case.filename
        table.add_row(str(outcome.rank), outcome.case.label, taken_for, *facts)
    return table


def _interval(score: Score, digits: int = 3) -> str:
    if score.interval is None:
        return ""
    return f"[{score.interval.low:.{digits}f}, {score.interval.high:.{digits}f}]"


def _test(scores: LevelScores) -> str:
    test = scores.tests.get("recall@1")
    return "" if test is None else f"{test.difference:+.3f}, p = {test.p:.3f}"
