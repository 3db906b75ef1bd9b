"""Where the current query of Search lies on the map: between its nearest cases there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from core.errors import EntError
from pages.ui import current_query, resources
from pages.ui.resources import OpenLibrary

if TYPE_CHECKING:
    from core.search import SearchResult
    from core.vectors import Matrix
    from pages.ui.map_data import MapView

NEIGHBOURS = 5


def places(library: OpenLibrary, view: MapView) -> list[list[float]]:
    """The position [x, y] of the query at every time of the map; nothing where nothing is asked."""
    asked = current_query.query()
    if asked.empty:
        return []
    try:
        before = _found(library, "before")
        after = _found(library, "after") if view.made.flow_id and not asked.words else before
    except EntError:
        return []  # Search itself says why it cannot be answered
    return _between(view, before, after).tolist()


def _found(library: OpenLibrary, space: str) -> SearchResult:
    from core.search import Query

    asked = current_query.query()
    query = Query(
        images=tuple(image.data for image in asked.images),
        cases=asked.cases,
        texts=(asked.words,) if asked.words else (),
        top_k=NEIGHBOURS,
        space=space,
        rerank=False,
    )
    signature = repr(("map", sorted(i.digest for i in asked.images), asked.cases, asked.words, space))
    return resources.search(library.library_id, library.version, signature, query)


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
