"""The cases chosen in the gallery, in the order they were chosen in."""

from __future__ import annotations

import streamlit as st

SELECTED = "selected_cases"


def selected() -> tuple[str, ...]:
    """Their ids."""
    return st.session_state.get(SELECTED, ())


def change_selection(came: list[str], went: list[str]) -> None:
    """Choose those that came, and no longer those that went."""
    kept = [case_id for case_id in selected() if case_id not in went]
    st.session_state[SELECTED] = tuple(dict.fromkeys((*kept, *came)))


def clear_selection() -> None:
    """Choose none."""
    st.session_state[SELECTED] = ()
