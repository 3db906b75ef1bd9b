"""What one person's session holds: the query, the open case, and how they follow the URL."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

import streamlit as st

from pages.ui.query_state import QueryImage as QueryImage
from pages.ui.query_state import QueryState as QueryState

LIBRARY = "library"
SEARCH_TITLE = "Search"
SEARCH_PAGE, GALLERY_PAGE, LIBRARY_PAGE = "../search.py", "../gallery.py", "../library.py"
GO_TO = "go_to_page"
CASE = "case"
LIKE = "like"
QUERY = "search_query"
WORDS = "search_words"
HISTORY = "search_history"
TO_COMPARE = "compare_chosen"
AMONG = "case_among"
_SEEN_CASE = "case_seen_in_url"
_UPLOADS = "search_uploads"
_NEXT_WORDS = "search_words_next"
_SEEN_LIKE = "search_cases_seen_in_url"
_PAGE = "page_of_last_run"
_ID = re.compile(r"[0-9a-f]{16}")


def query() -> QueryState:
    """The query of this session, empty at first; its words are those of the field, which the URL follows."""
    return replace(st.session_state.setdefault(QUERY, QueryState()), words=_words())


def follow_url(page: str) -> None:
    """Let the query's cases follow a URL that was pasted, reloaded or gone back to, and the URL follow them.

    `page` is what runs now; called by the shell. Coming from another page, whose URL has none, the query stays.
    """
    arrived = st.session_state.get(_PAGE) != page
    st.session_state[_PAGE] = page
    if page != SEARCH_TITLE:
        return
    in_url = tuple(part for part in st.query_params.get(LIKE, "").split(",") if _ID.fullmatch(part))[: QueryState.MOST]
    if in_url != st.session_state.get(_SEEN_LIKE, ()) and (in_url or not arrived):
        st.session_state[QUERY] = QueryState(cases=in_url)
    cases = query().cases
    st.session_state[_SEEN_LIKE] = cases
    if cases:
        st.query_params[LIKE] = ",".join(cases)
    else:
        st.query_params.pop(LIKE, None)


def parameters_of(page: str) -> dict[str, str]:
    """What the URL of a page says beside its widgets, so that going there is one step, and back is one too."""
    cases = query().cases if page == SEARCH_PAGE else ()
    return {LIKE: ",".join(cases)} if cases else {}


def change_query(change: Callable[[QueryState], QueryState]) -> None:
    """Ask what `change` makes of the query from now on."""
    st.session_state[QUERY] = change(query())


def ask_words(words: str) -> None:
    """Search with these words from the next run on, whether or not their field is drawn already in this one."""
    st.session_state[_NEXT_WORDS] = words


def _words() -> str:
    if _NEXT_WORDS in st.session_state:
        st.session_state[WORDS] = st.session_state.pop(_NEXT_WORDS)
    words = st.session_state[WORDS] if WORDS in st.session_state else st.query_params.get(WORDS)
    return (words or "").strip()


def add_image(image: QueryImage) -> None:
    """Search with this image too; the same picture twice counts once."""
    current = query()
    if all(image.digest != known.digest for known in current.images) and current.pictures < QueryState.MOST:
        st.session_state[QUERY] = replace(current, images=(*current.images, image), region=None)


def drop(*, digest: str | None = None, case_id: str | None = None) -> None:
    """Search without that image or case."""
    current = query()
    st.session_state[QUERY] = QueryState(
        tuple(image for image in current.images if image.digest != digest),
        tuple(case for case in current.cases if case != case_id),
    )


def search_with_case(case_id: str) -> None:
    """Make a stored case the whole query."""
    clear_query()
    st.session_state[QUERY] = QueryState(cases=(case_id,))
    st.session_state[GO_TO] = SEARCH_PAGE
    st.session_state[_PAGE] = None  # wherever one was: the URL that is left behind has no say
    close_case()


def go_to_library_page() -> None:
    """For a button; the shell switches pages in the next run."""
    st.session_state[GO_TO] = LIBRARY_PAGE


def clear_query() -> None:
    st.session_state[QUERY] = QueryState()
    ask_words("")


def uploader_key() -> str:
    """Key of the upload widget; it changes when the files it held have been taken over into the query."""
    return f"search_upload_{st.session_state.setdefault(_UPLOADS, 0)}"


def renew_uploader() -> None:
    st.session_state[_UPLOADS] = st.session_state.get(_UPLOADS, 0) + 1


def open_case(case_id: str, among: tuple[str, ...]) -> None:
    """Open a case in the drawer; `among` are the cases that previous and next walk through."""
    st.session_state[CASE] = case_id
    st.session_state[AMONG] = among if case_id in among else (case_id,)
    st.session_state[_SEEN_CASE] = case_id
    st.query_params[CASE] = case_id


def close_case() -> None:
    st.session_state[CASE] = None
    st.session_state[_SEEN_CASE] = None
    st.query_params.pop(CASE, None)


def case_in_drawer() -> str | None:
    """The open case; a URL that was pasted, reloaded or gone back to decides before the session does."""
    in_url = st.query_params.get(CASE)
    if in_url != st.session_state.get(_SEEN_CASE):
        st.session_state[_SEEN_CASE] = in_url
        st.session_state[CASE] = in_url
    return st.session_state.get(CASE)


def cases_around() -> tuple[str, ...]:
    return st.session_state.get(AMONG, ())


def forget_library() -> None:
    """Drop what belongs to the library that was in use."""
    clear_query()
    close_case()
    st.session_state[HISTORY] = ()
    st.session_state[TO_COMPARE] = ()
