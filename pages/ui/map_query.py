"""Where the current query of Search lies on the map: between its nearest cases there."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from core.errors import EntError
from core.filters import EVERYTHING
from pages.ui import asking, current_query, index_job, resources
from pages.ui.resources import OpenLibrary

if TYPE_CHECKING:
    from core.index import Space
    from core.search import SearchResult
    from core.vectors import Matrix
    from pages.ui.map_data import MapView

NEIGHBOURS = 5


def places(library: OpenLibrary, view: MapView) -> list[list[float]]:
    """The position [x, y] of the query at every time of the map; nothing where nothing is asked, or can be."""
    asked = current_query.query()
    if asked.empty or index_job.running(library) is not None:
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
