"""What a query names and cannot be searched with any more: told once, and left out."""

from __future__ import annotations

import streamlit as st

from pages.ui import current_query, gone
from pages.ui.query_state import QueryState
from pages.ui.resources import OpenLibrary
from pages.ui.text import count


def show(library: OpenLibrary, query: QueryState) -> None:
    """Say which images are held no more and which cases are not in the library, and search without them."""
    if lost := current_query.lost():
        them = "it" if lost == 1 else "them"
        st.info(
            f"This link searched with {count(lost, 'image')} that the app holds no more: images to search with are not "
            f"stored. Drop {them} again to search with {them}.",
            icon=":material/broken_image:",
        )
    missing = gone.among(library, query.named)
    if not missing:
        return
    asked = missing.intersection(query.cases)
    if asked:
        st.info(gone.words(len(asked), "case of this search", "cases of this search"), icon=":material/link_off:")
    if marked := missing - asked:
        st.info(gone.words(len(marked), "marked case", "marked cases"), icon=":material/link_off:")
    current_query.leave_out(missing)
