"""The parts of the Gallery page: class chips and filters, order and density, one page of cases."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import streamlit as st

from core.catalog import Order
from core.filters import Filters
from pages.ui import class_chips, frame, gallery_grid, state
from pages.ui import filters as filter_widgets
from pages.ui.resources import OpenLibrary
from pages.ui.text import count, number

PREFIX = "gallery"
PAGE, SORT, SIZE = "gallery_page", "gallery_sort", "gallery_size"
ORDERS: dict[Order, str] = {"newest": "Newest first", "oldest": "Oldest first", "label": "By class"}
PER_PAGE = {"small": 96, "medium": 48, "large": 24}


@dataclass(frozen=True)
class View:
    """How the cases are laid out: order, size of the images, which page of how many."""

    order: Order
    size: gallery_grid.Size
    page: int
    pages: int
    total: int


def choose_filters(library: OpenLibrary) -> Filters:
    """Class chips first, then the other filters in one row."""
    chips = st.container()
    with st.container(horizontal=True, key="gallery_filters"):
        filters = filter_widgets.choose(library, PREFIX, on_change=first_page, width=196)
    filters = replace(filters, cases=state.only_in_gallery())
    counts = library.facets("label", replace(filters, label=()))
    with chips:
        class_chips.show(library.taxonomy, counts, filters.label, key="gallery_chips", on_choose=_choose_classes)
    return filters


def choose_view(library: OpenLibrary, filters: Filters) -> View:
    """Order and density, beside the number of cases."""
    total = library.count(filters)
    everything = library.count() if filters else total
    with st.container(horizontal=True, vertical_alignment="center", key="gallery_bar"):
        words = count(total, "case")
        frame.quiet(f"{words} of {number(everything)}" if filters else words, "content")
        if filters:
            st.button("Clear filters", icon=":material/close:", type="tertiary", on_click=_clear)
        st.space("stretch")
        order = st.selectbox(
            "Order",
            list(ORDERS),
            format_func=ORDERS.get,
            key=SORT,
            bind="query-params",
            width=180,
            label_visibility="collapsed",
            on_change=first_page,
        )
        size = st.segmented_control(
            "Image size",
            list(PER_PAGE),
            format_func=str.capitalize,
            default="medium",
            required=True,
            key=SIZE,
            bind="query-params",
            label_visibility="collapsed",
            on_change=first_page,
        )
    pages = max(1, math.ceil(total / PER_PAGE[size]))
    page = min(int(st.session_state.get(PAGE) or st.query_params.get(PAGE) or 1), pages)
    return View(order, size, page, pages, total)


def show_cases(library: OpenLibrary, filters: Filters, view: View) -> None:
    """The cases of this page as a grid."""
    if not view.total:
        frame.empty("No case has all of this", "Take one of the filters back, or clear them all.")
        return
    per_page = PER_PAGE[view.size]
    cases = library.catalog.cases(filters, offset=(view.page - 1) * per_page, limit=per_page, order=view.order)
    ids = tuple(case.case_id for case in cases)
    gallery_grid.show(
        [gallery_grid.card_of(case, library.taxonomy, library.library_id) for case in cases],
        key="gallery_grid",
        label="Cases",
        size=view.size,
        on_open=lambda case_id: state.open_case(case_id, ids),
        on_similar=state.search_with_case,
    )


def show_pages(view: View) -> None:
    """The page switch below the grid."""
    if view.pages > 1:
        with st.container(horizontal_alignment="center"):
            st.pagination(view.pages, key=PAGE, bind="query-params")


def _choose_classes(labels: list[str]) -> None:
    st.session_state[f"{PREFIX}_label"] = labels
    first_page()


def _clear() -> None:
    filter_widgets.clear(PREFIX)
    state.show_all_in_gallery()
    first_page()


def first_page() -> None:
    if st.session_state.get(PAGE, 1) != 1:
        st.session_state[PAGE] = 1
