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
TRAINING_PAGE, EVALUATION_PAGE = "../training.py", "../evaluation.py"
MAP_PAGE = "../embedding_map.py"
GALLERY_ONLY = "gallery_only_these"
MAP_CASE, MAP_SELECTED, MAP_GRID_PAGE = "map_case", "map_selected", "map_page"
GO_TO = "go_to_page"
CASE = "case"
LIKE = "like"
QUERY = "search_query"
WORDS = "search_words"
HISTORY = "search_history"
TO_COMPARE = "compare_chosen"
AMONG = "case_among"
TRAIL = "case_trail"
SELECTED = "selected_cases"
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
    go_to(LIBRARY_PAGE)


def go_to(page: str) -> None:
    """For a button; the shell switches pages in the next run."""
    st.session_state[GO_TO] = page


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
    select_on_map(())
    show_all_in_gallery()
    st.session_state[MAP_CASE] = None
    st.session_state[HISTORY] = ()
    st.session_state[TO_COMPARE] = ()
