"""The sidebar: the way between pages, the library in use, what runs behind, and the permanent notice."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

import core
from core.errors import EntError
from pages.ui import flow_tasks, frame, libraries, library_list, palette, resources, state, taken_away
from pages.ui.resources import OpenLibrary
from pages.ui.text import markdown, number

POLL_RUNNING, POLL_IDLE = 1.0, 5.0
SHOWN_VERSION, SHOWN_EMPTY = "shown_version", "shown_empty"


def show(pages: Mapping[str, st.Page]) -> None:
    """Draw the sidebar; once a run, from the shell."""
    taken_away.take_note()
    with st.sidebar:
        st.html('<div class="ent-brand">ENT case browser</div>')
        navigation = st.container(gap=None, key="navigation")
        with st.container(key="library_block", gap="small"):
            above = st.empty()
            chosen = libraries.choose(library_list.libraries())
            if chosen is not None:
                _library(above, chosen.library_id)
        with navigation:  # now that the library is known, which links carry along
            for icon, page in pages.items():
                state.link(page, icon=icon)
        with st.container(key="footer"):
            frame.quiet(f"{core.NOTICE} Version {core.__version__}")


def _library(above: DeltaGenerator, library_id: str) -> None:
    library = libraries.in_use_or_none()
    if library is None:
        _go_on_without(library_id)
        frame.quiet("This library cannot be opened.")
        return
    tag = '<span class="ent-tag">synthetic</span>' if library.synthetic else ""
    above.html(f'<div class="ent-over" aria-hidden="true">Library in use{tag}</div>')
    st.session_state[SHOWN_VERSION] = library.version
    st.session_state[SHOWN_EMPTY] = not library.count()
    running = resources.jobs().running(library.library_id)
    st.fragment(_live, run_every=POLL_RUNNING if running else POLL_IDLE)(library)


def _live(library: OpenLibrary) -> None:
    """The facts of the library as they are now, also when another process changes it."""
    try:
        now, cases = library.catalog.state(), library.count()
    except EntError:
        _go_on_without(library.library_id)
        frame.quiet("This library cannot be read any more.")
        return
    deletion = taken_away.deleting()
    if deletion is not None and not deletion.running:
        st.rerun(scope="app")
    if st.session_state.get(SHOWN_EMPTY) and cases:
        st.rerun(scope="app")  # a page without a case on it has nothing that one would not want replaced
    flow = now.active_flow or "none active"
    frame.facts(
        [
            ("Cases", number(cases)),
            ("Encoder", palette.encoder_title(now.encoder.name)),
            ("Flow", flow),
        ]
    )
    running = resources.jobs().running(library.library_id)
    if running:
        page = flow_tasks.PAGES.get(running[0].kind, state.LIBRARY_PAGE)
        state.link(page, label=markdown(running[0].title), icon="spinner")
    elif library.version != st.session_state.get(SHOWN_VERSION):
        frame.quiet("The library has changed.")
        if st.button("Show the new state", icon=":material/refresh:", width="stretch"):
            st.rerun(scope="app")


def _go_on_without(library_id: str) -> None:
    """Draw the page anew, with another library, where that one was deleted while it was shown."""
    if not library_list.is_listed(library_id):
        st.rerun(scope="app")
