"""One flow beside another, on the same queries."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

import streamlit as st

from core.errors import QueryError
from core.evaluation import AFTER, RERANKED, STEP_0, SpaceReport
from pages.ui import flow_tasks, frame, pick_table, resources
from pages.ui.evaluation_choice import View
from pages.ui.evaluation_headline import score_cell, title_of, verdict
from pages.ui.pick_table import Cell, Column
from pages.ui.resources import OpenLibrary
from pages.ui.text import markdown


def show(library: OpenLibrary, view: View, other: str | None) -> None:
    """Both flows beside each other with a paired test, once another one is chosen."""
    own, split = view.evaluation.flow, view.evaluation.split
    if own is None or other is None or view.level == "finding":
        return
    st.subheader("Two flows", anchor=False)
    try:
        stored = resources.evaluation(library, other, split)
        if stored is not None and view.protocol_name in stored.evaluation.protocols:
            _table(view, stored.evaluation.protocols[view.protocol_name].spaces, own, other)
            return
    except QueryError as error:
        frame.quiet(str(error))
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"**{markdown(other)}** was not measured on these queries yet.")
        st.button(
            "Evaluate it", key="evaluate_other", on_click=partial(flow_tasks.evaluate, library, other, split, False)
        )


def _table(view: View, others: Mapping[str, SpaceReport], own: str, other: str) -> None:
    from core.flow_comparison import compare

    rows = []
    for name in (STEP_0, AFTER, RERANKED):
        if name in view.protocol.spaces and name in others:
            left, right = view.protocol.spaces[name], others[name]
            test = compare(left, right, view.level, view.taxonomy)
            scores = (found.levels[view.level].overall["recall@1"] for found in (left, right))
            cells = [score_cell(score) for score in scores]
            rows.append([Cell(title_of(name)), *cells, Cell(f"{test.difference:+.2f}", note=verdict(test))])
    columns = [Column("Recall@1"), Column(own), Column(other), Column("Difference", hint="Paired, on the same queries")]
    pick_table.show(columns, rows, key="evaluation_beside", label=f"{own} beside {other}")
