"""The queries behind a figure, page by page, as images; the worst ones where no figure was picked."""

from __future__ import annotations

import math
from collections import Counter
from functools import partial
from string import digits
from typing import TYPE_CHECKING

import streamlit as st

from core import behind
from core.confusion import SIDES
from core.errors import QueryError
from core.evaluation import BEFORE
from pages.ui import current_query, drawer, evaluation_pick, frame, gallery_grid, picking
from pages.ui.evaluation_choice import View
from pages.ui.evaluation_headline import title_of
from pages.ui.evaluation_pick import Pick
from pages.ui.evaluation_words import answer_words, list_words
from pages.ui.resources import OpenLibrary
from pages.ui.text import number

if TYPE_CHECKING:
    from core.behind import Answer

SHOWN = 48


def picked(view: View) -> Pick | None:
    """What is looked at, where this report has that space."""
    found = evaluation_pick.picked()
    return found if found is not None and found.space in view.reports else None


def confusion(library: OpenLibrary, view: View) -> Counter[tuple[str, str]]:
    """How often a query of one class (or region) has its nearest neighbour in another; counted once a view."""

    def _counted() -> Counter[tuple[str, str]]:
        pairs = (behind.pair_of(outcome, view.level, view.taxonomy) for outcome in view.space.outcomes)
        return Counter((asked, found) for asked, found in pairs if asked and found)

    return library.kept(f"confusion of {view.name}", _counted)


def show(library: OpenLibrary, view: View) -> None:
    """The queries that were picked as a grid; the worst ones where none were."""
    chosen = picked(view)
    found = _asked(library, view, chosen)
    if found is None or not (found or _can_be_none(chosen)):  # a link to another report, say
        chosen = None
        found = _asked(library, view, None) or []
    with st.container(key="evaluation_queries"):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.subheader("The queries behind it" if chosen else "Worst queries", anchor=False)
            st.space("stretch")
            if chosen:
                worst = {"key": "evaluation_worst", "type": "tertiary"}
                st.button("Worst queries", on_click=evaluation_pick.pick, args=(None,), **worst)
        frame.quiet(f"{title_of(chosen.space if chosen else view.space_name)}: {list_words(view, chosen, found)}")
        _pages(library, view, chosen, found)


def queries(view: View, chosen: Pick | None) -> list[Answer] | None:
    """The queries behind what is picked, worst first; None where it means nothing in this report."""
    if chosen is None:
        return behind.of_worst(view.space, view.level)
    report, taxonomy = view.reports[chosen.space], view.taxonomy
    try:
        if chosen.kind == "cell":
            return behind.of_pair(report, view.level, chosen.value, chosen.found, taxonomy)
        if chosen.kind == "sides":
            return behind.of_side(report, chosen.value, taxonomy)
        if chosen.kind == "score":
            return behind.of_score(report, view.level, chosen.value)
        if chosen.kind == "change":
            return behind.of_change(report, view.reports[BEFORE], view.level)
        if chosen.kind == "flows":
            return _of_flows(view, chosen)
        if chosen.kind == "bin":
            place = int(chosen.value) if len(chosen.value) == 1 and chosen.value in digits else -1
            return behind.of_bin(view.evaluation, report, place)
    except QueryError:  # made up, or of a report that does not know it
        return None
    return behind.of_value(report, view.level, chosen.value, taxonomy)


def _of_flows(view: View, chosen: Pick) -> list[Answer]:
    """Those that only one of the two flows finds, or where a measure is named, all of them as the other has them."""
    beside = view.beside
    spaces = beside.protocols[view.protocol_name].spaces if beside and beside.flow == chosen.value else {}
    if chosen.space not in spaces:
        raise QueryError(f"the flow {chosen.value!r} does not stand beside this one there")
    other = spaces[chosen.space]
    if chosen.found:
        return behind.of_score(other, view.level, chosen.found)
    return behind.of_flows(view.reports[chosen.space], other, view.level)


def _can_be_none(chosen: Pick | None) -> bool:
    """Whether it is an answer that there is no such query."""
    if chosen is None:
        return False
    return chosen.kind in ("change", "flows") or (chosen.kind == "sides" and chosen.value in SIDES)


def _asked(library: OpenLibrary, view: View, chosen: Pick | None) -> list[Answer] | None:
    what = chosen.text if chosen else "worst"
    if chosen and chosen.kind == "flows" and view.beside:
        what += f" measured {view.beside.made_at}"
    return library.kept(f"{what} of {view.name}", partial(queries, view, chosen))


def _pages(library: OpenLibrary, view: View, chosen: Pick | None, found: list[Answer]) -> None:
    pages = max(1, math.ceil(len(found) / SHOWN))
    page = picking.PAGE.one_of(pages)
    if not found:
        return
    start = (page - 1) * SHOWN
    shown = found[start : start + SHOWN]
    if pages > 1:
        with st.container(horizontal=True, vertical_alignment="center"):
            picking.PAGE.show_switch(pages, page)
            frame.quiet(f"{number(start + 1)} to {number(start + len(shown))} of {number(len(found))}", "content")
    _grid(library, view, chosen, shown, tuple(answer.outcome.case.case_id for answer in found))


def _grid(library: OpenLibrary, view: View, chosen: Pick | None, shown: list[Answer], among: tuple[str, ...]) -> None:
    drawer.walk_among(lambda: among)
    gallery_grid.show(
        [
            gallery_grid.card_of(
                answer.outcome.case, view.taxonomy, library.library_id, badges=answer_words(view, chosen, answer)
            )
            for answer in shown
        ],
        key="evaluation_grid",
        label="Queries",
        on_open=lambda case_id: drawer.open_case(case_id, among),
        on_similar=current_query.search_with_case,
    )
