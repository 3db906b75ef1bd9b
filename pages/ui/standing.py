"""What a similarity means in the library in use, and what to know about a query before its results are trusted."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import streamlit as st

from core.closeness import PARTS
from core.encoder_spec import ONLY_DRAWINGS
from pages.ui import current_query, frame, resources
from pages.ui.resources import OpenLibrary
from pages.ui.text import cut, markdown

if TYPE_CHECKING:
    from core.search import SearchResult

MOST_NAMED = 8
"""Words of a query that are named where they say nothing."""
MEANING = (
    "The bar: how many of 100 pairs of one class in this library, of different patients where they are known, "
    "are less alike."
)


def of(library: OpenLibrary, result: SearchResult) -> Callable[[float], float | None]:
    """Where a similarity stands among the library's same-class pairs; nowhere, where it is not one of such a pair."""
    return library.yardstick.standing_in(result)


def closeness_said(library: OpenLibrary, result: SearchResult) -> str:
    """That nothing is close to the query or to some of its pictures, in a sentence; empty where there is no doubt."""
    query = current_query.query()
    names = [*(image.name for image in query.images), *(f"case {case_id[:6]}" for case_id in query.cases)]
    return library.yardstick.closeness(result).said(names, in_part=query.region is not None)


def show_doubts(library: OpenLibrary, result: SearchResult) -> None:
    """Notices above the results: nothing is close, words that say nothing, a query more blurred than the library."""
    if said := closeness_said(library, result):
        st.warning(markdown(said), icon=":material/travel_explore:")
    if len(current_query.query().images) > len(result.identical) and library.catalog.state().encoder.only_drawings:
        frame.quiet(ONLY_DRAWINGS)
    if current_query.query().region is not None:
        frame.quiet(PARTS)
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
