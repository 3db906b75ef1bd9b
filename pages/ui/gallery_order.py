"""The order of the gallery: by time, class, typicality, likeness to a chosen case, or by chance; kept in the URL."""

from __future__ import annotations

import streamlit as st

from core.arrangement import Arrangement, By, compared_in
from core.case import Case
from core.vectors import PLAIN
from pages.ui import palette
from pages.ui.gallery_page import first_page
from pages.ui.resources import OpenLibrary
from pages.ui.text import escaped
from pages.ui.url_state import Setting

SORT = "gallery_sort"
TITLES: dict[By, str] = {
    "newest": "Last added first",
    "oldest": "First added first",
    "label": "By class",
    "typical": "Typical first",
    "unusual": "Unusual first",
    "random": "Random",
    "similar": "Similar to one case",
}
MEANING = {
    "typical": "nearest to the centre of its class, before the flow; classes count alike",
    "unusual": "furthest from the centre of its class, before the flow; classes count alike",
}
MOST_SEEDS = 1_000_000


def _seed(text: str) -> int:
    """A seed of a URL; the first for what is none."""
    return min(int(text), MOST_SEEDS) if text.isascii() and text.isdigit() and len(text) < 10 else 1


SEED: Setting[int] = Setting("gallery_seed", 1, _seed)
LIKE: Setting[str | None] = Setting("gallery_like", None, str)


def choose(library: OpenLibrary) -> Arrangement:
    """The order as chosen, with a way to shuffle again; to be drawn inside a bar."""
    like, case, seed = LIKE.follow(), _to_be_like(library), SEED.follow()
    orders = [by for by in TITLES if by != "similar" or case is not None]
    lost = like is not None and case is None and _asked() == "similar"
    if st.session_state.get(SORT) not in (None, *orders):
        st.session_state[SORT] = "newest"
    said = st.empty()
    by: By = st.selectbox(
        "Order",
        orders,
        format_func=TITLES.get,
        key=SORT,
        bind="query-params",
        width=190,
        label_visibility="collapsed",
        on_change=first_page,
    )
    if by == "random":
        st.button("Shuffle", icon=":material/shuffle:", on_click=_shuffle, args=(seed,))
    if lost:
        said.info("The case that others were ordered by is not in this library any more.", icon=":material/link_off:")
    elif meant := _to_whom(case, library) if by == "similar" and case else MEANING.get(by):
        said.html(f'<div class="ent-quiet">{escaped(meant)}</div>', width="content")
    return Arrangement(by, seed if by == "random" else 1, case.case_id if by == "similar" and case else "")


def by_likeness(case_id: str) -> None:
    """Order the gallery by similarity to this case; for a button."""
    LIKE.set(case_id)
    st.session_state[SORT] = "similar"
    first_page()


def _asked() -> str | None:
    """The order that the session or, before its box is drawn, the URL asks for."""
    asked: str | None = st.session_state.get(SORT) or st.query_params.get(SORT)
    return asked


def _to_whom(case: Case, library: OpenLibrary) -> str:
    said = f"to {palette.title_of(library.taxonomy, case.label)}, case {case.case_id[:6]}"
    behind = compared_in(library.catalog, case.case_id) != (library.catalog.active_flow or PLAIN)
    return f"{said}, before the flow, which has not reached it yet" if behind else said


def _to_be_like(library: OpenLibrary) -> Case | None:
    """The case that others can be ordered by; one that is not in this library, or has no embedding, counts as none."""
    like = LIKE.follow()
    known = library.catalog.cases_by_id([like]) if like and compared_in(library.catalog, like) else []
    case = next(iter(known), None)
    if like and case is None:
        LIKE.set(None)
        LIKE.follow()
    return case


def _shuffle(seed: int) -> None:
    SEED.set(seed % MOST_SEEDS + 1)
    first_page()
