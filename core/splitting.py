"""Deals the cases of a library out to training, validation and test, keeping together what belongs together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from core.case import Case
from core.catalog import Catalog
from core.errors import TrainingError
from core.folding import look_of
from core.near_duplicates import LOOK_SIZE, joint_groups, near_duplicates
from core.split import SplitConfig, plan_split
from core.store import ImageStore
from core.vectors import PLAIN, Matrix

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class SplitReport:
    """How the cases of a library are split: counts, how many got theirs just now, and what was kept together.

    `pairs` are the ids of near-duplicates found, two by two. `torn_cases` has, for each group (a patient, or
    near-duplicates) that stands on two sides, which is left as it is, a case of each side; near-duplicates where there
    are such. `strangers` are the cases of no known patient.
    """

    counts: dict[str, int]
    made: int
    groups: int
    pairs: tuple[tuple[str, str], ...]
    torn_cases: tuple[tuple[str, ...], ...]
    strangers: int

    @property
    def torn(self) -> int:
        """How many groups stand on two sides."""
        return len(self.torn_cases)


def split_library(
    catalog: Catalog,
    store: ImageStore,
    config: SplitConfig | None = None,
    *,
    again: bool = False,
    on_progress: Progress = lambda done, total: None,
) -> SplitReport:
    """Give every active case without a split one, for the holder of the writer's lock.

    A split that came with a case stays. One that was made here stays too, unless `again`. Cases of one patient, and
    near-duplicates by look and embedding, come to one side. Raises TrainingError when there are no cases.
    """
    cases, made = catalog.cases(order="oldest"), catalog.splits.made()
    if not cases:
        raise TrainingError("this library has no cases yet; import images first: python -m core ingest LIB SOURCE")
    given = [None if again and case.case_id in made else case.split for case in cases]
    embeddings = catalog.vectors.get(PLAIN, [case.case_id for case in cases])
    pairs = near_duplicates(_looks(cases, store, on_progress), embeddings if len(embeddings) == len(cases) else None)
    groups = joint_groups(len(cases), pairs, [case.patient for case in cases])
    if None not in given:
        return _report(cases, given, 0, pairs, groups)
    splits = plan_split([case.label for case in cases], groups.tolist(), given, config)
    new = {case.case_id: split for case, own, split in zip(cases, given, splits, strict=True) if own is None}
    catalog.splits.put(new)
    return _report(cases, splits, len(new), pairs, groups)


def _looks(cases: Sequence[Case], store: ImageStore, on_progress: Progress) -> Matrix:
    looks = np.empty((len(cases), LOOK_SIZE), np.float32)
    for row, case in enumerate(cases):
        looks[row] = look_of(store, case)
        on_progress(row + 1, len(cases))
    return looks


def _report(
    cases: Sequence[Case],
    splits: Sequence[str | None],
    made: int,
    pairs: list[tuple[int, int]],
    groups: np.ndarray,
) -> SplitReport:
    counts = Counter(split for split in splits if split is not None)
    ids = tuple((cases[one].case_id, cases[other].case_id) for one, other in pairs)
    sides: dict[int, dict[str | None, str]] = {}
    for case, group, split in zip(cases, groups.tolist(), splits, strict=True):
        sides.setdefault(group, {}).setdefault(split, case.case_id)
    # the first pair of each group; not every two of its cases look alike, since what joins them may be a third
    alike = {groups[i]: (cases[i].case_id, cases[j].case_id) for i, j in reversed(pairs) if splits[i] != splits[j]}
    torn_cases = tuple(alike.get(group, tuple(of.values())) for group, of in sides.items() if len(of) > 1)
    strangers = sum(not case.patient for case in cases)
    return SplitReport(dict(counts), made, len(np.unique(groups)), ids, torn_cases, strangers)
