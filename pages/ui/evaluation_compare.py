"""One flow beside another, on the same queries."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import streamlit as st

from core.behind import tells
from core.errors import QueryError
from core.evaluation import AFTER, RERANKED, STEP_0
from core.verdict import verdict
from pages.ui import evaluation_pick, evaluation_queries, flow_tasks, frame, pick_table, resources
from pages.ui.evaluation_choice import View
from pages.ui.evaluation_headline import score_cell, title_of
from pages.ui.evaluation_pick import Pick
from pages.ui.pick_table import Cell, Column
from pages.ui.resources import OpenLibrary
from pages.ui.text import markdown

if TYPE_CHECKING:
    from core.bootstrap import PairedTest
    from core.evaluation import Evaluation, SpaceReport


def show(library: OpenLibrary, view: View, other: str | None) -> None:
    """Both flows beside each other with a paired test, once another one is chosen."""
    own, split = view.evaluation.flow, view.evaluation.split
    if own is None or other is None:
        return
    st.subheader("Two flows", anchor=False)
    if view.level == "finding":
        frame.quiet("Flows stand beside each other by class and by region.")
        return
    try:
        resources.evaluation(library, other, split)
        if view.beside is not None:
            _table(library, view, view.beside, own, other)
            return
    except QueryError as error:
        frame.quiet(str(error))
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"**{markdown(other)}** was not measured on these queries yet.")
        st.button(
            "Evaluate it", key="evaluate_other", on_click=partial(flow_tasks.evaluate, library, other, split, False)
        )


def _table(library: OpenLibrary, view: View, beside: Evaluation, own: str, other: str) -> None:
    owns, others = view.protocol.spaces, beside.protocols[view.protocol_name].spaces
    asked = f"{view.name} beside {beside.flow!r} of {beside.made_at}"
    tests = library.kept(asked, partial(_tests, view, beside))
    rows = []
    for name, test in tests.items():
        scored = _score(view, name, owns[name], own, Pick("score", name, "recall@1"))
        beside_it = _score(view, name, others[name], other, Pick("flows", name, other, "recall@1"))
        both = tells(owns[name], view.level) and tells(others[name], view.level)
        rows.append([Cell(title_of(name)), scored, beside_it, _difference(test, name, other, both)])
    columns = [Column("Recall@1"), Column(own), Column(other), Column("Difference", hint="Paired, on the same queries")]
    chosen = evaluation_queries.picked(view)
    pick_table.show(
        columns,
        rows,
        key="evaluation_beside",
        label=f"{own} beside {other}",
        picked=chosen.text if chosen else None,
        on_pick=evaluation_pick.pick,
    )
    reports = ((own, owns), (other, others))
    silent = [flow for flow, found in reports if not all(tells(found[name], view.level) for name in tests)]
    if silent:
        again = f"evaluate {' and '.join(silent)} again to see the queries that only one of the two finds."
        frame.quiet(f"Measured by an earlier version: {again}")


def _score(view: View, space: str, report: SpaceReport, flow: str, pick: Pick) -> Cell:
    score = report.levels[view.level].overall["recall@1"]
    said = f"Recall@1 {score.value:.2f} with {flow}, {title_of(space)}: show the queries"
    return score_cell(score, **({"pick": pick.text, "said": said} if tells(report, view.level) else {}))


def _difference(test: PairedTest, space: str, other: str, opens: bool) -> Cell:
    said = f"{test.difference:+.2f}, {title_of(space)}: show the queries that only one of the two flows finds"
    opening = {"pick": Pick("flows", space, other).text, "said": said} if opens else {}
    return Cell(f"{test.difference:+.2f}", note=verdict(test), **opening)


def _tests(view: View, beside: Evaluation) -> dict[str, PairedTest]:
    """A paired test for every space that both have: thousands of resamples of all queries."""
    from core.flow_comparison import compare

    own, others = view.protocol.spaces, beside.protocols[view.protocol_name].spaces
    both = [name for name in (STEP_0, AFTER, RERANKED) if name in own and name in others]
    return {name: compare(own[name], others[name], view.level, view.taxonomy) for name in both}
