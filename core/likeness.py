"""What a similarity means in one library: where it stands among the library's own, and when nothing is close."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from core.catalog import Catalog
from core.selection import ACTIVE
from core.vectors import PLAIN, Matrix, VectorChunk

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
        return limit_of(self.nearest)

    def is_far(self, similarity: float) -> bool:
        """Whether a nearest case at that similarity is no close match, by the library's own measure."""
        return self.limit is not None and similarity < self.limit


def limit_of(nearest: npt.NDArray[np.float32]) -> float | None:
    """The similarity that all but `UNUSUAL` of those in `nearest` reach; None where it is empty."""
    return float(np.quantile(nearest, UNUSUAL)) if len(nearest) else None


def measure(catalog: Catalog, view: str) -> Likeness:
    """The likeness of a library's images in one view, on samples that are the same at every call."""
    known, labels, patients = _labelled(catalog, view)
    pairs = np.empty(0, np.float32)
    if known:
        pairs = same_class(np.stack(list(known.values())), labels, np.array([patients[c] for c in known]))
    asked = catalog.vectors.known(view, sorted(patients)[:ASKED])
    return Likeness(_quantiles(pairs), _quantiles(nearest(asked, patients, catalog.vectors.chunks(view, [ACTIVE]))))


def groups_nearest(catalog: Catalog, many: int) -> npt.NDArray[np.float32]:
    """Quantiles, ascending, of how near means of `many` images of one class are to their nearest case, before the flow.

    On random groups that are the same at every call. Their own images are no such cases, nor are those of the same
    patients. Empty where the library has too few labelled ones to tell.
    """
    known, labels, patients = _labelled(catalog, PLAIN)
    rng, ids = np.random.default_rng(many), np.array(list(known))
    classes = [rows for label in np.unique(labels) if len(rows := np.flatnonzero(labels == label)) >= many]
    if not classes or len(known) < LEAST:
        return np.empty(0, np.float32)
    shares = np.array([len(rows) for rows in classes]) / sum(map(len, classes))
    groups = [rng.choice(classes[at], many, replace=False) for at in rng.choice(len(classes), ASKED, p=shares)]
    vectors = np.stack(list(known.values()))
    means = np.stack([vectors[rows].mean(axis=0) for rows in groups])
    means /= np.maximum(np.linalg.norm(means, axis=1, keepdims=True), 1e-6)
    numbers = {case_id: number for number, case_id in enumerate(patients)}
    own_cases = np.array([[numbers[case_id] for case_id in ids[rows]] for rows in groups])
    own_patients = np.array([[patients[case_id] for case_id in ids[rows]] for rows in groups])
    best = np.full(len(groups), -np.inf, np.float32)
    for chunk in catalog.vectors.chunks(PLAIN, [ACTIVE]):
        of_chunk = np.array([numbers.get(case_id, -1) for case_id in chunk.case_ids])
        others = np.array([patients.get(case_id, 0) for case_id in chunk.case_ids])
        allowed = np.ones((len(groups), len(others)), np.bool_)
        for one_case, one_patient in zip(own_cases.T, own_patients.T, strict=True):
            allowed &= (one_case[:, None] != of_chunk) & _strangers(one_patient[:, None], others[None])
        best = np.maximum(best, np.where(allowed, means @ chunk.vectors.T, -np.inf).max(axis=1))
    return _quantiles(best[np.isfinite(best)])


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


def _labelled(catalog: Catalog, view: str) -> tuple[dict[str, Matrix], npt.NDArray[np.str_], dict[str, int]]:
    """Vectors of up to `PAIRED` labelled cases by chance, the label of each, and the patient of every case."""
    cases = {case.case_id: case for case in catalog.cases()}
    chance = sorted(cases)  # ids come from hashes: their order is chance, and always the same
    known = catalog.vectors.known(view, [case_id for case_id in chance if cases[case_id].label][:PAIRED])
    labels = np.array([cases[case_id].label for case_id in known])
    return known, labels, _numbered({case_id: case.patient for case_id, case in cases.items()})


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
