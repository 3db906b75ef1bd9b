"""Nearest cases under a filter: from the index where it can tell, from the catalogue's vectors where it cannot."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence

import numpy as np

from core.catalog import Catalog
from core.filters import EVERYTHING, Filters
from core.index import WHOLE, ChromaIndex, Neighbour, Space
from core.selection import passing
from core.vectors import PLAIN, Matrix

EXACT = 1000
"""Up to this many cases are compared one by one: that takes about as long as asking the index."""

MOST_FETCHED = 1000
"""Most neighbours asked of the index at once; beyond that, comparing all cases is the better way."""

MARGIN = 2.0
"""How many times more neighbours than expected are fetched, since those that pass a filter do not lie evenly."""


CLOSE_CALLS = 40
"""How many neighbours beyond those wanted are compared exactly, so that near ties come out in the right order."""


class NeighbourFinder:
    """The k nearest cases, of all or of those that pass filters, with exact similarities.

    `python -m training bench index` measures recall@10 against an exact scan (the target is 0.99 under any filter).
    Chroma's own filter loses recall and speed. So a filter on class, region or side asks the
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
        enough = k + len(exclude) + CLOSE_CALLS
        if not filters.beyond_class:
            found = _nearest(index, space, labels, vector, enough)
        else:
            found = self._find_filtered(index, space, labels, vector, enough, filters)
        return self._compare(space, vector, [n.case_id for n in found if n.case_id not in exclude])[:k]

    def _find_filtered(
        self,
        index: ChromaIndex,
        space: Space,
        labels: tuple[str, ...] | None,
        vector: Matrix,
        k: int,
        filters: Filters,
    ) -> list[Neighbour]:
        many = self.catalog.count(filters)
        if many > EXACT:
            asked = (WHOLE,) if labels is None else labels
            held = sum(index.count(space, label) for label in asked)
            fetch = math.ceil(MARGIN * k * held / many) + k
            if fetch <= MOST_FETCHED:
                near = _nearest(index, space, labels, vector, fetch)
                allowed = self.catalog.passing([n.case_id for n in near], filters)
                kept = [n for n in near if n.case_id in allowed]
                if len(kept) >= k:
                    return kept[:k]
        return self._compare_all(space, vector, k, filters)

    def _compare_all(self, space: Space, vector: Matrix, k: int, filters: Filters) -> list[Neighbour]:
        best: list[Neighbour] = []
        for chunk in self.catalog.vectors.chunks(self._view(space), passing(filters, self.catalog.taxonomy)):
            best = [*best, *_most_similar(vector, chunk.case_ids, chunk.vectors, k)]
        return sorted(best, key=lambda n: -n.similarity)[:k]

    def _compare(self, space: Space, vector: Matrix, case_ids: Sequence[str]) -> list[Neighbour]:
        """The same cases by their exact similarity: Chroma's own is rounded more coarsely than close frames differ."""
        known = self.catalog.vectors.known(self._view(space), case_ids)
        return _most_similar(vector, list(known), np.array(list(known.values())), len(known)) if known else []

    def _view(self, space: Space) -> str:
        return PLAIN if space == "before" else self.catalog.active_flow or PLAIN


def _most_similar(vector: Matrix, case_ids: Sequence[str], vectors: Matrix, k: int) -> list[Neighbour]:
    similarities = np.clip(vectors @ vector, -1.0, 1.0)
    rows = np.argsort(-similarities, kind="stable")[:k]
    return [Neighbour(case_ids[row], float(similarities[row])) for row in rows]


def _nearest(
    index: ChromaIndex, space: Space, labels: tuple[str, ...] | None, vector: Matrix, k: int
) -> list[Neighbour]:
    if labels is None:
        return index.nearest(space, WHOLE, vector, k)
    found = (n for label in labels for n in index.nearest(space, label, vector, k))
    return sorted(found, key=lambda n: -n.similarity)[:k]
