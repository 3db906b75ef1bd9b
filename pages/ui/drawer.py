"""Which case is open in the drawer, those it stands among, and the cases that led to it."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from pages.ui.url_state import Setting

CASE: Setting[str | None] = Setting("case", None, str, str, lasts=False)
AMONG, TRAIL = "case_among", "case_trail"


def open_case(case_id: str, among: tuple[str, ...]) -> None:
    """Open a case in the drawer; `among` are the cases that previous and next walk through."""
    CASE.set(case_id)
    st.session_state[AMONG] = among if case_id in among else (case_id,)


def follow_case(case_id: str, among: tuple[str, ...]) -> None:
    """Open a case from within the drawer, with a way back to the one that is open there."""
    if here := case_in_drawer():
        st.session_state[TRAIL] = (*trail(), (here, cases_around()))
    open_case(case_id, among)


def trail() -> tuple[tuple[str, tuple[str, ...]], ...]:
    """The cases that led to the open one, each with those it stood among."""
    return st.session_state.get(TRAIL, ())


def step_back() -> None:
    """Open the case again that led to the open one."""
    *before, (case_id, among) = trail()
    st.session_state[TRAIL] = tuple(before)
    open_case(case_id, among)


def close_case() -> None:
    """Close the drawer."""
    CASE.set(None)
    st.session_state[TRAIL] = ()


def case_in_drawer() -> str | None:
    """The open case."""
    before, case_id = CASE.value, CASE.follow()
    if case_id != before:
        _retrace(case_id)
    return case_id


def _retrace(case_id: str | None) -> None:
    """Where the browser's back led to a case on the trail: it stands among the same cases as before."""
    ids = [led for led, _ in trail()]
    if case_id in ids:
        at = ids.index(case_id)
        st.session_state[AMONG] = trail()[at][1]
        st.session_state[TRAIL] = trail()[:at]
    else:
        st.session_state[TRAIL] = ()
        if case_id not in cases_around():
            st.session_state.pop(AMONG, None)


def cases_around() -> tuple[str, ...]:
    """The cases that previous and next walk through."""
    return st.session_state.get(AMONG, ())


def walk_among(case_ids: Callable[[], tuple[str, ...]]) -> None:
    """Have previous and next walk through these cases where the drawer was opened by a URL and knows of none."""
    if case_in_drawer() and AMONG not in st.session_state:
        st.session_state[AMONG] = case_ids()


def forget() -> None:
    """Close the drawer, unless the URL has just opened it."""
    CASE.forget()
    st.session_state.pop(AMONG, None)
    st.session_state[TRAIL] = ()
