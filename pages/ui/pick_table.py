"""A calm table whose cells and rows can be picked: scores as bars, counts as heat, all of it reachable by keyboard."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

import streamlit as st

HERE = Path(__file__).parent


@dataclass(frozen=True)
class Cell:
    """One cell, all of it shown as plain text: what it says, and what picking it means ("": it cannot be picked).

    `bar` in [0, 1] draws a bar of `colour`, `low` and `high` a whisker on it. `heat` in [0, 1] shades the cell, as
    `right` or as wrong. `said` is what a screen reader reads in place of the text.
    """

    text: str
    note: str = ""
    pick: str = ""
    said: str = ""
    swatch: str | None = None
    bar: float | None = None
    colour: str | None = None
    low: float | None = None
    high: float | None = None
    heat: float | None = None
    right: bool = False
    tag: str = ""


@dataclass(frozen=True)
class Column:
    """A column's title and how its cells stand; `hint` explains the title to who points at it."""

    title: str
    align: Literal["start", "end", "middle"] = "start"
    hint: str = ""


_component = st.components.v2.component(
    "ent_pick_table",
    html='<div class="wide"><table></table></div>',
    css=(HERE / "pick_table.css").read_text(encoding="utf-8"),
    js="\n".join((HERE / name).read_text(encoding="utf-8") for name in ("element.js", "pick_table.js")),
)


def show(
    columns: Sequence[Column],
    rows: Sequence[Sequence[Cell]],
    *,
    key: str,
    label: str,
    picked: str | Sequence[str] | None = None,
    on_pick: Callable[[str], None] | None = None,
    square: bool = False,
) -> None:
    """Show the table; `on_pick` gets the `pick` of a cell after a click or Enter.

    `picked` are those of the row and the cell that are shown as picked. `square`: cells of a matrix.
    """

    def _picked() -> None:
        pick = getattr(st.session_state.get(key), "pick", None)
        known = {cell.pick for row in rows for cell in row if cell.pick}
        if on_pick is not None and pick in known:
            on_pick(pick)

    data = {
        "columns": [asdict(column) for column in columns],
        "rows": [[_given(cell) for cell in row] for row in rows],
        "label": label,
        "picked": [picked] if isinstance(picked, str) else list(picked or ()),
        "square": square,
    }
    _component(key=key, data=data, on_pick_change=_picked)


def _given(cell: Cell) -> dict[str, object]:
    """Without what has its default, which is most of it."""
    given = {name: value for name, value in asdict(cell).items() if value != "" and value is not None}
    return {name: value for name, value in given.items() if value is not False} | {"text": cell.text}
