"""Which page of the gallery is shown, and the cases that it is kept to; both begin anew with what is shown."""

from __future__ import annotations

import streamlit as st

from pages.ui import case_sets, state
from pages.ui import filters as filter_widgets
from pages.ui.paging import Pages
from pages.ui.url_state import Setting

PREFIX = "gallery"
PAGE = Pages("gallery_page")
ONLY: Setting[tuple[str, ...]] = Setting("gallery_only", (), case_sets.parse, case_sets.write)


def first_page() -> None:
    """Begin anew where what is shown, or its order, has changed."""
    PAGE.first()


def show_in_gallery(case_ids: tuple[str, ...]) -> None:
    """Go to the gallery, which shows these cases, and all of them, until that is taken back."""
    ONLY.set(case_ids)
    filter_widgets.clear(PREFIX)
    first_page()
    state.go_to(state.GALLERY_PAGE, ONLY)


def only_in_gallery() -> tuple[str, ...]:
    """The cases that the gallery is kept to, as its URL says it; none: it shows all."""
    if case_sets.is_lost(st.query_params.get(ONLY.key, "")):
        st.info(
            "This link kept the gallery to some cases, which the app holds no more. Choose them on the map again.",
            icon=":material/link_off:",
        )
    return ONLY.follow()


def show_all_in_gallery() -> None:
    """Show all cases again."""
    ONLY.set(())


def forget() -> None:
    """Show all cases, from the first page, unless the URL has just brought something else."""
    PAGE.forget()
    ONLY.forget()
