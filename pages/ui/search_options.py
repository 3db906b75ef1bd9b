"""How to search: among which cases, of which side, before or after the flow, in what order, how many."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Literal

import streamlit as st

from core.errors import EntError
from core.filters import Filters
from pages.ui import current_query, flow_tasks, frame, resources, state
from pages.ui import filters as filter_widgets
from pages.ui.resources import OpenLibrary
from pages.ui.text import markdown

PREFIX = "search"
MANY = (12, 24, 48, 96)
SIDE, SPACE, STATED = "search_side_mode", "search_space", "search_side_stated"
FOLD, GUESSED = "search_fold", ""
View = Literal["before", "after", "both"]
SideMode = Literal["either", "same", "mirror"]
VIEWS: dict[View, str] = {"before": "Before flow", "after": "After flow", "both": "Side by side"}
SIDES: dict[SideMode, str] = {"either": "Either side", "same": "Same side", "mirror": "Mirror image"}


@dataclass(frozen=True)
class Options:
    """What a search needs beside what it searches with. `rerank` None where there is nothing to re-rank with.

    `stated` is the side that the query shows, where the person has said so.
    """

    top_k: int
    filters: Filters
    view: View
    side: SideMode
    rerank: bool | None
    fold: bool
    other_patients: bool
    stated: str | None = None


def choose(library: OpenLibrary) -> Options:
    """The options in one row above the results, the side of the query below it where sides are asked for."""
    with st.container(horizontal=True, vertical_alignment="center", key="search_bar"):
        filters = _filters(library)
        side = _side(library)
        st.space("stretch")
        view = _view(library)
        with st.popover("Options", icon=":material/tune:", key="search_more"):
            top_k = _many()
            fold = _fold()
            other_patients = bool(current_query.query().pictures) and _other_patients()
            rerank = _rerank(library, view)
    stated = _stated(library, side)
    return Options(top_k, filters, view, side, rerank, fold, other_patients, stated)


def chosen() -> dict[str, Any]:
    """Filters, side and space as they are chosen now, for `choose_again`."""
    ways = {SIDE: st.session_state.get(SIDE) or "either", SPACE: st.session_state.get(SPACE) or "after"}
    return filter_widgets.chosen(PREFIX) | ways


def choose_again(values: dict[str, Any]) -> None:
    """Choose what was chosen then; for a callback."""
    for key, value in values.items():
        if st.session_state.get(key) != value:
            st.session_state[key] = value


def _filters(library: OpenLibrary) -> Filters:
    active = filter_widgets.active(PREFIX)
    label = f"Filters ({active})" if active else "Filters"
    with st.popover(label, icon=":material/filter_list:", key="search_filters"):
        chosen = filter_widgets.choose(library, PREFIX)
        if chosen:
            st.button("Clear filters", on_click=filter_widgets.clear, args=(PREFIX,), type="tertiary")
    return chosen


def _side(library: OpenLibrary) -> SideMode:
    """Which side to look for; only where this library tells sides apart."""
    if not library.taxonomy.sides:
        return "either"
    modes = [mode for mode in SIDES if mode != "mirror" or current_query.query().pictures]
    if st.session_state.get(SIDE) not in (None, *modes):
        st.session_state[SIDE] = "either"
    return st.selectbox(
        "Side",
        modes,
        format_func=SIDES.get,
        key=SIDE,
        bind="query-params",
        label_visibility="collapsed",
        width=150,
    )


def _stated(library: OpenLibrary, mode: SideMode) -> str | None:
    """The side of the query, which the person may know better than anything that guesses it."""
    sides, known = library.taxonomy.sides, current_query.query().side
    known = known if known in sides else None
    if mode == "either" and known is None:
        return None
    st.session_state[STATED] = known or GUESSED
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="search_stated"):
        frame.quiet("The query shows", "content")
        st.segmented_control(
            "The side that the query shows",
            [GUESSED, *sides],
            format_func=lambda side: "what is guessed" if side == GUESSED else f"{side} side",
            required=True,
            key=STATED,
            on_change=_state,
            label_visibility="collapsed",
        )
    return known


def _state() -> None:
    said = st.session_state[STATED]
    current_query.change_query(lambda query: replace(query, side=None if said == GUESSED else said))


def _view(library: OpenLibrary) -> View:
    """Before the flow, after it, or both rankings beside each other; without a flow there is only one."""
    if library.catalog.active_flow is None:
        _no_flow(bool(flow_tasks.trained(library)))
        return "before"
    if current_query.query().words:
        frame.quiet("Words are compared before the flow", "content")
        return "before"
    return st.segmented_control(
        "Embedding space",
        list(VIEWS),
        format_func=VIEWS.get,
        default="after",
        required=True,
        key=SPACE,
        bind="query-params",
        label_visibility="collapsed",
    )


def _no_flow(trained: bool) -> None:
    """Why there is one ranking only, and the way to the other."""
    title = "No flow active" if trained else "No flow yet"
    step = "Activate one that was trained" if trained else "Train one and activate it"
    with st.popover(title, icon=":material/conversion_path:", key="no_flow"):
        st.markdown(
            "A flow moves images of one class together. This library has no active one, so there is only one "
            f"ranking. {step}; then both rankings can be seen here, before and after it."
        )
        link = "Activate one on the Training page" if trained else "Train a flow"
        state.link(state.TRAINING_PAGE, label=link, icon=":material/model_training:")


def _many() -> int:
    return st.selectbox(
        "Number of results", MANY, format_func=lambda n: f"{n} results", key="search_results", bind="query-params"
    )


def _fold() -> bool:
    return st.toggle(
        "Fold what shows the same",
        True,
        key=FOLD,
        bind="query-params",
        help="Further frames of one patient's structure, and nearly identical images, share one card.",
    )


def fold_nothing() -> None:
    """Have every result for itself; for a button."""
    st.session_state[FOLD] = False


def _other_patients() -> bool:
    return st.toggle(
        "Leave out the query's own patient",
        key="search_others",
        bind="query-params",
        help="As far as it is known: that of a stored case, or of an identical image in the library.",
    )


def _rerank(library: OpenLibrary, view: View) -> bool | None:
    """Whether to weigh class evidence in; by itself where validation found that it helps."""
    flow_id = library.catalog.active_flow
    if flow_id is None or view == "before":
        return None
    try:
        reranker = resources.reranking(library, flow_id)
    except EntError as error:
        st.caption(f"Results cannot be re-ranked: {markdown(error)}")
        return False
    if reranker is None:
        st.caption("This flow came without a re-ranker: results are in the order of their similarity.")
        return None
    validation = reranker.validation
    chosen = st.toggle("Weigh class evidence in", reranker.helps, key="search_rerank", bind="query-params")
    frame.quiet(
        f"Results that are likely of the query's class move up. On {validation.images} validation images the nearest "
        f"case had the right class in {validation.recall:.2f} of searches without, {validation.recall_reranked:.2f} "
        "with it."
    )
    return chosen
