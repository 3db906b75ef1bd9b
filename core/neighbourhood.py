"""A stored case among its neighbours before and after the flow: who came, who went, how far it was moved."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from core.catalog import Catalog
from core.index import Space
from core.search import Query, SearchHit
from core.vectors import PLAIN

if TYPE_CHECKING:
    from core.library import Library

SAMPLE = 500
"""Cases that stand for the library when it is asked how far its flow moves things."""

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Neighbourhood:
    """The nearest cases of one case before the flow and, where one is active, after it: most similar first.

    `moved` is the cosine similarity between its own embeddings before and after: 1 where the flow left it in place.
    """

    before: tuple[SearchHit, ...]
    after: tuple[SearchHit, ...] | None
    moved: float | None

    @property
    def gained(self) -> frozenset[str]:
        """Ids of the cases that are among the nearest only since the flow."""
        return _ids(self.after or ()) - _ids(self.before) if self.after is not None else frozenset()

    @property
    def lost(self) -> frozenset[str]:
        """Ids of the cases that are not among the nearest any more."""
        return _ids(self.before) - _ids(self.after) if self.after is not None else frozenset()


def neighbourhood(library: Library, case_id: str, k: int) -> Neighbourhood:
    """The `k` nearest cases of a stored one in each space. Raises QueryError when it has no embedding."""
    catalog, flow_id = library.catalog, library.catalog.active_flow
    before = _nearest(library, case_id, k, "before")
    if flow_id is None:
        return Neighbourhood(before, None, None)
    pair = [catalog.vectors.get(view, [case_id]) for view in (PLAIN, flow_id)]
    moved = float(np.clip(pair[0][0] @ pair[1][0], -1, 1)) if all(map(len, pair)) else None
    return Neighbourhood(before, _nearest(library, case_id, k, "after"), moved)


def movements(catalog: Catalog) -> Floats:
    """Cosine similarities (S,) between before and after of a sample of the library, rising; empty without a flow."""
    flow_id = catalog.active_flow
    ids = sorted(catalog.ids())[:SAMPLE]  # they come from hashes, so that their order is chance
    known = [catalog.vectors.known(view, ids) for view in (PLAIN, flow_id)] if flow_id else [{}, {}]
    both = [case_id for case_id in ids if all(case_id in view for view in known)]
    return np.sort(np.array([known[0][case_id] @ known[1][case_id] for case_id in both], np.float32))


def share_moved_less(moved: float, sample: Floats) -> float:
    """The share of a sample, as `movements` gives it, that the flow moved less far; 0.5 where there is none."""
    if not len(sample):
        return 0.5
    return float(len(sample) - np.searchsorted(sample, np.float32(moved), side="right")) / len(sample)


def _nearest(library: Library, case_id: str, k: int, space: Space) -> tuple[SearchHit, ...]:
    return library.search(Query(cases=(case_id,), top_k=k, space=space, rerank=False)).hits


def _ids(hits: tuple[SearchHit, ...]) -> frozenset[str]:
    return frozenset(hit.case.case_id for hit in hits)
