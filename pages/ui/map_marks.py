"""What is marked on the map: the case it was asked to show, and the cases selected there."""

from __future__ import annotations

import streamlit as st

from pages.ui import drawer, state
from pages.ui.url_state import Setting

CASE: Setting[str | None] = Setting("map_case", None, str)
SELECTED, GRID_PAGE = "map_selected", "map_page"


def show_on_map(case_id: str) -> None:
    """Go to the map, where that case is marked."""
    drawer.close_case()
    CASE.set(case_id)
    state.go_to(state.MAP_PAGE, CASE)


def clear_mark() -> None:
    """Mark no case."""
    CASE.set(None)


def case_on_map() -> str | None:
    """The case to be marked on the map: the open one, else the one it was asked to show."""
    asked = CASE.follow()
    return drawer.case_in_drawer() or asked


def selected_on_map() -> tuple[str, ...]:
    """The cases selected on the map."""
    return st.session_state.get(SELECTED, ())


def select_on_map(case_ids: tuple[str, ...]) -> None:
    """Select these cases on the map; their grid begins at its first page."""
    st.session_state[SELECTED] = case_ids
    st.session_state.pop(GRID_PAGE, None)


def forget() -> None:
    """Mark nothing but what the URL has just brought."""
    CASE.forget()
    select_on_map(())
