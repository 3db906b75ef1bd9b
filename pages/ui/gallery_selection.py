"""What can be done with the cases chosen in the gallery: search with them, order by one, export them."""

from __future__ import annotations

import io

import streamlit as st

from core.export import export_zip
from pages.ui import compare_tray, current_query, frame, gallery_order, selection
from pages.ui.query_state import QueryState
from pages.ui.resources import OpenLibrary
from pages.ui.text import count

MOST_EXPORTED = 200
"""Originals that are put into one ZIP here; `python -m core export` takes any number."""


def show_bar(library: OpenLibrary) -> None:
    """The bar at the bottom of the window, not there while no case is chosen, and what it opens over the page."""
    if chosen := selection.selected():
        _bar(library, chosen)
    compare_tray.show_if_open(library, ())


def _bar(library: OpenLibrary, chosen: tuple[str, ...]) -> None:
    with st.bottom, st.container(horizontal=True, vertical_alignment="center", key="selection_bar"):
        frame.strong(f"{count(len(chosen), 'case')} selected")
        st.space("stretch")
        _search(chosen)
        if len(chosen) == 1:
            st.button(
                "Order by likeness to it",
                icon=":material/sort:",
                on_click=gallery_order.by_likeness,
                args=(chosen[0],),
            )
        _compare(chosen)
        _export(library, chosen)
        st.button("Clear", icon=":material/close:", type="tertiary", on_click=selection.clear_selection)


def _search(chosen: tuple[str, ...]) -> None:
    most = QueryState.MOST
    st.button(
        "Find similar" if len(chosen) == 1 else "Search with all",
        type="primary",
        icon=":material/image_search:",
        disabled=len(chosen) > most,
        help=f"A search takes up to {most} cases." if len(chosen) > most else None,
        on_click=current_query.search_with_cases,
        args=(chosen,),
    )


def _compare(chosen: tuple[str, ...]) -> None:
    fits = 2 <= len(chosen) <= compare_tray.MOST
    st.button(
        "Compare",
        icon=":material/compare:",
        disabled=not fits,
        help=None if fits else f"Two to {compare_tray.MOST} cases can stand beside each other.",
        on_click=compare_tray.compare,
        args=(chosen,),
    )


def _export(library: OpenLibrary, chosen: tuple[str, ...]) -> None:
    many = len(chosen) > MOST_EXPORTED

    def _zip() -> bytes:
        file = io.BytesIO()
        export_zip(library.catalog, library.store, file, chosen)
        return file.getvalue()

    st.download_button(
        "Export ZIP",
        _zip,
        file_name="cases.zip",
        mime="application/zip",
        icon=":material/download:",
        on_click="ignore",
        disabled=many,
        help=f"At most {MOST_EXPORTED} at once; the command export takes any number." if many else None,
    )
