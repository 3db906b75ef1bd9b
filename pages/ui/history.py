"""The queries of this session, the latest first: any of them can be asked again, in the way it was asked last."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import streamlit as st

from pages.ui import current_query, media, palette, search_options
from pages.ui.query_state import QueryState
from pages.ui.resources import OpenLibrary
from pages.ui.text import count, escaped, markdown

HISTORY = "search_history"
KEPT = 12


@dataclass(frozen=True)
class Entry:
    """A query, and what was chosen beside it: filters, side and space."""

    query: QueryState
    chosen: dict[str, Any]


def remember() -> None:
    """Keep the query that was answered just now; asked before, it becomes the latest again."""
    st.session_state[HISTORY] = (Entry(_asked(), search_options.chosen()), *_others())[:KEPT]


def show_menu(library: OpenLibrary) -> None:
    """The earlier queries in a menu, beside the query; nothing before there are any."""
    if earlier := _others():
        with st.popover("History", icon=":material/history:", key="history_menu"):
            _list(library, earlier)


def show_list(library: OpenLibrary, width: int) -> None:
    """All of them below the empty state."""
    if known := st.session_state.get(HISTORY, ()):
        with st.container(key="history", width=width):
            st.html('<div class="ent-over">Earlier in this session</div>')
            _list(library, known)


def forget() -> None:
    """Keep none."""
    st.session_state[HISTORY] = ()


def _list(library: OpenLibrary, entries: tuple[Entry, ...]) -> None:
    for at, entry in enumerate(entries):
        with st.container(horizontal=True, wrap=False, vertical_alignment="center", gap="small"):
            st.html(_picture(library, entry.query), width="content")
            title = markdown(_title(library, entry.query))
            st.button(title, key=f"history_{at}", type="tertiary", on_click=_ask, args=(entry,))


def _asked() -> QueryState:
    query = current_query.query()
    return replace(query, marks=query.applied)


def _others() -> tuple[Entry, ...]:
    asked = _asked()
    return tuple(known for known in st.session_state.get(HISTORY, ()) if known.query != asked)


def _ask(entry: Entry) -> None:
    current_query.ask(entry.query)
    current_query.ask_words(entry.query.words)
    search_options.choose_again(entry.chosen)


def _picture(library: OpenLibrary, query: QueryState) -> str:
    urls = [media.preview_url(image.preview) for image in query.images]
    urls += [media.thumbnail_url(library.library_id, case_id) for case_id in query.cases]
    if not urls:
        return '<span class="ent-history"></span>'
    return f'<span class="ent-history"><img src="{escaped(urls[0])}" alt=""></span>'


def _title(library: OpenLibrary, query: QueryState) -> str:
    """A query in a few words."""
    labels = {case.case_id: case.label for case in library.catalog.cases_by_id(query.cases)}
    parts = [query.words, *(image.name for image in query.images)]
    parts += [
        f"{palette.title_of(library.taxonomy, labels.get(case_id))}, case {case_id[:6]}" for case_id in query.cases
    ]
    said = " + ".join(part for part in parts if part)
    ways = ["part of it"] if query.region else []
    ways += [count(len(query.rounds), "round") + " of marks"] if query.rounds else []
    return f"{said} ({', '.join(ways)})" if ways else said
