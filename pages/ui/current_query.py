"""What this session searches with, which the URL says too: stored cases, images, words, a region, applied marks."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace

import streamlit as st

from pages.ui import drawer, query_url, state
from pages.ui.query_state import QueryImage, QueryState
from pages.ui.url_state import Setting

QUERY, FIELD = "search_query", "search_field"
_UPLOADS = "search_uploads"
_ASKED, _LOST = "search_asked_as", "search_images_lost"

WORDS: Setting[str] = Setting("search_words", "", str.strip)
LIKE: Setting[query_url.Parts] = Setting("like", (), query_url.parse, query_url.write)


def query() -> QueryState:
    """The query of this session, empty at first."""
    return replace(st.session_state.setdefault(QUERY, QueryState()), words=WORDS.value)


def follow() -> QueryState:
    """The query on the page that shows it: as its URL says it. Images that it says may be held no more: `lost`."""
    WORDS.follow()
    parts = LIKE.follow()
    if parts != st.session_state.get(_ASKED, ()):
        st.session_state[QUERY], st.session_state[_ASKED] = query_url.query_of(parts), parts
        st.session_state[_LOST] = query_url.lost(parts)
    return query()


def leave_out(case_ids: Collection[str]) -> None:
    """Ask without these cases from now on, on the page that shows the query: its URL says so at once."""
    ask(query().without(case_ids))
    LIKE.follow()


def lost() -> int:
    """How many images the URL said just now that are held no more; told once."""
    return int(st.session_state.pop(_LOST, 0))


def change_query(change: Callable[[QueryState], QueryState]) -> None:
    """Ask what `change` makes of the query from now on."""
    ask(change(query()))


def ask(wanted: QueryState) -> None:
    """Search with this from now on, its words apart."""
    st.session_state[QUERY], st.session_state[_ASKED] = wanted, query_url.parts_of(wanted)
    LIKE.set(st.session_state[_ASKED])


def ask_words(words: str) -> None:
    """Search with these words from now on."""
    WORDS.set(words.strip())


def take_words() -> None:
    """Search with what the field says; for the field."""
    ask_words(st.session_state.get(FIELD) or "")


def fill_field() -> None:
    """Have the field say what is searched with; before it is drawn, and only where it does not: one may be typing."""
    if st.session_state.get(FIELD) != WORDS.value:
        st.session_state[FIELD] = WORDS.value


def add_image(image: QueryImage) -> bool:
    """Search with this image too, the same picture twice counting once; whether there was room for it."""
    current = query()
    if any(image.digest == known.digest for known in current.images):
        return True
    if current.pictures >= QueryState.MOST:
        return False
    ask(replace(current, images=(*current.images, image), region=None))
    return True


def drop(*, digest: str | None = None, case_id: str | None = None) -> None:
    """Search without that image or case; marks stay while there is anything that they could move."""
    current = query()
    images = tuple(image for image in current.images if image.digest != digest)
    cases = tuple(case for case in current.cases if case != case_id)
    left = replace(current, images=images, cases=cases, region=None, side=None)
    ask(QueryState() if left.empty else left)


def search_with_case(case_id: str) -> None:
    """Make a stored case the whole query."""
    search_with_cases((case_id,))


def search_with_cases(case_ids: tuple[str, ...]) -> None:
    """Make several stored cases the whole query, at most as many as one takes."""
    clear_query()
    ask(QueryState(cases=case_ids[: QueryState.MOST]))
    drawer.close_case()
    state.go_to(state.SEARCH_PAGE, LIKE)


def clear_query() -> None:
    """Ask nothing."""
    ask(QueryState())
    ask_words("")


def forget() -> None:
    """Ask nothing but what the URL has just brought."""
    st.session_state[QUERY], st.session_state[_ASKED] = QueryState(), ()
    LIKE.forget()
    WORDS.forget()


def uploader_key() -> str:
    """Key of the upload widget; it changes when the files it held have been taken over into the query."""
    return f"search_upload_{st.session_state.setdefault(_UPLOADS, 0)}"


def renew_uploader() -> None:
    """Have an empty upload widget."""
    st.session_state[_UPLOADS] = st.session_state.get(_UPLOADS, 0) + 1
