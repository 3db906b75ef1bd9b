"""The filter widgets of a page; what is chosen stands in the URL and stays when moving between pages."""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import date
from typing import Any

import streamlit as st

from core.filters import FIELDS, Filters
from pages.ui import filter_values, frame, palette, typed_choice
from pages.ui.resources import OpenLibrary
from pages.ui.typed_choice import Width

TITLES = {
    "label": "Class",
    "region": "Region",
    "side": "Side",
    "finding": "Finding",
    "split": "Split",
    "patient": "Patient",
}
DATES = {"since": "Examined from", "until": "Examined to"}
WITHOUT = "none recorded"
MOST_LISTED = 300
"""Values that are sent to the browser to choose from, at every run of a page; of more, one is typed."""


def choose(
    library: OpenLibrary,
    prefix: str,
    *,
    on_change: Callable[[], None] | None = None,
    width: Width = "stretch",
    cases: tuple[str, ...] = (),
) -> Filters:
    """One widget a field that has something to choose in this library; what is chosen, as Filters.

    Of the values those are offered that some case has under the other filters, and among `cases` where the page is
    kept to some; what is chosen stays.
    """
    options = {field: _options(library, field) for field in TITLES}

    def _titled(field: str, value: str) -> str:
        return _title(library, field, value)

    held = filter_values.held(prefix, options, _titled, MOST_LISTED, cases)
    counts = {field: held.counts(library, field) for field in TITLES if len(options[field]) <= MOST_LISTED}
    chosen = {}
    for field, known in options.items():
        left = [value for value in known if counts.get(field, {}).get(value) or value in held.fields[field]]
        chosen[field] = tuple(_widget(library, prefix, field, left, on_change, width))
    dates = _dates(library, prefix, on_change, width)
    empty = [_titled(of, value) for of in counts for value in chosen[of] if not counts[of].get(value)]
    if empty:
        frame.quiet(f"0 cases under the other filters: {', '.join(empty)}")
    return Filters(**chosen, **dates, cases=cases)


def clear(prefix: str) -> None:
    """Take back every choice of a page."""
    for key in (f"{prefix}_{field}" for field in FIELDS):
        if key in st.session_state:
            st.session_state[key] = []
    for key in (f"{prefix}_{name}" for name in DATES):
        if key in st.session_state:
            st.session_state[key] = None


def chosen(prefix: str) -> dict[str, Any]:
    """What the widgets of a page hold, to be held again."""
    held = st.session_state
    fields = {key: list(held.get(key) or ()) for key in (f"{prefix}_{field}" for field in FIELDS)}
    return fields | {key: held.get(key) for key in (f"{prefix}_{name}" for name in DATES)}


def active(prefix: str) -> int:
    """How many fields of a page restrict just now."""
    return sum(bool(st.session_state.get(f"{prefix}_{field}")) for field in (*FIELDS, *DATES))


def _widget(
    library: OpenLibrary,
    prefix: str,
    field: str,
    offered: list[str],
    on_change: Callable[[], None] | None,
    width: Width,
) -> list[str]:
    """The titles say no counts, which would change: the URL names values by their titles."""
    options = _options(library, field)
    if len(options) < 2 and not any(options):
        return []
    key = f"{prefix}_{field}"

    def _titled(value: str) -> str:
        return _title(library, field, value)

    if len(options) > MOST_LISTED:
        return typed_choice.choose(TITLES[field], options, _titled, key=key, on_change=on_change, width=width)
    if stale := set(st.session_state.get(key, ())) - set(options):
        st.session_state[key] = [value for value in st.session_state[key] if value not in stale]
    return st.multiselect(
        TITLES[field],
        offered,
        format_func=_titled,
        key=key,
        placeholder="any",
        # the names of patients come sorted, so that what is just that comes first, and Enter takes the first
        filter_mode="prefix" if field == "patient" else "fuzzy",
        select_all=False,
        on_change=on_change,
        bind="query-params",
        width=width,
    )


def _dates(library: OpenLibrary, prefix: str, on_change: Callable[[], None] | None, width: Width) -> dict[str, str]:
    """The first and last day of the examination; nothing where the library knows of no day, or of one alone."""
    known = library.exam_dates()
    if known is None or known[0] == known[1]:
        return {}
    first, last = (date.fromisoformat(day) for day in known)
    chosen = {}
    for name, title in DATES.items():
        day = st.date_input(
            title,
            None,
            min_value=first,
            max_value=last,
            key=f"{prefix}_{name}",
            on_change=on_change,
            bind="query-params",
            width=width,
        )
        chosen[name] = day.isoformat() if day else ""
    return chosen


def _options(library: OpenLibrary, field: str) -> Collection[str]:
    if field == "region":
        return library.taxonomy.regions
    if field == "side":
        return library.taxonomy.sides
    return library.facets(field)


def _title(library: OpenLibrary, field: str, value: str) -> str:
    if field == "label":
        return palette.title_of(library.taxonomy, value or None)
    if field in ("region", "side"):
        return value.capitalize()
    return value or WITHOUT
