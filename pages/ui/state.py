"""Where a session is: the library in use, the pages, and the way from one to another."""

from __future__ import annotations

from typing import Any

import streamlit as st

from pages.ui.url_state import Setting, going_back

LIBRARY = "library"
SEARCH_PAGE, GALLERY_PAGE, LIBRARY_PAGE = "../search.py", "../gallery.py", "../library.py"
TRAINING_PAGE, EVALUATION_PAGE = "../training.py", "../evaluation.py"
MAP_PAGE = "../embedding_map.py"
GO_TO = "go_to_page"
_GO_WITH = "go_with_parameters"
OWNERS = {"like": "Search", "gallery_only": "Gallery", "map_case": "Embedding map"}
"""The title of the page that each setting belongs to with which pages are gone to."""


def go_to(page: str, *shown: Setting[Any]) -> None:
    """For a callback, where pages cannot be switched: the shell does it in the next run.

    The URL of the page says from the start what is `shown` there, so that going there is one step, and back is too.
    """
    st.session_state[GO_TO] = page
    st.session_state[_GO_WITH] = {setting.key: setting.said for setting in shown if setting.said is not None}


def switch_page() -> None:
    """Go where the last run was asked to go, if anywhere."""
    page, parameters = st.session_state.pop(GO_TO, None), st.session_state.pop(_GO_WITH, {})
    if page:
        # without parameters it trips over those bound to widgets
        st.switch_page(page, query_params=parameters | _carried())


def drop_foreign(page: str) -> None:
    """Where back leads to a URL with what another page shows, say it no more.

    Streamlit writes the query of a page that is gone to into the history under the page that is left, too.
    """
    if going_back():
        for key, owner in OWNERS.items():
            if owner != page:
                st.query_params.pop(key, None)


def link(page: str | st.Page, *, label: str | None = None, icon: str | None = None) -> None:
    """A link to a page; its URL says the library from the start, so that going there is one step, and back is too."""
    st.page_link(page, label=label, icon=icon, query_params=_carried())


def _carried() -> dict[str, str]:
    said = st.session_state.get(f"{LIBRARY}_in_url")
    return {LIBRARY: said} if said else {}


def go_to_library_page() -> None:
    """For a button; the shell switches pages in the next run."""
    go_to(LIBRARY_PAGE)
