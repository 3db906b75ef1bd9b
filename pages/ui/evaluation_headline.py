"""The headline of an evaluation: every space beside the plain embeddings, in words and in a table."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from core.evaluation import BASELINES, BEFORE, MEASURE_NAMES, SPACES
from core.verdict import in_a_sentence, verdict
from pages.ui import evaluation_pick, pick_table
from pages.ui.evaluation_choice import View
from pages.ui.evaluation_pick import MACRO, Pick
from pages.ui.pick_table import Cell, Column
from pages.ui.text import escaped
from pages.ui.training_figures import TITLES

if TYPE_CHECKING:
    from core.evaluation import SpaceReport
    from core.outcomes import Score

REST = ("recall@5", "recall@10", "mrr", "map@r")
BASELINE_TITLES = {"linear map": "Linear map", "thumbnail": "8 x 8 thumbnails", "untrained": "Untrained encoder"}
HINTS = {
    "mrr": "Mean of 1 / rank of the first relevant image",
    "map@r": "Precision at each relevant rank up to the number of relevant images, averaged",
}


def show(view: View) -> None:
    """One sentence, then a row a space; the row picked is the one that the details below are of."""
    st.html(f'<p class="ent-headline">{escaped(in_a_sentence(view.evaluation, view.protocol_name, view.level))}</p>')
    looked_at = evaluation_pick.picked()
    columns = [
        Column("Embeddings"),
        Column("Recall@1", hint="Share of queries whose nearest neighbour is relevant; the whisker is the interval"),
        Column("Macro", "end", "The mean over classes of their own Recall@1"),
        *(Column(MEASURE_NAMES[name], "end", HINTS.get(name, "")) for name in REST),
        Column("Against before", hint="Paired test on the same queries"),
    ]
    pick_table.show(
        columns,
        [_row(name, report, view.level) for name, report in view.reports.items()],
        key="evaluation_spaces",
        label="Scores of each kind of embedding",
        picked=(view.space_name, looked_at.text if looked_at else ""),
        on_pick=_pick,
    )


def title_of(space: str) -> str:
    """A space or baseline as people read it."""
    return {**TITLES, **BASELINE_TITLES}.get(space, space)


def said(score: Score) -> str:
    """The interval of a score, "" where it is not known."""
    return f"{score.interval.low:.2f} to {score.interval.high:.2f}" if score.interval else ""


def score_cell(score: Score, colour: str | None = None, **more: str) -> Cell:
    """A score with two decimals, its interval, and a bar with a whisker."""
    low, high = (score.interval.low, score.interval.high) if score.interval else (None, None)
    return Cell(f"{score.value:.2f}", note=said(score), bar=score.value, low=low, high=high, colour=colour, **more)


def _pick(text: str) -> None:
    if Pick.parse(text):
        evaluation_pick.pick(text)
    else:
        evaluation_pick.pick_space(text)


def _row(name: str, report: SpaceReport, level: str) -> list[Cell]:
    scores = report.levels[level]
    test = scores.tests.get("recall@1")
    against = "" if test is None else f"{test.difference:+.2f}"
    meaning = {**SPACES, **BASELINES}.get(name, name)

    def opening(measure: str, of: str = "") -> dict[str, str]:
        score = (scores.macro if of == MACRO else scores.overall)[measure]
        said = (
            f"{of.capitalize()} {MEASURE_NAMES[measure]} {score.value:.2f}, {title_of(name)}: show the queries".lstrip()
        )
        return {"pick": Pick("score", name, measure, of).text, "said": said} if level in report.found else {}

    changed: dict[str, str] = {}
    if against and report.found:
        said = f"{against} against before, {title_of(name)}: show the queries that changed"
        changed = {"pick": Pick("change", name, BEFORE).text, "said": said}
    return [
        Cell(title_of(name), pick=name, said=f"{title_of(name)}: {meaning}; show its details"),
        score_cell(scores.overall["recall@1"], **opening("recall@1")),
        Cell(f"{scores.macro['recall@1'].value:.2f}", **opening("recall@1", MACRO)),
        *(Cell(f"{scores.overall[measure].value:.2f}", **opening(measure)) for measure in REST),
        Cell(against, note="" if test is None or not test.difference else verdict(test), **changed),
    ]
