"""What is measured of a library once, to judge queries by: kept until a good part of the library is new."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING

from core.catalog import Catalog
from core.closeness import Closeness
from core.likeness import Likeness, groups_nearest, limit_of, measure
from core.sharpness import least_sharpness
from core.store import ImageStore
from core.vectors import PLAIN

if TYPE_CHECKING:  # brings torch, which the first page does not wait for
    from core.result_table import Standing
    from core.search import SearchResult

RENEWED = 0.05
"""The share of a library's cases that come or go before it is measured again: quantiles of samples hardly move with
fewer, and an import changes the library every few seconds."""


class Yardstick:
    """A library's likeness and sharpness; safe to share between threads, and each is measured once at a time."""

    def __init__(self, catalog: Catalog, store: ImageStore) -> None:
        self.catalog, self.store = catalog, store
        self._lock = threading.Lock()
        self._generation = self._cases = -1
        self._epoch: str | None = None
        self._likeness: dict[str, Likeness] = {}
        self._together: dict[int, float | None] = {}
        self._sharpness: float | None = None
        self._looked = False

    def likeness(self, view: str) -> Likeness:
        """How alike the library's images are in that view."""
        with self._lock:
            self._renew()
            if view not in self._likeness:
                self._likeness[view] = measure(self.catalog, view)
            return self._likeness[view]

    def closeness(self, result: SearchResult) -> Closeness:
        """Which pictures of a query have a close match, and whether all of them have one together."""
        return self.judged(result.nearest, result.together)

    def judged(self, nearest: Sequence[float], together: float | None) -> Closeness:
        """The same by the similarities that `core.search.SearchResult` has under these names."""
        likeness = self.likeness(PLAIN)
        pictures = tuple(not likeness.is_far(similarity) for similarity in nearest)
        if together is None:
            return Closeness(pictures)
        limit = self._limit_together(len(pictures))
        return Closeness(pictures, None if limit is None else together >= limit)

    def standing_in(self, result: SearchResult) -> Standing:
        """Where a similarity of that result stands among same-class pairs; nowhere, where it is not of such a pair."""
        if not result.comparable:
            return lambda similarity: None
        return self.likeness((self.catalog.active_flow if result.space == "after" else None) or PLAIN).standing

    def _limit_together(self, many: int) -> float | None:
        with self._lock:
            self._renew()
            if many not in self._together:
                self._together[many] = limit_of(groups_nearest(self.catalog, many))
            return self._together[many]

    def least_sharpness(self) -> float | None:
        """The sharpness that nearly all of the library's images have; None where it has too few."""
        with self._lock:
            self._renew()
            if not self._looked:
                self._sharpness, self._looked = least_sharpness(self.catalog, self.store), True
            return self._sharpness

    def _renew(self) -> None:
        now = self.catalog.index_progress()
        if now.generation == self._generation:
            return
        self._generation, cases = now.generation, self.catalog.count()
        if now.epoch != self._epoch:  # a flow that was trained on and activated again moves cases elsewhere
            self._epoch = now.epoch
            self._likeness = {view: kept for view, kept in self._likeness.items() if view == PLAIN}
        if self._cases < 0 or abs(cases - self._cases) > RENEWED * self._cases:
            self._cases, self._looked = cases, False
            self._likeness.clear()
            self._together.clear()
