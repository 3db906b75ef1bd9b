"""What points of a map can be coloured by: a value for every case, and a colour for every value."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from core.embedding_map import EmbeddingMap
from core.taxonomy import Taxonomy
from pages.ui import palette
from pages.ui.palette import Colour

Codes = npt.NDArray[np.uint16]
FIELDS = {
    "class": "Class",
    "region": "Region",
    "side": "Side",
    "finding": "Finding",
    "split": "Split",
    "nearest": "Nearest neighbour",
}
MOST_VALUES = 9
"""Values that get a colour of their own; the rarer ones share one."""
WITHOUT, RARER = "None recorded", "Others"
SAME, OTHER, UNKNOWN = "Of the same class", "Of another class", "No label to compare"
RIGHT, WRONG = palette.SERIES[2], palette.SERIES[4]


class Known(Protocol):
    """What colours go by; a case knows more than that."""

    label: str | None
    finding: str | None
    split: str | None


@dataclass(frozen=True)
class Colouring:
    """Values with their colours, and for each map the number of each case's value (N,)."""

    field: str
    values: tuple[tuple[str, Colour], ...]
    codes: tuple[Codes, ...]


def colourings(cases: Sequence[Known], taxonomy: Taxonomy, made: EmbeddingMap, rows: Sequence[int]) -> list[Colouring]:
    """Everything that tells some of these cases apart; `rows` are their rows on the map, -1 for none."""
    by_name = taxonomy.by_name
    own: dict[str, Callable[[Known], str | None]] = {
        "region": lambda case: by_name[case.label].region.capitalize() if case.label in by_name else None,
        "side": lambda case: (by_name[case.label].side or "").capitalize() if case.label in by_name else None,
        "finding": lambda case: case.finding,
        "split": lambda case: case.split,
    }
    found = [_classes(cases, taxonomy)]
    found += [_of_values(field, [value(case) or WITHOUT for case in cases]) for field, value in own.items()]
    found.append(_nearest(cases, made, rows))
    return [colouring for colouring in found if len(colouring.values) > 1 or colouring.field == "class"]


def _classes(cases: Sequence[Known], taxonomy: Taxonomy) -> Colouring:
    there = {case.label if case.label in taxonomy.labels else None for case in cases}
    labels = [label for label in (*taxonomy.labels, None) if label in there]
    number = {label: code for code, label in enumerate(labels)}
    codes = np.array([number[case.label if case.label in number else None] for case in cases], np.uint16)
    values = tuple((palette.title_of(taxonomy, label), palette.colour_of(taxonomy, label)) for label in labels)
    return Colouring("class", values, (codes, codes))


def _of_values(field: str, said: Sequence[str]) -> Colouring:
    counts = Counter(value for value in said if value != WITHOUT)
    own = [value for value, _ in counts.most_common(MOST_VALUES)]
    names = own if field == "finding" else sorted(own)
    colours = {name: palette.SERIES[place % len(palette.SERIES)] for place, name in enumerate(names)}
    if len(counts) > len(names):
        colours[RARER] = palette.SERIES[-1]
    if WITHOUT in said:
        colours[WITHOUT] = palette.NONE
    number = {name: code for code, name in enumerate(colours)}
    codes = np.array([number.get(value, number.get(RARER, 0)) for value in said], np.uint16)
    return Colouring(field, tuple(colours.items()), (codes, codes))


def _nearest(cases: Sequence[Known], made: EmbeddingMap, rows: Sequence[int]) -> Colouring:
    """Whether the nearest other case has the class of each: by the labels as they are now."""
    label_at = {row: case.label for row, case in zip(rows, cases, strict=True) if row >= 0}
    values = ((SAME, RIGHT), (OTHER, WRONG), (UNKNOWN, palette.NONE))
    codes = tuple(
        np.array(
            [_verdict(case.label, nearest, row, label_at) for case, row in zip(cases, rows, strict=True)], np.uint16
        )
        for nearest in (made.nearest[0], made.nearest[-1])
    )
    return Colouring("nearest", values, codes)


def _verdict(label: str | None, nearest: npt.NDArray[np.int64], row: int, label_at: dict[int, str | None]) -> int:
    other = label_at.get(int(nearest[row])) if row >= 0 else None
    return 2 if label is None or other is None else int(label != other)
