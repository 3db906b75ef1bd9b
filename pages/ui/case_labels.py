"""The labels of a case as a form: correct class and finding, see what was changed, take the last change back."""

from __future__ import annotations

import streamlit as st

from core.case import Case
from core.errors import EntError
from core.label_table import LabelChange
from core.taxonomy import Taxonomy
from pages.ui import frame, palette
from pages.ui.resources import OpenLibrary
from pages.ui.text import markdown, moment

PATIENCE = 3.0
"""Seconds that a change waits for an import to let it through."""
FAILED, DRAWN = "labels_not_changed", "labels_drawn"
OVERTAKEN = "somebody else has changed these labels meanwhile; look at what they are now, then change them again"
SHOWN = 5


def show(case: Case, library: OpenLibrary) -> None:
    """The form, closed until it is wanted, with the record of changes below it."""
    history = library.catalog.labels.history(case.case_id)
    with st.expander("Correct the labels", icon=":material/edit:", key="drawer_labels"):
        if failed := st.session_state.pop(FAILED, None):
            st.error(f"Nothing was changed: {markdown(failed)}", icon=":material/error:")
        _form(case, library, history[0].seq if history else 0)
        if history:
            _history(history, library)


def corrected(history: tuple[LabelChange, ...], field: str = "label") -> bool:
    """Whether the class (or "finding") of a case is another than the one it came with."""
    changes = [change for change in history if field in change.new]
    return bool(changes) and changes[-1].old[field] != changes[0].new[field]


def _form(case: Case, library: OpenLibrary, changed: int) -> None:
    """`changed` is the number of the last change: what is chosen stays until it is saved, or another changes these."""
    taxonomy, state = library.taxonomy, f"{case.case_id}_{changed}"
    drawn = st.session_state.get(DRAWN, state)
    st.session_state[DRAWN] = state
    findings = list(dict.fromkeys(("", *library.facets("finding"), case.finding or "")))
    with st.form("labels", border=False):
        label = st.selectbox(
            "Class",
            ["", *taxonomy.labels],
            index=taxonomy.labels.index(case.label) + 1 if case.label in taxonomy.labels else 0,
            format_func=lambda name: palette.title_of(taxonomy, name or None),
            key=f"label_{state}",
        )
        finding = st.selectbox(
            "Finding",
            findings,
            index=findings.index(case.finding or ""),
            format_func=lambda name: name or "No finding",
            accept_new_options=True,
            help="Choose one of this library, or write a new one.",
            key=f"finding_{state}",
        )
        if not st.form_submit_button("Save", type="primary"):
            return
    if drawn != state:
        st.session_state[FAILED] = OVERTAKEN
        st.rerun()
    _change(library, case.case_id, label=label or "", finding=finding or "")


def _history(history: tuple[LabelChange, ...], library: OpenLibrary) -> None:
    from core.relabel import last_change

    frame.facts((moment(change.at), _said(change, library.taxonomy)) for change in history[:SHOWN])
    if len(history) > SHOWN:
        frame.quiet(f"and {len(history) - SHOWN} earlier changes")
    if last_change(history) and st.button("Undo the last change", icon=":material/undo:", key="labels_undo"):
        _change(library, history[0].case_id)


def _said(change: LabelChange, taxonomy: Taxonomy) -> str:
    parts = [f"{_value(taxonomy, k, change.old[k])} → {_value(taxonomy, k, change.new[k])}" for k in change.new]
    return f"{'undone: ' if change.undoes else ''}{', '.join(parts)}"


def _value(taxonomy: Taxonomy, field: str, value: str | None) -> str:
    return palette.title_of(taxonomy, value) if field == "label" else value or "no finding"


def _change(library: OpenLibrary, case_id: str, **values: str) -> None:
    """Make the change, or take the last one back where there are no values; then draw the whole page anew."""
    from core.relabel import relabel, undo

    try:
        with st.spinner("Saving; searches follow"):
            if values:
                change = relabel(library.engine, case_id, timeout=PATIENCE, **values)
            else:
                change = undo(library.engine, case_id, timeout=PATIENCE)
        st.toast("Saved; filters and searches follow." if change else "These were its labels already.")
    except EntError as error:
        st.session_state[FAILED] = str(error)
    st.rerun()
