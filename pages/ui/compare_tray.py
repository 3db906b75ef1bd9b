"""Cases beside each other, and beside the query: chosen on any grid, looked at with one zoom for all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import streamlit as st

from core.case import Case
from pages.ui import case_sets, drawer, frame, gone, media, palette
from pages.ui.resources import OpenLibrary
from pages.ui.text import count, escaped
from pages.ui.url_state import Setting

HERE = Path(__file__)
MOST = 4
WIDTH = 1340
TO_COMPARE = "compare_chosen"

_component = st.components.v2.component(
    "ent_compare_tray",
    html=(
        '<div class="tools"></div><div class="tiles" tabindex="0" role="group"></div>'
        '<p class="help">Wheel or + and - to zoom, drag or arrows to move, 0 for the whole image; all follow.</p>'
    ),
    css=HERE.with_suffix(".css").read_text(encoding="utf-8"),
    js="\n".join(HERE.with_name(name).read_text(encoding="utf-8") for name in ("element.js", "compare_tray.js")),
)


OPEN: Setting[tuple[str, ...]] = Setting(
    "compare", (), lambda said: case_sets.ids_in(said, MOST), ",".join, lasts=False
)
"""The cases that stand beside each other over the page just now."""


@dataclass(frozen=True)
class Pinned:
    """An image that stands at the left of all cases: the query's, with its case where it is of one."""

    url: str
    title: str
    case: Case | None = None


@dataclass(frozen=True)
class _Tile:
    url: str
    alt: str
    title: str
    colour: str
    lines: tuple[str, ...]
    pinned: bool = False


def chosen() -> tuple[str, ...]:
    """The ids of the cases in the tray."""
    return st.session_state.get(TO_COMPARE, ())


def toggle(case_id: str) -> None:
    """Put a case into the tray, in place of the oldest where it is full, or take it out."""
    others = tuple(known for known in chosen() if known != case_id)
    st.session_state[TO_COMPARE] = others if case_id in chosen() else (*others, case_id)[-MOST:]


def compare(case_ids: Sequence[str]) -> None:
    """Put these cases into the tray in place of others, and look at them beside each other."""
    st.session_state[TO_COMPARE] = tuple(case_ids[:MOST])
    _open()


def show_bar(library: OpenLibrary) -> None:
    """What is in the tray, and the way to look at it; nothing while it is empty."""
    cases, missing = _known(library, chosen())
    if missing:
        st.session_state[TO_COMPARE] = tuple(case.case_id for case in cases)
        frame.quiet(gone.words(missing, "case to compare", "cases to compare"))
    if not cases:
        return
    with st.container(key="compare_bar", horizontal=True, vertical_alignment="center", gap="small"):
        pictures = "".join(_small(library, case) for case in cases)
        words = f'<span class="what">To compare: {escaped(count(len(cases), "case"))}</span>'
        st.html(f'<div class="ent-marked">{words}{pictures}</div>', width="content")
        st.space("stretch")
        st.button("Compare", icon=":material/compare:", key="compare_open", on_click=_open)
        st.button("Clear", key="compare_clear", on_click=clear)


def show_if_open(library: OpenLibrary, pinned: Sequence[Pinned]) -> None:
    """The comparison over the page, while it is asked for and no case is open in the drawer."""
    cases, missing = _known(library, OPEN.follow())
    if (cases or missing) and not drawer.case_in_drawer():
        tiles = [*(_of_query(library, one) for one in pinned[:1]), *(_of(library, case) for case in cases)]
        _dialog(tiles if cases else [], missing)


@st.dialog("Compare", width=WIDTH, on_dismiss=lambda: OPEN.set(()))
def _dialog(tiles: Sequence[_Tile], missing: int) -> None:
    if missing:
        st.info(gone.words(missing, "case to compare", "cases to compare"), icon=":material/link_off:")
    if not tiles:
        return
    _component(key="compare_tray", data={"tiles": [asdict(tile) for tile in tiles]})
    frame.quiet("Titles are dataset labels.")


def _known(library: OpenLibrary, case_ids: tuple[str, ...]) -> tuple[list[Case], int]:
    """Those of the cases that are in the library, and how many are not."""
    cases = library.catalog.cases_by_id(case_ids)
    return cases, len(case_ids) - len(cases)


def _of_query(library: OpenLibrary, one: Pinned) -> _Tile:
    if one.case is None:
        return _Tile(one.url, f"Query, {one.title}", "Query", "", (one.title,), True)
    tile = _of(library, one.case)
    return replace(tile, alt=f"Query, {tile.alt}", title=f"Query: {tile.title}", pinned=True)


def _of(library: OpenLibrary, case: Case) -> _Tile:
    taxonomy = library.taxonomy
    title, known = palette.title_of(taxonomy, case.label), taxonomy.by_name.get(case.label or "")
    side = f"{known.side.capitalize()} side" if known and known.side else "No side"
    lines = tuple(line for line in (side, case.finding, f"Case {case.case_id[:6]}") if line)
    url = media.image_url(library.library_id, case.case_id)
    return _Tile(url, ", ".join((title, *lines)), title, palette.colour_of(taxonomy, case.label).css, lines)


def _small(library: OpenLibrary, case: Case) -> str:
    url = escaped(media.thumbnail_url(library.library_id, case.case_id))
    words = escaped(f"{palette.title_of(library.taxonomy, case.label)}, case {case.case_id[:6]}")
    return f'<span class="plain" title="{words}"><img src="{url}" alt="{words}"></span>'


def _open() -> None:
    OPEN.set(chosen())


def clear() -> None:
    """Take all cases out of the tray."""
    st.session_state[TO_COMPARE] = ()


def forget() -> None:
    """Compare nothing but what the URL has just brought."""
    clear()
    OPEN.forget()
