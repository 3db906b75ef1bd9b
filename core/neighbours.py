"""Nearest cases under a filter: from the index where it can tell, from the catalogue's vectors where it cannot."""

from __future__ import annotations

import heapq
import math
from collections.abc import Collection

import numpy as np

from core.catalog import Catalog
from core.filters import EVERYTHING, Filters, conditions
from core.index import WHOLE, ChromaIndex, Neighbour, Space
from core.vectors import PLAIN, Matrix

EXACT = 1000
"""Up to this many cases are compared one by one: that takes about as long as asking the index."""

MOST_FETCHED = 1000
"""Most neighbours asked of the index at once; beyond that, comparing all cases is the better way."""

MARGIN = 2.0
"""How many times more neighbours than expected are fetched, since those that pass a filter do not lie evenly."""


class NeighbourFinder:
    """The k nearest cases, of all or of those that pass filters, with recall@10 of at least 0.99 either way.

    Chroma's own filter loses recall and speed (blueprint, section 4). So a filter on class, region or side asks the
    collections of those classes. Any other filter is the catalogue's: where few cases pass it they are compared one
    by one, else more neighbours are fetched than wanted and those that do not pass are dropped.
    """

    def __init__(self, catalog: Catalog) -> None:
        self.catalog = catalog

    def find(
        self,
        index: ChromaIndex,
        space: Space,
        vector: Matrix,
        k: int,
        filters: Filters = EVERYTHING,
        exclude: Collection[str] = (),
    ) -> list[Neighbour]:
        """The `k` cases nearest to `vector` (D,), most similar first, that pass `filters` and are not in `exclude`."""
        labels = filters.labels(self.catalog.taxonomy)
        if not filters.beyond_class:
            found = _nearest(index, space, labels, vector, k + len(exclude))
        else:
            found = self._find_filtered(index, space, labels, vector, k + len(exclude), filters)
        return [n for n in found if n.case_id not in exclude][:k]

    def _find_filtered(
        self,
        index: ChromaIndex,
        space: Space,
        labels: tuple[str, ...] | None,
        vector: Matrix,
        k: int,
        filters: Filters,
    ) -> list[Neighbour]:
        passing = self.catalog.count(filters)
        if passing > EXACT:
            asked = (WHOLE,) if labels is None else labels
            held = sum(index.count(space, label) for label in asked)
            fetch = math.ceil(MARGIN * k * held / passing) + k
            if fetch <= MOST_FETCHED:
                near = _nearest(index, space, labels, vector, fetch)
                allowed = self.catalog.passing([n.case_id for n in near], filters)
                kept = [n for n in near if n.case_id in allowed]
                if len(kept) >= k:
                    return kept[:k]
        return self._compare_all(space, vector, k, filters)

    def _compare_all(self, space: Space, vector: Matrix, k: int, filters: Filters) -> list[Neighbour]:
        view = PLAIN if space == "before" else self.catalog.state().active_flow or PLAIN
        best: list[tuple[float, str]] = []
        for chunk in self.catalog.vectors.chunks(view, conditions(filters, self.catalog.taxonomy)):
            similarities = chunk.vectors @ vector.astype(np.float32)
            best = heapq.nlargest(k, [*best, *zip(similarities.tolist(), chunk.case_ids, strict=True)])
        return [Neighbour(case_id, similarity) for similarity, case_id in best]


def _nearest(
    index: ChromaIndex, space: Space, labels: tuple[str, ...] | None, vector: Matrix, k: int
) -> list[Neighbour]:
    if labels is None:
        return index.nearest(space, WHOLE, vector, k)
    found = (n for label in labels for n in index.nearest(space, label, vector, k))
    return sorted(found, key=lambda n: -n.similarity)[:k]
