"""What one person's session holds: the query, the open case, and how they follow the URL."""

from __future__ import annotations

from dataclasses import dataclass, replace

import streamlit as st

LIBRARY = "library"
SEARCH_PAGE, GALLERY_PAGE, LIBRARY_PAGE = "../search.py", "../gallery.py", "../library.py"
MAP_PAGE = "../embedding_map.py"
GALLERY_ONLY = "gallery_only_these"
MAP_CASE, MAP_SELECTED, MAP_GRID_PAGE = "map_case", "map_selected", "map_page"
GO_TO = "go_to_page"
CASE = "case"
QUERY = "search_query"
WORDS = "search_words"
AMONG = "case_among"
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


def show_on_map(case_id: str) -> None:
    """Go to the map, where that case is marked."""
    close_case()
    st.session_state[MAP_CASE] = case_id
    st.session_state[GO_TO] = MAP_PAGE


def case_on_map() -> str | None:
    """The case to be marked on the map: the open one, else the one it was asked to show."""
    asked = st.session_state.get(MAP_CASE) or st.query_params.get(MAP_CASE)
    if asked:
        st.query_params[MAP_CASE] = asked
    return case_in_drawer() or asked


def selected_on_map() -> tuple[str, ...]:
    return st.session_state.get(MAP_SELECTED, ())


def select_on_map(case_ids: tuple[str, ...]) -> None:
    """Select these cases on the map; their grid begins at its first page."""
    st.session_state[MAP_SELECTED] = case_ids
    st.session_state.pop(MAP_GRID_PAGE, None)


def show_in_gallery(case_ids: tuple[str, ...]) -> None:
    """Go to the gallery, which shows these cases only until that is taken back."""
    st.session_state[GALLERY_ONLY] = case_ids
    st.session_state[GO_TO] = GALLERY_PAGE


def only_in_gallery() -> tuple[str, ...]:
    return st.session_state.get(GALLERY_ONLY, ())


def show_all_in_gallery() -> None:
    st.session_state[GALLERY_ONLY] = ()


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
    select_on_map(())
    show_all_in_gallery()
    st.session_state[MAP_CASE] = None
