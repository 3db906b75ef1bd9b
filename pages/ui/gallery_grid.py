"""The grid of case images that every page uses: thumbnails by URL, captions, keyboard, one click to open."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

import streamlit as st

from core.case import Case
from core.likeness import in_hundred
from core.taxonomy import Taxonomy
from pages.ui import media, palette

HERE = Path(__file__).parent
SCRIPTS = ("element.js", "gallery_select.js", "gallery_return.js", "gallery_enter.js", "gallery_grid.js")
Size = Literal["tiny", "small", "medium", "large", "huge"]
Mark = Literal["more", "less"]
NO_PICTURES: Mapping[int, str] = {}
MARKED = {"more": "marked as more like this", "less": "marked as less like this"}


@dataclass(frozen=True)
class Card:
    """One image of a grid. All of it is shown as plain text; `colour` is a CSS value, `similarity` draws a bar.

    `warnings` are badges that catch the eye. `move` is what became of its rank, in a sign and in words. `mark` is what
    a person said of it. `standing` is the share of same-class pairs of the library that are less alike. `fold` is the
    label of a button that shows what is folded into this card; `within`: it was folded into another.
    `beside`: it is in the tray of cases to compare.
    """

    case_id: str
    thumbnail: str
    title: str
    colour: str
    alt: str
    lines: tuple[str, ...] = ()
    badges: tuple[str, ...] = ()
    rank: int | None = None
    similarity: float | None = None
    warnings: tuple[str, ...] = ()
    move: tuple[str, str] | None = None
    mark: Mark | None = None
    standing: float | None = None
    fold: str = ""
    within: bool = False
    beside: bool = False


_component = st.components.v2.component(
    "ent_gallery_grid",
    html='<ul class="grid" role="list"></ul>',
    css=(HERE / "gallery_grid.css").read_text(encoding="utf-8"),
    js="\n".join((HERE / name).read_text(encoding="utf-8") for name in SCRIPTS),
)


def card_of(
    case: Case,
    taxonomy: Taxonomy,
    library_id: str,
    *,
    rank: int | None = None,
    similarity: float | None = None,
    badges: tuple[str, ...] = (),
    warnings: tuple[str, ...] = (),
    move: tuple[str, str] | None = None,
    mark: Mark | None = None,
    standing: float | None = None,
) -> Card:
    """The card of a stored case."""
    title = palette.title_of(taxonomy, case.label)
    lines = tuple(line for line in (case.finding,) if line)
    said = (
        f"Result {rank}" if rank else "",
        title,
        *lines,
        "" if similarity is None else f"cosine similarity {similarity:.2f}",
        "" if standing is None else f"above {in_hundred(standing)} of 100 same-class pairs",
        *badges,
        *warnings,
        move[1] if move else "",
        MARKED[mark] if mark else "",
        f"case {case.case_id[:6]}",
    )
    return Card(
        case_id=case.case_id,
        thumbnail=media.thumbnail_url(library_id, case.case_id),
        title=title,
        colour=palette.colour_of(taxonomy, case.label).css,
        alt=", ".join(part for part in said if part),
        lines=lines,
        badges=badges,
        rank=rank,
        similarity=None if similarity is None else round(similarity, 4),
        warnings=warnings,
        move=move,
        mark=mark,
        standing=standing,
    )


def show(
    cards: Sequence[Card],
    *,
    key: str,
    label: str,
    on_open: Callable[[str], None],
    on_similar: Callable[[str], None] | None = None,
    on_mark: Callable[[Mark, str], None] | None = None,
    on_unfold: Callable[[str], None] | None = None,
    on_compare: Callable[[str], None] | None = None,
    size: Size = "medium",
    pictures: Mapping[int, str] = NO_PICTURES,
    selected: Sequence[str] | None = None,
    on_select: Callable[[list[str], list[str]], None] | None = None,
) -> None:
    """Show the grid; `on_open` (a click, Enter) and `on_similar` (its button, the key S) get the case's id.

    Where `selected` are the ids chosen so far, here and on other pages, more can be chosen (a tick, Space, a
    move with Shift): `on_select` gets the ids that came and those that went.
    So do `on_unfold` (its button, the key F) and `on_compare` (its button, the key C); `on_mark` (its buttons, the keys
    + and -) gets the mark before it. Where thumbnails are too small for `size` and screen, the browser takes one of
    `pictures` in their place: URLs by the pixels of their longer side, with `CASE` where a case's id belongs.
    """

    def _opened() -> None:
        _pass_on(key, "open", on_open)

    def _similar() -> None:
        _pass_on(key, "similar", on_similar)

    def _selected() -> None:
        _pass_selection(key, on_select)

    def _marked() -> None:
        _pass_on(key, "mark", lambda said: on_mark and on_mark(*said.split(":", 1)))

    def _unfolded() -> None:
        _pass_on(key, "unfold", on_unfold)

    def _compared() -> None:
        _pass_on(key, "compare", on_compare)

    selection = None if selected is None else _selection(key, [card.case_id for card in cards], selected)
    offers = {"compare": on_compare is not None, "similar": on_similar is not None, "marks": on_mark is not None}
    data: dict[str, object] = {"cards": [asdict(card) for card in cards], "label": label, "size": size, **offers}
    data["pictures"] = [[side, url] for side, url in pictures.items()]
    _component(
        key=key,
        data=data | {"selection": selection},
        on_open_change=_opened,
        on_similar_change=_similar,
        on_mark_change=_marked,
        on_unfold_change=_unfolded,
        on_select_change=_selected,
        on_compare_change=_compared,
    )


def _pass_on(key: str, event: str, handler: Callable[[str], None] | None) -> None:
    case_id = getattr(st.session_state.get(key), event, None)
    if handler is not None and isinstance(case_id, str):
        handler(case_id)


def _selection(key: str, here: Sequence[str], selected: Sequence[str]) -> dict[str, object]:
    on_page = [case_id for case_id in here if case_id in set(selected)]
    told = st.session_state.get(f"{key}_told", 0)
    return {"selected": on_page, "elsewhere": len(selected) - len(on_page), "echo": told}


def _pass_selection(key: str, handler: Callable[[list[str], list[str]], None] | None) -> None:
    change = getattr(st.session_state.get(key), "select", None)
    if handler is None or not isinstance(change, Mapping):
        return
    st.session_state[f"{key}_told"] = change.get("number", 0)
    came, went = ([case_id for case_id in change.get(name, ()) if isinstance(case_id, str)] for name in ("on", "off"))
    handler(came, went)
