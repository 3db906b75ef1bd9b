"""Where the current query of Search lies on the map: between its nearest cases there."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from core.errors import EntError
from core.filters import EVERYTHING
from pages.ui import asking, current_query, frame, index_job, resources
from pages.ui.resources import OpenLibrary
from pages.ui.url_state import Setting

if TYPE_CHECKING:
    from core.index import Space
    from core.search import SearchResult
    from core.vectors import Matrix
    from pages.ui.map_data import MapView

NEIGHBOURS, SIGN = 5, ":material/diamond:"


HIDDEN: Setting[bool] = Setting("map_query_hidden", False, lambda said: said == "1", lambda hidden: "1" * hidden)


def only_before(view: MapView) -> bool:
    """Whether it has no place after the flow: words are compared with images before it."""
    return bool(view.made.flow_id and current_query.query().words)


def legend(library: OpenLibrary, view: MapView) -> None:
    """What the diamond is, with the way to hide it; nothing where nothing is asked."""
    hidden = HIDDEN.follow()
    if hidden and not current_query.query().empty:
        st.button("Show your query", icon=SIGN, type="tertiary", key="map_query_show", on_click=_hide, args=(False,))
    elif places(library, view):
        where = ", compared before the flow only" if only_before(view) else ""
        frame.quiet(f"\u25c7 Your query{where}", "content")
        st.button(
            "Hide it", icon=":material/close:", type="tertiary", key="map_query_hide", on_click=_hide, args=(True,)
        )


def _hide(hidden: bool) -> None:
    HIDDEN.set(hidden)


def places(library: OpenLibrary, view: MapView) -> list[list[float]]:
    """The position [x, y] of the query at every time of the map; nothing where nothing is asked, or can be."""
    asked = current_query.query()
    if HIDDEN.value or asked.empty or index_job.running(library) is not None:
        return []
    try:
        before = _found(library, "before")
        after = _found(library, "after") if view.made.flow_id and not asked.words else before
    except EntError:
        return []  # Search itself says why it cannot be answered
    return _between(view, before, after).tolist()


def _found(library: OpenLibrary, space: Space) -> SearchResult:
    """The nearest of all cases to what Search asks: its region, marks and mirror image included."""
    asked = asking.query_of(asking.last_options(), space)
    query = replace(asked, top_k=NEIGHBOURS, filters=EVERYTHING, rerank=False)
    return resources.search(library.library_id, library.version, asking.signature(query), query)


def _between(view: MapView, before: SearchResult, after: SearchResult) -> Matrix:
    from core.placement import Anchors, along

    anchors = []
    for result in (before, after):
        hits = [hit for hit in result.hits if hit.case.case_id in view.row_of]
        if not hits:
            return np.empty((0, 2), np.float32)
        rows = np.array([[view.row_of[hit.case.case_id] for hit in hits]], np.int64)
        anchors.append(Anchors.of(rows, np.array([[hit.similarity for hit in hits]], np.float32)))
    return along(anchors[0], anchors[1], view.positions, view.made.times)[:, 0]
