"""Which values of a filter are worth offering: those that some case has under the other filters of the page."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import streamlit as st

from core.filters import DATES, Filters
from pages.ui import url_state
from pages.ui.resources import OpenLibrary


@dataclass(frozen=True)
class Held:
    """What the filters of a page hold in this run, also before their widgets are drawn: as after a reload or back."""

    fields: Mapping[str, tuple[str, ...]]
    dates: Mapping[str, str]
    cases: tuple[str, ...] = ()

    def counts(self, library: OpenLibrary, field: str) -> Mapping[str, int]:
        """How many cases have each value of `field` under all the other filters."""
        others: dict[str, Any] = {name: values for name, values in self.fields.items() if name != field}
        filters = Filters(**others, **self.dates, cases=self.cases)
        if field not in ("region", "side"):
            return library.facets(field, filters)
        counts = Counter[str]()
        for label, n in library.facets("label", filters).items():
            known = library.taxonomy.by_name.get(label)
            counts[str(getattr(known, field, None) or "")] += n
        return counts


def held(
    prefix: str,
    options: Mapping[str, Collection[str]],
    title_of: Callable[[str, str], str],
    most: int,
    cases: tuple[str, ...] = (),
) -> Held:
    """What is chosen among `options` by field, of which those with more than `most` are typed and not listed.

    `cases` are those that the page is kept to, if any.
    """
    fields = {field: _chosen(f"{prefix}_{field}", field, known, title_of, most) for field, known in options.items()}
    return Held(fields, {name: _day(f"{prefix}_{name}") for name in DATES}, cases)


def _chosen(
    key: str, field: str, known: Collection[str], title_of: Callable[[str, str], str], most: int
) -> tuple[str, ...]:
    if _in_session(key):
        found = st.session_state[key] or ()
        return tuple(value for value in found if value in known or len(known) > most)
    said = st.query_params.get_all(key)
    if not said:
        return ()
    if len(known) > most:
        return tuple(said)
    return tuple(value for value in known if title_of(field, value) in said)


def _day(key: str) -> str:
    if _in_session(key):
        day = st.session_state[key]
        return day.isoformat() if isinstance(day, date) else ""
    try:
        return date.fromisoformat(st.query_params.get(key, "")).isoformat()
    except ValueError:
        return ""


def _in_session(key: str) -> bool:
    return key in st.session_state and not url_state.going_back()
