"""A choice among more values than a browser should be sent: one types a value, or how it begins."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Literal

import streamlit as st

from pages.ui import frame
from pages.ui.text import count, markdown, number

MOST_OFFERED, MOST_TOLD = 8, 3
Width = int | Literal["stretch"]


def choose(
    title: str,
    known: Collection[str],
    title_of: Callable[[str], str],
    *,
    key: str,
    on_change: Callable[[], None] | None = None,
    width: Width = "stretch",
) -> list[str]:
    """The values typed so far; those that are not among `known` are told in words, with what begins like them."""

    def _typed() -> None:
        st.session_state[key] = list(dict.fromkeys(_completed(known, value) for value in st.session_state[key]))
        if on_change is not None:
            on_change()

    with st.container(width=width, gap="xsmall"):
        chosen = st.multiselect(
            title,
            [""] if "" in known else [],
            format_func=title_of,
            key=key,
            placeholder=f"type one of {number(len(known))}",
            accept_new_options=True,
            filter_mode="prefix",
            on_change=_typed,
            bind="query-params",
        )
        for value in [value for value in chosen if value not in known][:MOST_TOLD]:
            _say(title.lower(), value, beginning(known, value), key, on_change)
    return chosen


def beginning(known: Collection[str], typed: str) -> list[str]:
    """The values that begin with what was typed, in small letters or capitals; those alone that are just that."""
    start = typed.strip().casefold()
    found = [value for value in known if start and value.casefold().startswith(start)]
    return [value for value in found if value.casefold() == start] or found


def _completed(known: Collection[str], typed: str) -> str:
    """The one value that was meant, where it can be no other."""
    found = beginning(known, typed)
    return found[0] if typed not in known and len(found) == 1 else typed


def _say(noun: str, typed: str, found: list[str], key: str, on_change: Callable[[], None] | None) -> None:
    frame.quiet(f"No {noun} {typed} in this library.")
    if len(found) > MOST_OFFERED:
        frame.quiet(f"{count(len(found), noun)} begin so; type more of it.")
    elif found:
        with st.container(horizontal=True, gap="xsmall"):
            for value in found:
                st.button(
                    markdown(value),
                    key=f"{key}_take_{typed}_{value}",
                    type="tertiary",
                    help=f"Take it in place of {markdown(typed)}",
                    on_click=_take,
                    args=(key, typed, value, on_change),
                )


def _take(key: str, typed: str, value: str, on_change: Callable[[], None] | None) -> None:
    others = [chosen for chosen in st.session_state[key] if chosen not in (typed, value)]
    st.session_state[key] = [*others, value]
    if on_change is not None:
        on_change()
