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
    regions = {known.name: known.region.capitalize() for known in taxonomy.by_name.values()}
    sides = {known.name: (known.side or "").capitalize() for known in taxonomy.by_name.values()}
    own: dict[str, Callable[[Known], str | None]] = {
        "region": lambda case: regions.get(case.label or ""),
        "side": lambda case: sides.get(case.label or ""),
        "finding": lambda case: case.finding,
        "split": lambda case: case.split,
    }
    found = [_classes(cases, taxonomy)]
    found += [_of_values(field, [value(case) or WITHOUT for case in cases]) for field, value in own.items()]
    found.append(_nearest(cases, made, rows))
    return [colouring for colouring in found if len(colouring.values) > 1 or colouring.field == "class"]


def _classes(cases: Sequence[Known], taxonomy: Taxonomy) -> Colouring:
    order = taxonomy.labels
    there = {case.label for case in cases}
    strange = bool(there - set(order))  # none, or one of another taxonomy
    labels = [*(label for label in order if label in there), *([None] if strange else [])]
    number = {label: code for code, label in enumerate(labels)}
    codes = np.array([number.get(case.label, len(labels) - 1) for case in cases], np.uint16)
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
    number = {label: code for code, label in enumerate({case.label for case in cases} - {None})}
    own = np.array([number.get(case.label, -1) for case in cases], np.int64)
    places = np.asarray(rows, np.int64)
    label_at = np.full(len(made.case_ids) + 1, -1)  # the last is that of no case: it is what -1 leads to
    label_at[places[places >= 0]] = own[places >= 0]
    values = ((SAME, RIGHT), (OTHER, WRONG), (UNKNOWN, palette.NONE))
    codes = tuple(_verdicts(own, label_at[np.append(near, -1)][places]) for near in (made.nearest[0], made.nearest[-1]))
    return Colouring("nearest", values, codes)


def _verdicts(own: npt.NDArray[np.int64], other: npt.NDArray[np.int64]) -> Codes:
    return np.where((own < 0) | (other < 0), 2, own != other).astype(np.uint16)
