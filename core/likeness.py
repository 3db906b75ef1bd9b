"""What a similarity means in one library: where it stands among the library's own, and when nothing is close."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from core.catalog import Catalog
from core.selection import ACTIVE
from core.vectors import Matrix, VectorChunk

PAIRED = 1500
"""Cases whose pairs tell how alike images of one class are: about a million pairs."""
ASKED = 500
"""Cases whose nearest neighbour in the whole library is looked for."""
LEAST = 50
"""Fewer pairs or neighbours than this tell nothing."""
STEPS = 1000
UNUSUAL = 0.01
"""A query is unlike the library where it is farther from its nearest case than this share of the library's own."""


@dataclass(frozen=True)
class Likeness:
    """Quantiles, ascending, of similarities within a library, empty where it is too small to tell.

    `pairs`: of two images of one class. `nearest`: of an image and its nearest neighbour. Both leave out pairs of one
    patient, where patients are known: further frames of one examination say nothing about a new image.
    """

    pairs: npt.NDArray[np.float32]
    nearest: npt.NDArray[np.float32]

    def standing(self, similarity: float) -> float | None:
        """The share, 0 to 1, of same-class pairs of this library that are less alike; None where nothing tells."""
        if not len(self.pairs):
            return None
        low, high = (np.searchsorted(self.pairs, similarity, side) for side in ("left", "right"))
        return float(low + high) / 2 / len(self.pairs)

    @property
    def limit(self) -> float | None:
        """The similarity that all but `UNUSUAL` of the library's images have to their nearest neighbour."""
        return float(np.quantile(self.nearest, UNUSUAL)) if len(self.nearest) else None

    def is_far(self, similarity: float) -> bool:
        """Whether a nearest case at that similarity is no close match, by the library's own measure."""
        return self.limit is not None and similarity < self.limit


@dataclass(frozen=True)
class Scale:
    """What a search's similarities are held against: the likeness in its own space, and before the flow."""

    own: Likeness
    before: Likeness


def measure(catalog: Catalog, view: str) -> Likeness:
    """The likeness of a library's images in one view, on samples that are the same at every call."""
    cases = {case.case_id: case for case in catalog.cases()}
    chance = sorted(cases)  # ids come from hashes: their order is chance, and always the same
    patients = _numbered({case_id: case.patient for case_id, case in cases.items()})
    known = catalog.vectors.known(view, [case_id for case_id in chance if cases[case_id].label][:PAIRED])
    pairs = np.empty(0, np.float32)
    if known:
        labels = np.array([cases[case_id].label for case_id in known])
        pairs = same_class(np.stack(list(known.values())), labels, np.array([patients[c] for c in known]))
    asked = catalog.vectors.known(view, chance[:ASKED])
    return Likeness(_quantiles(pairs), _quantiles(nearest(asked, patients, catalog.vectors.chunks(view, [ACTIVE]))))


def in_hundred(share: float) -> int:
    """A share as so many of 100; never all of them, since a sample cannot tell that."""
    return min(99, int(100 * share))


def same_class(vectors: Matrix, labels: npt.NDArray[np.str_], patients: npt.NDArray[np.int64]) -> Matrix:
    """The similarities of all pairs of rows (N, D) of one label, but for those of one patient (0: unknown)."""
    found = [np.empty(0, np.float32)]
    for label in np.unique(labels):
        rows = np.flatnonzero(labels == label)
        one, other = np.triu_indices(len(rows), 1)
        strangers = _strangers(patients[rows[one]], patients[rows[other]])
        found.append((vectors[rows] @ vectors[rows].T)[one, other][strangers])
    return np.concatenate(found)


def nearest(asked: Mapping[str, Matrix], patients: Mapping[str, int], chunks: Iterable[VectorChunk]) -> Matrix:
    """The similarity of each vector (D,) of `asked` to its nearest case of another patient (0: unknown), if any."""
    if not asked:
        return np.empty(0, np.float32)
    ids, vectors = np.array(list(asked)), np.stack(list(asked.values()))
    own = np.array([patients[case_id] for case_id in asked])
    best = np.full(len(ids), -np.inf, np.float32)
    for chunk in chunks:
        others = np.array([patients.get(case_id, 0) for case_id in chunk.case_ids])
        strangers = _strangers(own[:, None], others[None]) & (ids[:, None] != np.array(chunk.case_ids)[None])
        best = np.maximum(best, np.where(strangers, vectors @ chunk.vectors.T, -np.inf).max(axis=1))
    return np.asarray(best[np.isfinite(best)], np.float32)


def _strangers(one: npt.NDArray[np.int64], other: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
    return np.asarray((one != other) | (one == 0))


def _numbered(patients: Mapping[str, str | None]) -> dict[str, int]:
    """A number for the patient of each case, 0 where it is not known."""
    numbers: dict[str, int] = {}
    return {case_id: numbers.setdefault(p, len(numbers) + 1) if p else 0 for case_id, p in patients.items()}


def _quantiles(values: Matrix) -> npt.NDArray[np.float32]:
    if len(values) < LEAST:
        return np.empty(0, np.float32)
    return np.quantile(values, np.linspace(0, 1, min(STEPS, len(values)))).astype(np.float32)
