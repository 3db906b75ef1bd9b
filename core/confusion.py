"""Which class is taken for which: the class of the nearest neighbour against that of the query, and the sides apart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from core.taxonomy import Taxonomy


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
    """The sides in a confusion. A reference of the same region without a side counts as a wrong side."""
    sided = region_right = side_right = 0
    for label, row in zip(confusion.labels, confusion.counts, strict=True):
        asked = taxonomy[label]
        if asked.side is None:
            continue
        for found, count in zip((taxonomy[name] for name in confusion.labels), row, strict=True):
            sided += count
            region_right += count * (found.region == asked.region)
            side_right += count * (found.region == asked.region and found.side == asked.side)
    return Laterality(sided, region_right, side_right)
