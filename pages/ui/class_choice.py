"""The class that new images get, chosen from those of the library, or none."""

from __future__ import annotations

import streamlit as st

from core.manifest import CaseFacts
from pages.ui import palette
from pages.ui.resources import OpenLibrary

NOT_LABELLED = ""


def show(library: OpenLibrary, title: str, key: str, explanation: str | None = None, *, lasts: bool = False) -> None:
    """The choice, "not labelled" at first; it is there again after a visit to another page where it `lasts`."""
    st.selectbox(
        title,
        [NOT_LABELLED, *library.taxonomy.labels],
        format_func=lambda label: palette.title_of(library.taxonomy, label or None),
        key=key,
        help=explanation,
        persist_state="session" if lasts else None,
    )


def facts(key: str, patient: str | None = None) -> CaseFacts:
    """What is known of the images by the choice of that key."""
    return CaseFacts(label=st.session_state.get(key) or None, patient=patient)
