"""What a similarity means in the library in use, and what to know about a query before its results are trusted."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import streamlit as st

from core.vectors import PLAIN
from pages.ui import current_query, resources
from pages.ui.resources import OpenLibrary
from pages.ui.text import cut, markdown

if TYPE_CHECKING:
    from core.likeness import Likeness
    from core.search import SearchResult

MOST_NAMED = 8
"""Words of a query that are named where they say nothing."""
MEANING = (
    "The bar: how many of 100 pairs of one class in this library, of different patients where they are known, "
    "are less alike."
)


def of(library: OpenLibrary, result: SearchResult) -> Callable[[float], float | None]:
    """Where a similarity stands among the library's same-class pairs; nowhere, where it is not one of such a pair."""
    return _likeness(library, result).standing if result.comparable else lambda similarity: None


def show_doubts(library: OpenLibrary, result: SearchResult) -> None:
    """Notices above the results: nothing is close, words that say nothing, a query more blurred than the library."""
    if result.nearest is not None and library.yardstick.likeness(PLAIN).is_far(result.nearest):
        st.warning(
            "No close match: 99 of 100 images in this library are closer to another one than this query is to any.",
            icon=":material/travel_explore:",
        )
    if result.meaningless:
        st.warning("None of these words is known to this encoder; the order means nothing.", icon=":material/help:")
    elif result.unknown_words:
        words = ", ".join(f"“{cut(word)}”" for word in result.unknown_words[:MOST_NAMED])
        words += " and others" if len(result.unknown_words) > MOST_NAMED else ""
        st.warning(
            f"The encoder has never read {markdown(words)}: that part of the query says nothing to it, and the rest "
            "decides.",
            icon=":material/help:",
        )
    least = library.yardstick.least_sharpness()
    for image in current_query.query().images:
        if least is not None and resources.sharpness(image.digest, image.data) < least:
            st.warning(
                f"{markdown(image.name)} is more blurred than 97 of 100 images in this library: its neighbours may "
                "say less than they seem to.",
                icon=":material/blur_on:",
            )


def _likeness(library: OpenLibrary, result: SearchResult) -> Likeness:
    flow_id = library.catalog.active_flow
    return library.yardstick.likeness(flow_id if result.space == "after" and flow_id else PLAIN)
