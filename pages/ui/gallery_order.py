"""The order of the gallery: by time, class, typicality, likeness to a chosen case, or by chance; kept in the URL."""

from __future__ import annotations

import streamlit as st

from core.arrangement import Arrangement, By
from core.case import Case
from pages.ui import palette
from pages.ui.resources import OpenLibrary
from pages.ui.text import escaped

PAGE, SORT, SEED, LIKE = "gallery_page", "gallery_sort", "gallery_seed", "gallery_like"
TITLES: dict[By, str] = {
    "newest": "Newest first",
    "oldest": "Oldest first",
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


def choose(library: OpenLibrary) -> Arrangement:
    """The order as chosen, with a way to shuffle again; to be drawn inside a bar."""
    like = _followed(LIKE)
    case = next(iter(library.catalog.cases_by_id([like])), None) if like else None
    orders = [by for by in TITLES if by != "similar" or case is not None]
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
    seed = _seed()
    if by == "random":
        st.button("Shuffle", icon=":material/shuffle:", on_click=_set, args=(SEED, str(seed % MOST_SEEDS + 1)))
    if meant := _to_whom(case, library) if by == "similar" and case else MEANING.get(by):
        said.html(f'<div class="ent-quiet">{escaped(meant)}</div>', width="content")
    _keep(SEED, str(seed) if by == "random" else None)
    _keep(LIKE, like if by == "similar" else None)
    return Arrangement(by, seed if by == "random" else 1, like if by == "similar" and like else "")


def by_likeness(case_id: str) -> None:
    """Order the gallery by similarity to this case; for a button."""
    _set(LIKE, case_id)
    st.session_state[SORT] = "similar"


def _to_whom(case: Case, library: OpenLibrary) -> str:
    return f"to {palette.title_of(library.taxonomy, case.label)}, case {case.case_id[:6]}"


def _seed() -> int:
    text = _followed(SEED) or ""
    return min(int(text), MOST_SEEDS) if text.isascii() and text.isdigit() and len(text) < 10 else 1


def _followed(key: str) -> str | None:
    """A value that session and URL share: a URL that was pasted, reloaded or gone back to decides."""
    if key in st.query_params:
        st.session_state[key] = st.query_params[key]
    return st.session_state.get(key)


def _keep(key: str, value: str | None) -> None:
    if value is None:
        st.query_params.pop(key, None)
    elif st.query_params.get(key) != value:
        st.query_params[key] = value


def _set(key: str, value: str) -> None:
    st.session_state[key] = value
    st.query_params[key] = value
    first_page()


def first_page() -> None:
    """Begin anew where what is shown, or its order, has changed."""
    if st.session_state.get(PAGE, 1) != 1:
        st.session_state[PAGE] = 1
