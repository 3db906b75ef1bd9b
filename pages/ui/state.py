"""What one person's session holds: the query, the open case, and how they follow the URL."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import streamlit as st

LIBRARY = "library"
SEARCH_PAGE, GALLERY_PAGE, LIBRARY_PAGE = "../search.py", "../gallery.py", "../library.py"
GO_TO = "go_to_page"
CASE = "case"
QUERY = "search_query"
WORDS = "search_words"
AMONG = "case_among"
TRAIL = "case_trail"
SELECTED = "selected_cases"
_SEEN_CASE = "case_seen_in_url"
_UPLOADS = "search_uploads"
_NEXT_WORDS = "search_words_next"


@dataclass(frozen=True)
class QueryImage:
    """An image to search with that is not in the library: its bytes stay in this session only."""

    name: str
    data: bytes
    digest: str
    preview: bytes  # WebP; its URL is made anew at every run, since URLs expire


@dataclass(frozen=True)
class QueryState:
    """What Search asks with: images from outside and stored cases, together at most `MOST`, and words."""

    images: tuple[QueryImage, ...] = ()
    cases: tuple[str, ...] = ()
    words: str = ""

    MOST = 8

    @property
    def pictures(self) -> int:
        return len(self.images) + len(self.cases)

    @property
    def empty(self) -> bool:
        return not self.pictures and not self.words


def query() -> QueryState:
    """The query of this session, empty at first; its words are those of the field, which the URL follows."""
    return replace(st.session_state.setdefault(QUERY, QueryState()), words=_words())


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
        st.session_state[QUERY] = replace(current, images=(*current.images, image))


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
    close_case()


def search_with_cases(case_ids: tuple[str, ...]) -> None:
    """Make several stored cases the whole query, at most as many as one takes."""
    search_with_case(case_ids[0])
    st.session_state[QUERY] = QueryState(cases=case_ids[: QueryState.MOST])


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


def follow_case(case_id: str, among: tuple[str, ...]) -> None:
    """Open a case from within the drawer, with a way back to the one that is open there."""
    if here := case_in_drawer():
        st.session_state[TRAIL] = (*trail(), (here, cases_around()))
    open_case(case_id, among)


def trail() -> tuple[tuple[str, tuple[str, ...]], ...]:
    """The cases that led to the open one, each with those it stood among."""
    return st.session_state.get(TRAIL, ())


def step_back() -> None:
    """Open the case again that led to the open one."""
    *before, (case_id, among) = trail()
    st.session_state[TRAIL] = tuple(before)
    open_case(case_id, among)


def close_case() -> None:
    st.session_state[TRAIL] = ()
    st.session_state[CASE] = None
    st.session_state[_SEEN_CASE] = None
    st.query_params.pop(CASE, None)


def case_in_drawer() -> str | None:
    """The open case; a URL that was pasted, reloaded or gone back to decides before the session does."""
    in_url = st.query_params.get(CASE)
    if in_url != st.session_state.get(_SEEN_CASE):
        st.session_state[_SEEN_CASE] = in_url
        st.session_state[CASE] = in_url
        _retrace(in_url)
    return st.session_state.get(CASE)


def _retrace(case_id: str | None) -> None:
    """Where the browser's back led to a case on the trail: it stands among the same cases as before."""
    ids = [led for led, _ in trail()]
    if case_id in ids:
        at = ids.index(case_id)
        st.session_state[AMONG] = trail()[at][1]
        st.session_state[TRAIL] = trail()[:at]
    else:
        st.session_state[TRAIL] = ()


def cases_around() -> tuple[str, ...]:
    return st.session_state.get(AMONG, ())


def walk_among(case_ids: Callable[[], tuple[str, ...]]) -> None:
    """Have previous and next walk through these cases where the drawer was opened by a URL and knows of none."""
    if case_in_drawer() and AMONG not in st.session_state:
        st.session_state[AMONG] = case_ids()


def selected() -> tuple[str, ...]:
    """The cases chosen in the gallery, in the order they were chosen in."""
    return st.session_state.get(SELECTED, ())


def change_selection(came: list[str], went: list[str]) -> None:
    """Choose those that came, and no longer those that went."""
    kept = [case_id for case_id in selected() if case_id not in went]
    st.session_state[SELECTED] = tuple(dict.fromkeys((*kept, *came)))


def clear_selection() -> None:
    st.session_state[SELECTED] = ()


def forget_library() -> None:
    """Drop what belongs to the library that was in use."""
    clear_query()
    close_case()
    clear_selection()
