"""Results that show the same again, folded into one: near-duplicates, and further frames of one patient's structure."""

from __future__ import annotations

import io
import threading
from collections import OrderedDict, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from PIL import Image

from core.case import Case
from core.errors import EntError
from core.near_duplicates import LOOK_SIZE, Likeness, joint_groups, look, near_duplicates
from core.store import ImageStore
from core.vectors import Matrix

if TYPE_CHECKING:  # brings torch, which the first page does not wait for
    from core.search import SearchHit

KEPT = 4096
"""Looks held in memory, 3 kB each."""
SAME_WAY_ROUND = Likeness(mirrored=2.0)
"""No mirrored copy is the same here: it shows the other side, which must not be folded out of sight."""
Reason = Literal["patient", "look", "both"]


@dataclass(frozen=True)
class Fold:
    """The first of some results that show the same, the others in their order, and what ties them together.

    `group` are the ids of all cases that show it, in whichever ranking was folded together with this one.
    """

    lead: SearchHit
    rest: tuple[SearchHit, ...] = ()
    reason: Reason = "patient"
    group: frozenset[str] = frozenset()

    @classmethod
    def alone(cls, hit: SearchHit) -> Fold:
        """A result that stands for itself."""
        return cls(hit, group=frozenset((hit.case.case_id,)))

    @property
    def hits(self) -> tuple[SearchHit, ...]:
        return (self.lead, *self.rest)


class Folding:
    """Folds the results of one library; safe to share between threads."""

    def __init__(self, store: ImageStore) -> None:
        self.store = store
        self._looks: OrderedDict[str, Matrix] = OrderedDict()
        self._lock = threading.Lock()

    def __call__(self, hits: Sequence[SearchHit]) -> tuple[Fold, ...]:
        """The folds of `hits`, in the order of their first."""
        return self.together(hits)[0]

    def together(self, *rankings: Sequence[SearchHit]) -> tuple[tuple[Fold, ...], ...]:
        """The folds of each ranking: what is one in any of them is one in all, so that they can be compared."""
        cases = {hit.case.case_id: hit.case for ranking in rankings for hit in ranking}
        if not cases:
            return tuple(() for _ in rankings)
        groups = groups_of(list(cases.values()), np.stack([self._look(case) for case in cases.values()]))
        return tuple(fold(ranking, groups) for ranking in rankings)

    def _look(self, case: Case) -> Matrix:
        with self._lock:
            if case.sha256 in self._looks:
                self._looks.move_to_end(case.sha256)
                return self._looks[case.sha256]
        found = look_of(self.store, case)
        with self._lock:
            self._looks[case.sha256] = found
            while len(self._looks) > KEPT:
                self._looks.popitem(last=False)
        return found


def groups_of(cases: Sequence[Case], looks: Matrix) -> dict[str, frozenset[str]]:
    """For each of `cases` (N), whose looks are (N, LOOK_SIZE), those that show the same, by id, itself among them.

    They are of one patient and label, or nearly the same picture. A patient's images of another structure stay apart,
    since they are no further view of the same.
    """
    groups = joint_groups(len(cases), near_duplicates(looks, likeness=SAME_WAY_ROUND), [_key(case) for case in cases])
    members: dict[int, list[str]] = defaultdict(list)
    for case, group in zip(cases, groups.tolist(), strict=True):
        members[group].append(case.case_id)
    return {case_id: frozenset(ids) for ids in members.values() for case_id in ids}


def fold(hits: Sequence[SearchHit], groups: Mapping[str, frozenset[str]]) -> tuple[Fold, ...]:
    """The folds of `hits` by the group of each."""
    members: dict[frozenset[str], list[SearchHit]] = defaultdict(list)
    for hit in hits:
        members[groups[hit.case.case_id]].append(hit)
    return tuple(_fold(same, group) for group, same in members.items())


def _fold(hits: Sequence[SearchHit], group: frozenset[str]) -> Fold:
    keys = {_key(hit.case) for hit in hits}
    reason: Reason = "patient" if len(keys) == 1 and None not in keys else "look" if keys == {None} else "both"
    return Fold(hits[0], tuple(hits[1:]), reason, group)


def _key(case: Case) -> tuple[str, str | None] | None:
    return (case.patient, case.label) if case.patient else None


def look_of(store: ImageStore, case: Case) -> Matrix:
    """The look of a stored image, by its thumbnail; none, which is like nothing, where that cannot be read."""
    try:
        with Image.open(io.BytesIO(store.thumbnail(case.sha256)), formats=("WEBP",)) as image:
            return look(image)
    except (EntError, OSError):  # verify names what is wrong with a stored image
        return np.zeros(LOOK_SIZE, np.float32)
