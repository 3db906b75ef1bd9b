"""More like this, less like this: the marks on results, the next round of the search, and the way back."""

from __future__ import annotations

import streamlit as st

from pages.ui import current_query, media, palette
from pages.ui.gallery_grid import Mark
from pages.ui.query_state import QueryState
from pages.ui.resources import OpenLibrary
from pages.ui.text import count, escaped

SIGNS = {"more": "+", "less": "\u2212"}
SAID = {"more": "More like", "less": "Less like"}


def mark(said: Mark, case_id: str) -> None:
    """Set a mark on a case, or take it back."""
    current_query.change_query(lambda query: query.with_mark(said, case_id))


def marks() -> dict[str, Mark]:
    """The marks that are set now, by case."""
    return dict(current_query.query().marks)


def anything() -> bool:
    """Whether something is marked, or was searched with."""
    query = current_query.query()
    return bool(query.marks or query.rounds)


def show_bar(library: OpenLibrary) -> None:
    """Once something is marked: what, and what to do with it."""
    query = current_query.query()
    if not anything():
        return
    with st.container(key="refine_bar", horizontal=True, vertical_alignment="center", gap="small"):
        st.html(_marked(library, query), width="content")
        st.space("stretch")
        if query.marks != query.applied:
            st.button(
                "Search again",
                type="primary",
                icon=":material/my_location:",
                key="refine",
                on_click=current_query.change_query,
                args=(QueryState.refined,),
            )
        if query.rounds:
            st.button(
                "Undo",
                icon=":material/undo:",
                key="refine_undo",
                help="Back to the search before the last round",
                on_click=current_query.change_query,
                args=(QueryState.a_round_back,),
            )
        st.button(
            "Clear marks", key="refine_clear", on_click=current_query.change_query, args=(QueryState.without_marks,)
        )


def _marked(library: OpenLibrary, query: QueryState) -> str:
    rounds = f"Refined, {count(len(query.rounds), 'round')}" if query.rounds else "Marked"
    if query.marks != query.applied and query.rounds:
        rounds += ", marks changed"
    known = {case.case_id: case for case in library.catalog.cases_by_id([case_id for case_id, _ in query.marks])}
    pictures = "".join(
        _picture(library, case_id, said, palette.title_of(library.taxonomy, known[case_id].label))
        for case_id, said in query.marks
        if case_id in known
    )
    return f'<div class="ent-marked"><span class="what">{escaped(rounds)}</span>{pictures}</div>'


def _picture(library: OpenLibrary, case_id: str, said: Mark, title: str) -> str:
    url = escaped(media.thumbnail_url(library.library_id, case_id))
    words = escaped(f"{SAID[said]}: {title}, case {case_id[:6]}")
    sign = f'<b aria-hidden="true">{SIGNS[said]}</b>'
    return f'<span class="{said}" title="{words}"><img src="{url}" alt="{words}">{sign}</span>'
