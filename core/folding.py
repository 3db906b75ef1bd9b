"""Results that show the same again, folded into one: near-duplicates, and further frames of one patient's structure."""

from __future__ import annotations

import io
import threading
from collections import OrderedDict, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from PIL import Image

from core.case import Case
from core.errors import EntError
from core.near_duplicates import LOOK_SIZE, joint_groups, look, near_duplicates
from core.store import ImageStore
from core.vectors import Matrix

if TYPE_CHECKING:  # brings torch, which the first page does not wait for
    from core.search import SearchHit

KEPT = 4096
"""Looks held in memory, 3 kB each."""
Reason = Literal["patient", "look", "both"]


@dataclass(frozen=True)
class Fold:
    """The first of some results that show the same, the others in their order, and what ties them together."""

    lead: SearchHit
    rest: tuple[SearchHit, ...] = ()
    reason: Reason = "patient"


class Folding:
    """Folds the results of one library; safe to share between threads."""

    def __init__(self, store: ImageStore) -> None:
        self.store = store
        self._looks: OrderedDict[str, Matrix] = OrderedDict()
        self._lock = threading.Lock()

    def __call__(self, hits: Sequence[SearchHit]) -> tuple[Fold, ...]:
        """The folds of `hits`, in the order of their first."""
        if not hits:
            return ()
        return fold(hits, np.stack([self._look(hit.case) for hit in hits]))

    def _look(self, case: Case) -> Matrix:
        with self._lock:
            if case.sha256 in self._looks:
                self._looks.move_to_end(case.sha256)
                return self._looks[case.sha256]
        found = _look_of(self.store, case)
        with self._lock:
            self._looks[case.sha256] = found
            while len(self._looks) > KEPT:
                self._looks.popitem(last=False)
        return found


def fold(hits: Sequence[SearchHit], looks: Matrix) -> tuple[Fold, ...]:
    """The folds of `hits` (N), whose looks are (N, LOOK_SIZE): of one patient and label, or nearly the same picture.

    A patient's images of another structure stay apart, since they are no further view of the same.
    """
    keys = [(hit.case.patient, hit.case.label) if hit.case.patient else None for hit in hits]
    groups = joint_groups(len(hits), near_duplicates(looks), keys)
    members: dict[int, list[int]] = defaultdict(list)
    for row, group in enumerate(groups.tolist()):
        members[group].append(row)
    return tuple(_fold([hits[row] for row in rows], {keys[row] for row in rows}) for rows in members.values())


def _fold(hits: Sequence[SearchHit], keys: set[tuple[str, str | None] | None]) -> Fold:
    reason: Reason = "patient" if len(keys) == 1 and None not in keys else "look" if keys == {None} else "both"
    return Fold(hits[0], tuple(hits[1:]), reason)


def _look_of(store: ImageStore, case: Case) -> Matrix:
    """The look of a stored image, by its thumbnail; none, which is like nothing, where that cannot be read."""
    try:
        with Image.open(io.BytesIO(store.thumbnail(case.sha256)), formats=("WEBP",)) as image:
            return look(image)
    except (EntError, OSError):  # verify names what is wrong with a stored image
        return np.zeros(LOOK_SIZE, np.float32)
