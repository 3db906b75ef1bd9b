"""The library in use in this session, and what a page shows while there is none."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import streamlit as st

from core.errors import EntError
from pages.ui import (
    compare_tray,
    current_query,
    drawer,
    frame,
    gallery_page,
    history,
    library_list,
    map_marks,
    picking,
    resources,
    selection,
    state,
    taken_away,
)
from pages.ui.library_list import LibraryEntry
from pages.ui.page_end import PageEnd
from pages.ui.resources import OpenLibrary
from pages.ui.text import markdown
from pages.ui.url_state import Setting

SWITCH_TO = "switch_to_library"
_START, _NOT_SAID = "library_of_plain_address", ""
_SEEN, _MISSING, _TITLE = "library_of_last_run", "library_of_dead_link", "title_of_last_run"


def choose(entries: list[LibraryEntry]) -> LibraryEntry | None:
    """The entry in use; with several, a switcher that the URL follows, which names a library by its id."""
    wanted = st.session_state.pop(SWITCH_TO, None)
    titles = {entry.library_id: entry.title for entry in entries}
    if st.session_state.get(state.LIBRARY) not in (None, *titles):
        del st.session_state[state.LIBRARY]
    gone = _gone(titles)
    if not entries:
        taken_away.tell("")
        if gone:
            _say_gone(gone, "")
        return None
    if state.LIBRARY not in st.session_state and st.session_state.get(_SEEN) in titles:
        st.session_state[state.LIBRARY] = st.session_state[_SEEN]  # a switch of pages drops what its box held
    setting, start = _setting(titles), _start(titles)
    if wanted in titles:
        setting.set(wanted)
    plain = not st.query_params
    if setting.follow() not in titles:
        setting.set(start if plain else next(iter(titles)))
    # held, so that the browser is told: its box would go on showing the title of one that is gone
    st.session_state.setdefault(state.LIBRARY, setting.follow())
    chosen = st.selectbox(
        "Library in use",
        list(titles),
        format_func=lambda library_id: titles.get(library_id, ""),
        key=state.LIBRARY,
        label_visibility="collapsed",
    )
    taken_away.tell(titles[chosen])
    if gone:
        _say_gone(gone, titles[chosen])
    if missing := st.session_state.get(_MISSING):
        st.warning(f"There is no library “{markdown(missing)}” here.", icon=":material/link_off:")
    _notice(chosen)
    st.session_state[_TITLE] = titles[chosen]
    return next(entry for entry in entries if entry.library_id == chosen)


def _gone(titles: Mapping[str, str]) -> str:
    """What is said of the library that was in use and is not now, if that may surprise; nothing of it is kept."""
    if st.session_state.get(_SEEN) in (None, *titles):
        return ""
    seen: str = st.session_state.pop(_SEEN)
    _forget_all()
    what = "cannot be reached just now" if library_list.is_down(seen) else "is not here any more"
    said = f"The library “{markdown(st.session_state.pop(_TITLE))}” {what}."
    return "" if taken_away.is_own(seen) else said


def _say_gone(said: str, instead: str) -> None:
    now = f" In use now: {markdown(instead)}." if instead else ""
    st.warning(f"{said}{now}", icon=":material/link_off:")


def _start(titles: Mapping[str, str]) -> str:
    """The library of the plain address, for as long as this session lasts: the one used last, else the first."""
    start: str = st.session_state.setdefault(_START, library_list.last_used())
    return start if start in titles else next(iter(titles))


def _setting(titles: Mapping[str, str]) -> Setting[str]:
    """The library as a URL says it; earlier links say the title.

    A URL that says none means the first, or, where it says nothing at all, the one used last. Where that is another
    one, every URL says the library: else that of the first could not be told from the plain address.
    """
    first, ids = next(iter(titles)), {title: library_id for library_id, title in titles.items()}

    def parse(said: str) -> str:
        if said not in titles and said not in ids:
            st.session_state[_MISSING] = said
        return said if said in titles else ids.get(said, first)

    return Setting(state.LIBRARY, first if _start(titles) == first else _NOT_SAID, parse)


def _notice(library_id: str) -> None:
    """Drop what belongs to another library, however this one came into use: chosen, made, or by the browser's back."""
    if st.session_state.get(_SEEN, library_id) != library_id:
        _forget_all()
    if st.session_state.get(_SEEN) != library_id:
        library_list.remember_used(library_id)
    st.session_state[_SEEN] = library_id


def _forget_all() -> None:
    for part in (current_query, drawer, gallery_page, map_marks, picking, history, compare_tray):
        part.forget()
    st.session_state.pop(_MISSING, None)
    selection.clear_selection()


def switch_to(root: Path) -> None:
    """Use the library in that folder from the next run on."""
    st.session_state[SWITCH_TO] = resources.library_id_of(root)


def in_use() -> OpenLibrary | None:
    """The open library of this session. Raises LibraryError when it cannot be opened."""
    entries = {entry.library_id: entry for entry in library_list.libraries()}
    entry = entries.get(st.session_state.get(state.LIBRARY, ""))
    return resources.open_library(entry.root) if entry else None


def in_use_or_none() -> OpenLibrary | None:
    """The open library of this session, None also where it cannot be opened."""
    try:
        return in_use()
    except EntError:
        return None


def require(title: str) -> OpenLibrary:
    """The page's title and the library in use; without one the page ends here, with the way on."""
    st.title(title, anchor=False)
    try:
        library = in_use()
    except EntError as error:
        st.error(f"This library cannot be opened: {markdown(error)}", icon=":material/error:")
        raise PageEnd from error
    if library is None:
        frame.empty(
            "No library yet",
            "A library holds your images and what is known of them. Make one and import images, "
            "or open one that you already have.",
            "Make or open a library",
            state.go_to_library_page,
        )
        raise PageEnd
    if not library.count() and resources.jobs().running(library.library_id):
        frame.empty("No cases yet", "Images are being imported; the first will be here in a moment.")
        raise PageEnd
    if not library.count():
        frame.empty(
            "This library is empty",
            "Import images to search and browse them here.",
            "Import images",
            state.go_to_library_page,
        )
        raise PageEnd
    return library
