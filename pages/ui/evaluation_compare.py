"""One flow beside another, on the same queries."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import streamlit as st

from core.errors import QueryError
from core.evaluation import AFTER, RERANKED, STEP_0
from pages.ui import flow_tasks, frame, pick_table, resources
from pages.ui.evaluation_choice import View
from pages.ui.evaluation_headline import score_cell, title_of, verdict
from pages.ui.pick_table import Cell, Column
from pages.ui.resources import OpenLibrary
from pages.ui.text import markdown

if TYPE_CHECKING:
    from core.bootstrap import PairedTest
    from core.evaluation import Evaluation


def show(library: OpenLibrary, view: View, other: str | None) -> None:
    """Both flows beside each other with a paired test, once another one is chosen."""
    own, split = view.evaluation.flow, view.evaluation.split
    if own is None or other is None or view.level == "finding":
        return
    st.subheader("Two flows", anchor=False)
    try:
        stored = resources.evaluation(library, other, split)
        if stored is not None and view.protocol_name in stored.evaluation.protocols:
            _table(library, view, stored.evaluation, own, other)
            return
    except QueryError as error:
        frame.quiet(str(error))
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"**{markdown(other)}** was not measured on these queries yet.")
        st.button(
            "Evaluate it", key="evaluate_other", on_click=partial(flow_tasks.evaluate, library, other, split, False)
        )


def _table(library: OpenLibrary, view: View, beside: Evaluation, own: str, other: str) -> None:
    others = beside.protocols[view.protocol_name].spaces
    asked = f"{view.name} beside {beside.flow!r} of {beside.made_at}"
    tests = library.kept(asked, partial(_tests, view, beside))
    rows = []
    for name, test in tests.items():
        scores = (found[name].levels[view.level].overall["recall@1"] for found in (view.protocol.spaces, others))
        cells = [score_cell(score) for score in scores]
        rows.append([Cell(title_of(name)), *cells, Cell(f"{test.difference:+.2f}", note=verdict(test))])
    columns = [Column("Recall@1"), Column(own), Column(other), Column("Difference", hint="Paired, on the same queries")]
    pick_table.show(columns, rows, key="evaluation_beside", label=f"{own} beside {other}")


def _tests(view: View, beside: Evaluation) -> dict[str, PairedTest]:
    """A paired test for every space that both have: thousands of resamples of all queries."""
    from core.flow_comparison import compare

    own, others = view.protocol.spaces, beside.protocols[view.protocol_name].spaces
    both = [name for name in (STEP_0, AFTER, RERANKED) if name in own and name in others]
    return {name: compare(own[name], others[name], view.level, view.taxonomy) for name in both}
