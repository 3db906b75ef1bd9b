"""The case drawer: one case large, what is known of it, its nearest cases; the same from every page."""

from __future__ import annotations

import streamlit as st

from core.case import Case
from core.errors import QueryError
from core.taxonomy import Taxonomy
from pages.ui import (
    case_labels,
    case_neighbours,
    current_query,
    drawer,
    frame,
    image_viewer,
    libraries,
    map_marks,
    palette,
)
from pages.ui.resources import OpenLibrary
from pages.ui.text import day, escaped, number

WIDTH = 700
IMPORTED = "The description came with the import and may not fit the corrected label."


def show_if_open() -> None:
    """Open the drawer when a case is to be seen; called once, at the end of a run."""
    case_id = drawer.case_in_drawer()
    library = libraries.in_use_or_none() if case_id else None
    if library is not None:
        _drawer(library)


@st.dialog("Case", position="right", width=WIDTH, on_dismiss=drawer.close_case)
def _drawer(library: OpenLibrary) -> None:
    case_id = drawer.case_in_drawer()
    try:
        case = library.catalog.case(case_id or "")
    except QueryError:
        st.info("This case is not in the library in use. It may have been removed, or the link is of another library.")
        return
    _walk(case_id)
    _image(case, library)
    with st.container(horizontal=True, vertical_alignment="center"):
        _heading(case, library)
        if st.button("Find similar", type="primary", icon=":material/image_search:", key="drawer_similar"):
            current_query.search_with_case(case.case_id)
            st.rerun()
        if st.button("Show on map", icon=":material/scatter_plot:", key="drawer_map"):
            map_marks.show_on_map(case.case_id)
            st.rerun()
    history = library.catalog.labels.history(case.case_id)
    frame.facts(_facts(case, library.taxonomy, any(case_labels.corrected(history, of) for of in ("label", "finding"))))
    case_labels.show(case, library)
    case_neighbours.show(case, library)


def _walk(case_id: str) -> None:
    """Previous and next among the cases of the grid the drawer was opened from."""
    among = drawer.cases_around() or (case_id,)
    at = among.index(case_id) if case_id in among else 0
    with st.container(horizontal=True, vertical_alignment="center"):
        _step("Previous", "Left", among, at - 1)
        _step("Next", "Right", among, at + 1)
        frame.quiet(f"{number(at + 1)} of {number(len(among))}", "content")
        if trail := drawer.trail():
            st.space("stretch")
            back = f"Back to {trail[-1][0][:6]}"
            st.button(back, key="drawer_back", icon=":material/undo:", type="tertiary", on_click=drawer.step_back)


def _step(label: str, key: str, among: tuple[str, ...], to: int) -> None:
    there = 0 <= to < len(among)
    st.button(
        label,
        key=f"drawer_{label.lower()}",
        shortcut=key,
        disabled=not there,
        on_click=drawer.open_case,
        args=(among[to], among) if there else ("", ()),
    )


def _image(case: Case, library: OpenLibrary) -> None:
    alt = f"{palette.title_of(library.taxonomy, case.label)}, case {case.case_id}"
    image_viewer.show(case, library.library_id, alt, key="drawer_image")


def _heading(case: Case, library: OpenLibrary) -> None:
    taxonomy = library.taxonomy
    said = "corrected label" if case_labels.corrected(library.catalog.labels.history(case.case_id)) else "dataset label"
    tag = f'<span class="ent-tag">{said}</span>' if case.label or said == "corrected label" else ""
    colour = frame.swatch(palette.colour_of(taxonomy, case.label).css)
    title = escaped(palette.title_of(taxonomy, case.label))
    st.html(f'<div class="ent-case-title">{colour}{title}{tag}</div>')


def _facts(case: Case, taxonomy: Taxonomy, corrected: bool) -> list[tuple[str, object]]:
    described = case.description_en or case.description
    known = taxonomy.by_name.get(case.label or "")
    return [
        ("Finding", case.finding),
        ("Region", known.region.capitalize() if known else None),
        ("Side", known.side.capitalize() if known and known.side else None),
        ("Description", described),
        ("Original words", case.description if case.description_en else None),
        ("Take care", IMPORTED if described and corrected else None),
        ("Patient", case.patient),
        ("Examined", day(case.exam_date)),
        ("Split", case.split),
        ("Image", f"{case.width} × {case.height} pixels"),
        ("File", case.filename),
        ("Added", day(case.added_at)),
        ("Case", case.case_id),
    ]
