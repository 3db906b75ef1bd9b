"""The case drawer: one case large, what is known of it, its nearest cases; the same from every page."""

from __future__ import annotations

import streamlit as st

from core.case import Case
from core.errors import EntError, QueryError
from core.taxonomy import Taxonomy
from pages.ui import frame, gallery_grid, libraries, media, palette, resources, state
from pages.ui.resources import OpenLibrary
from pages.ui.text import day, escaped, markdown

NEAREST = 6
WIDTH = 620


def show_if_open() -> None:
    """Open the drawer when a case is to be seen; called once, at the end of a run."""
    case_id = state.case_in_drawer()
    library = libraries.in_use() if case_id else None
    if library is not None:
        _drawer(library)


@st.dialog("Case", position="right", width=WIDTH, on_dismiss=state.close_case)
def _drawer(library: OpenLibrary) -> None:
    case_id = state.case_in_drawer()
    try:
        case = library.catalog.case(case_id or "")
    except QueryError:
        st.info("This case is not in the library in use. It may have been removed, or the link is of another library.")
        return
    _walk(case_id)
    _image(case, library)
    with st.container(horizontal=True, vertical_alignment="center"):
        _heading(case, library.taxonomy)
        if st.button("Find similar", type="primary", icon=":material/image_search:", key="drawer_similar"):
            state.search_with_case(case.case_id)
            st.rerun()
    frame.facts(_facts(case, library.taxonomy))
    _nearest(case, library)


def _walk(case_id: str) -> None:
    """Previous and next among the cases of the grid the drawer was opened from."""
    among = state.cases_around() or (case_id,)
    at = among.index(case_id) if case_id in among else 0
    with st.container(horizontal=True, vertical_alignment="center"):
        _step("Previous", "Left", among, at - 1, ":material/arrow_back:")
        _step("Next", "Right", among, at + 1, ":material/arrow_forward:")
        frame.quiet(f"{at + 1} of {len(among)}")


def _step(label: str, key: str, among: tuple[str, ...], to: int, icon: str) -> None:
    there = 0 <= to < len(among)
    st.button(
        label,
        key=f"drawer_{label.lower()}",
        icon=icon,
        shortcut=key,
        disabled=not there,
        on_click=state.open_case,
        args=(among[to], among) if there else ("", ()),
    )


def _image(case: Case, library: OpenLibrary) -> None:
    url = media.image_url(library.library_id, case.case_id)
    alt = f"{palette.title_of(library.taxonomy, case.label)}, case {case.case_id}"
    st.html(
        f'<img class="ent-case-image" src="{escaped(url)}" alt="{escaped(alt)}" '
        f'style="aspect-ratio:{case.width} / {case.height}">'
    )


def _heading(case: Case, taxonomy: Taxonomy) -> None:
    title = palette.title_of(taxonomy, case.label)
    tag = '<span class="ent-tag">dataset label</span>' if case.label else ""
    colour = frame.swatch(palette.colour_of(taxonomy, case.label).css)
    st.html(f'<div class="ent-case-title">{colour}{escaped(title)}{tag}</div>')


def _facts(case: Case, taxonomy: Taxonomy) -> list[tuple[str, object]]:
    known = taxonomy.by_name.get(case.label or "")
    return [
        ("Finding", case.finding),
        ("Region", known.region.capitalize() if known else None),
        ("Side", known.side.capitalize() if known and known.side else None),
        ("Description", case.description_en or case.description),
        ("Original words", case.description if case.description_en else None),
        ("Patient", case.patient),
        ("Examined", day(case.exam_date)),
        ("Split", case.split),
        ("Image", f"{case.width} × {case.height} pixels"),
        ("File", case.filename),
        ("Added", day(case.added_at)),
        ("Case", case.case_id),
    ]


def _nearest(case: Case, library: OpenLibrary) -> None:
    """The cases nearest to this one: their embeddings are stored, so nothing is encoded."""
    from core.search import Query

    query = Query(cases=(case.case_id,), top_k=NEAREST)
    signature = f"nearest {case.case_id}"
    try:
        result = resources.search(library.library_id, library.version, signature, query)
    except EntError as error:
        st.caption(f"Nearest cases cannot be shown. {markdown(error)}")
        return
    if not result.hits:
        return
    st.html('<div class="ent-over" style="margin-top:0.6rem">Nearest cases</div>')
    cards = [
        gallery_grid.card_of(h.case, library.taxonomy, library.library_id, similarity=h.similarity) for h in result.hits
    ]
    ids = tuple(card.case_id for card in cards)
    gallery_grid.show(
        cards,
        key="drawer_nearest",
        label="Nearest cases",
        size="small",
        on_open=lambda found: state.open_case(found, ids),
    )
