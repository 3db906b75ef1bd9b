"""Small pieces every page is framed with: the style sheet, empty states, lists of facts."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Literal

import streamlit as st

from pages.ui.text import escaped

CSS = Path(__file__).with_name("frame.css")


def style() -> None:
    """The style sheet; once a run, before anything else."""
    st.html(CSS)


def quiet(text: str, width: Literal["stretch", "content"] = "stretch") -> None:
    """A line that is there when looked for."""
    st.html(f'<div class="ent-quiet">{escaped(text)}</div>', width=width)


def over(text: str) -> None:
    """A small heading over what follows."""
    st.html(f'<div class="ent-over">{escaped(text)}</div>')


def empty(title: str, words: str, step: str | None = None, on_step: Callable[[], None] | None = None) -> None:
    """What is said where there is nothing to show, with the next step as a button where there is one."""
    st.html(f'<div class="ent-empty"><h2>{escaped(title)}</h2><p>{escaped(words)}</p></div>')
    if step:
        with st.container(key="empty_action", horizontal_alignment="center"):
            st.button(step, type="primary", icon=":material/arrow_forward:", on_click=on_step)


def facts(pairs: Iterable[tuple[str, object]]) -> None:
    """Names and values, one a line; those without a value are left out."""
    rows = "".join(
        f"<dt>{escaped(name)}</dt><dd>{escaped(value)}</dd>" for name, value in pairs if value not in (None, "")
    )
    st.html(f'<dl class="ent-facts">{rows}</dl>')


def swatch(colour: str) -> str:
    """HTML of a small square in a colour of the palette."""
    return f'<span class="ent-swatch" style="background:{escaped(colour)}"></span>'
