"""How to search: how many results, among which cases, before or after the flow."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from core.filters import Filters
from pages.ui import filters as filter_widgets
from pages.ui import frame, state
from pages.ui.resources import OpenLibrary

PREFIX = "search"
MANY = (12, 24, 48, 96)
SPACES = {"before": "Before the flow", "after": "After the flow"}


@dataclass(frozen=True)
class Options:
    """What `core.search.Query` needs beside the images."""

    top_k: int
    filters: Filters
    space: str


def choose(library: OpenLibrary) -> Options:
    """The options in one row above the results."""
    with st.container(horizontal=True, vertical_alignment="center", key="search_bar"):
        filters = _filters(library)
        st.space("stretch")
        space = _space(library)
        top_k = st.selectbox(
            "Number of results",
            MANY,
            format_func=lambda n: f"{n} results",
            key="search_results",
            bind="query-params",
            label_visibility="collapsed",
            width=140,
        )
    return Options(top_k, filters, space)


def _filters(library: OpenLibrary) -> Filters:
    active = filter_widgets.active(PREFIX)
    label = f"Filters ({active})" if active else "Filters"
    with st.popover(label, icon=":material/filter_list:", key="search_filters"):
        chosen = filter_widgets.choose(library, PREFIX)
        if chosen:
            st.button("Clear filters", on_click=filter_widgets.clear, args=(PREFIX,), type="tertiary")
    return chosen


def _space(library: OpenLibrary) -> str:
    flow, words = library.catalog.state().active_flow, state.query().words
    free = flow is not None and not words
    if not free:
        frame.quiet("No flow is active" if flow is None else "Words are compared before the flow", "content")
    chosen = st.segmented_control(
        "Embedding space",
        list(SPACES),
        format_func=SPACES.get,
        default="after" if free else "before",
        required=True,
        disabled=not free,
        key="search_space" if free else "search_space_fixed",
        bind="query-params" if free else None,
        label_visibility="collapsed",
    )
    return chosen if free else "before"
