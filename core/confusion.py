"""Which class is taken for which: the class of the nearest neighbour against that of the query, and the sides apart."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from core.taxonomy import Taxonomy

SIDES = ("sided", "region_right", "side_right", "errors")
"""The counts of `Laterality`."""


@dataclass(frozen=True)
class Confusion:
    """counts[i][j]: queries of labels[i] whose nearest reference is of labels[j]."""

    labels: tuple[str, ...]
    counts: tuple[tuple[int, ...], ...]


@dataclass(frozen=True)
class Laterality:
    """How often the side is right, among the `sided` queries: those of a class with a side and a nearest reference.

    Of them `region_right` have a nearest reference of their own region, and of these `side_right` one of their own
    side too; the other `errors` are laterality errors: the class is wrong, but the region is right.
    """

    sided: int
    region_right: int
    side_right: int

    @property
    def errors(self) -> int:
        return self.region_right - self.side_right


def confusion(labels: Sequence[str], nearest: Sequence[str | None], taxonomy: Taxonomy) -> Confusion:
    """Of queries with `labels` (Q) whose nearest references are of the labels `nearest` (Q); None: there was none."""
    index = {label: i for i, label in enumerate(taxonomy.labels)}
    counts = np.zeros((len(index), len(index)), dtype=int)
    for label, found in zip(labels, nearest, strict=True):
        if found is not None:
            counts[index[label], index[found]] += 1
    seen = [i for i in range(len(index)) if counts[i].any() or counts[:, i].any()]
    rows = tuple(tuple(int(n) for n in counts[i, seen]) for i in seen)
    return Confusion(tuple(taxonomy.labels[i] for i in seen), rows)


def laterality(confusion: Confusion, taxonomy: Taxonomy) -> Laterality:
    """The sides in a confusion."""
    counts = Counter[str]()
    for asked, row in zip(confusion.labels, confusion.counts, strict=True):
        for found, count in zip(confusion.labels, row, strict=True):
            counts.update(dict.fromkeys(sides_of(asked, found, taxonomy), count))
    return Laterality(counts["sided"], counts["region_right"], counts["side_right"])


def sides_of(asked: str | None, found: str | None, taxonomy: Taxonomy) -> frozenset[str]:
    """Which of SIDES a query of the class `asked` counts for, whose nearest reference is of the class `found`.

    A reference of the same region without a side counts as a wrong side.
    """
    query, nearest = (taxonomy.by_name.get(label or "") for label in (asked, found))
    if query is None or nearest is None or query.side is None:
        return frozenset()
    if query.region != nearest.region:
        return frozenset({"sided"})
    return frozenset({"sided", "region_right", "side_right" if query.side == nearest.side else "errors"})
