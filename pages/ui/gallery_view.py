"""The parts of the Gallery page: class chips and filters, order and size, one page of cases."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import streamlit as st

from core.arrangement import Arrangement
from core.case import Case
from core.filters import Filters
from pages.ui import (
    class_chips,
    current_query,
    drawer,
    frame,
    gallery_grid,
    gallery_order,
    gallery_page,
    media,
    selection,
)
from pages.ui import filters as filter_widgets
from pages.ui.gallery_page import PREFIX, first_page
from pages.ui.resources import OpenLibrary
from pages.ui.text import count, number

SIZE, FROM = "gallery_size", "gallery_shown_from"
PER_PAGE = {"tiny": 192, "small": 96, "medium": 48, "large": 24, "huge": 12}


@dataclass(frozen=True)
class View:
    """How the cases are laid out: order, size of the images, which page of how many."""

    arrangement: Arrangement
    size: gallery_grid.Size
    page: int
    pages: int
    total: int


def choose_filters(library: OpenLibrary) -> Filters:
    """Class chips first, then the other filters in one row."""
    chips = st.container()
    only = gallery_page.only_in_gallery()
    with st.container(horizontal=True, key="gallery_filters"):
        filters = filter_widgets.choose(library, PREFIX, on_change=first_page, width=196, cases=only)
    counts = library.facets("label", replace(filters, label=()))
    with chips:
        class_chips.show(library.taxonomy, counts, filters.label, key="gallery_chips", on_choose=_choose_classes)
    return filters


def choose_view(library: OpenLibrary, filters: Filters) -> View:
    """Order and size of the images, beside the number of cases."""
    total = library.count(filters)
    everything = library.count() if filters else total
    with st.container(horizontal=True, vertical_alignment="center", key="gallery_bar"):
        words = count(total, "case")
        frame.quiet(f"{words} of {number(everything)}" if filters else words, "content")
        if filters:
            st.button("Clear filters", icon=":material/close:", type="tertiary", on_click=_clear)
        if total:
            frame.quiet("G goes to the images", "content")
        st.space("stretch")
        arrangement = gallery_order.choose(library)
        size = _choose_size()
    pages = max(1, math.ceil(total / PER_PAGE[size]))
    return View(arrangement, size, gallery_page.PAGE.one_of(pages), pages, total)


def _choose_size() -> gallery_grid.Size:
    """How large the images are, and with that how many stand on a page."""
    frame.quiet("Images", "content")
    found: gallery_grid.Size = st.select_slider(
        "Size of the images",
        list(PER_PAGE),
        value="medium",
        format_func=str.capitalize,
        key=SIZE,
        bind="query-params",
        label_visibility="collapsed",
        width=150,
        on_change=_stay,
    )
    return found


def _stay() -> None:
    """Where images are larger or smaller, go on at the page with the case that was the first before."""
    gallery_page.PAGE.go_to(st.session_state.get(FROM, 0) // PER_PAGE[st.session_state[SIZE]] + 1)


def show_cases(library: OpenLibrary, filters: Filters, view: View) -> None:
    """The cases of this page as a grid."""
    if not view.total:
        frame.empty("No case has all of this", "Take one of the filters back, or clear them all.")
        return
    cases = _cases(library, filters, view)

    def _walk() -> tuple[str, ...]:
        return library.arranged(view.arrangement, filters)

    drawer.walk_among(_walk)
    gallery_grid.show(
        [gallery_grid.card_of(case, library.taxonomy, library.library_id) for case in cases],
        key="gallery_grid",
        label="Cases",
        size=view.size,
        pictures=media.pictures_urls(library.library_id),
        on_open=lambda case_id: drawer.open_case(case_id, _walk()),
        on_similar=current_query.search_with_case,
        selected=selection.selected(),
        on_select=selection.change_selection,
    )


def _cases(library: OpenLibrary, filters: Filters, view: View) -> list[Case]:
    start, many = (view.page - 1) * PER_PAGE[view.size], PER_PAGE[view.size]
    st.session_state[FROM] = start
    if view.arrangement.stored is not None and not filters.cases:  # else thousands would be named
        return library.catalog.cases(filters, offset=start, limit=many, order=view.arrangement.stored)
    with st.spinner("Putting the cases in order"):
        ids = library.arranged(view.arrangement, filters)
    return library.catalog.cases_by_id(ids[start : start + many])


def show_pages(view: View) -> None:
    """The page switch below the grid."""
    gallery_page.PAGE.show_switch(view.pages, view.page)
    if view.total:
        frame.quiet(
            "Keys: arrows, Home, End, Page Up and Page Down move, and select with Shift; Enter opens, Space selects, S "
            "finds similar cases."
        )


def _choose_classes(labels: list[str]) -> None:
    st.session_state[f"{PREFIX}_label"] = labels
    first_page()


def _clear() -> None:
    filter_widgets.clear(PREFIX)
    gallery_page.show_all_in_gallery()
    first_page()
