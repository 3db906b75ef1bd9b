"""What is done with the cases selected on the map: seen as images, searched with, shown in the gallery."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import streamlit as st

from pages.ui import current_query, drawer, frame, gallery_grid, gallery_page, map_marks
from pages.ui.query_state import QueryState
from pages.ui.resources import OpenLibrary
from pages.ui.text import count, number

if TYPE_CHECKING:
    from pages.ui.map_data import MapView

PER_PAGE = 48
MOST_IN_GALLERY = 20_000
"""Cases that one question to the catalogue may name."""


def show(library: OpenLibrary, view: MapView) -> None:
    """The selected cases as a grid, with what can be done with them; how to select where none is."""
    ids = tuple(case_id for case_id in map_marks.selected_on_map() if case_id in view.row_of)
    if not ids:
        frame.quiet(
            "Draw around points, or click a value of the legend, to see those cases here. By keyboard: Tab to a map, "
            "arrows from point to point, Enter opens the case, Space selects it and its neighbours, + and - zoom."
        )
        return
    _bar(ids, len(view.case_ids))
    pages = math.ceil(len(ids) / PER_PAGE)
    page = min(int(st.session_state.get(map_marks.GRID_PAGE) or 1), pages)
    shown = ids[(page - 1) * PER_PAGE : page * PER_PAGE]
    gallery_grid.show(
        [gallery_grid.card_of(c, library.taxonomy, library.library_id) for c in library.catalog.cases_by_id(shown)],
        key="map_grid",
        label="Selected cases",
        size="small",
        on_open=lambda case_id: drawer.open_case(case_id, ids),
        on_similar=current_query.search_with_case,
    )
    if pages > 1:
        with st.container(horizontal_alignment="center"):
            st.pagination(pages, key=map_marks.GRID_PAGE)


def _bar(ids: tuple[str, ...], among: int) -> None:
    most = QueryState.MOST
    with st.container(horizontal=True, vertical_alignment="center", key="map_selection"):
        st.markdown(f"**{number(len(ids))} of {count(among, 'case')} selected**", width="content")
        st.space("stretch")
        st.button(
            "Show in Gallery",
            icon=":material/grid_view:",
            on_click=gallery_page.show_in_gallery,
            args=(ids,),
            disabled=len(ids) > MOST_IN_GALLERY,
        )
        st.button(
            "Search with all",
            icon=":material/image_search:",
            on_click=current_query.search_with_cases,
            args=(ids,),
            disabled=len(ids) > most,
            help=f"A search takes at most {most} cases." if len(ids) > most else None,
        )
        st.button("Clear", icon=":material/close:", type="tertiary", on_click=map_marks.select_on_map, args=((),))
