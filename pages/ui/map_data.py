"""A stored map brought up to date with the library, and packed for the browser to draw."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from pages.ui import map_colours
from pages.ui.map_colours import Colouring
from pages.ui.media import Blob

if TYPE_CHECKING:
    from core.embedding_map import EmbeddingMap
    from core.vectors import Matrix
    from pages.ui.resources import OpenLibrary

MOST_PLACED = 5000
"""New cases placed between their neighbours; with more, the map is to be made anew."""
LEVELS = 65535
"""A position is sent as one of so many places along each axis."""


@dataclass(frozen=True)
class MapGround:
    """The map as it was made, and its points as the browser gets them: the same as long as the map is."""

    made: EmbeddingMap
    points: Blob
    low: Matrix
    scale: float


@dataclass(frozen=True)
class MapView:
    """What is drawn: the cases that are there now, N of them, and positions (S, N, 2).

    The browser gets `points`, which stay the same, and `marks`: what has changed since, and the colours. `added` came
    after the map was made and `waiting` of them are not on it; `gone` were on it and are no more.
    """

    made: EmbeddingMap
    case_ids: tuple[str, ...]
    positions: Matrix
    colourings: tuple[Colouring, ...]
    points: Blob
    marks: Blob
    added: int
    waiting: int
    gone: int

    @cached_property
    def row_of(self) -> dict[str, int]:
        """The row of each case that is drawn."""
        return {case_id: row for row, case_id in enumerate(self.case_ids)}

    @property
    def fields(self) -> list[str]:
        """What points can be coloured by."""
        return [colouring.field for colouring in self.colourings]


def ground_of(path: Path, whole: bool) -> MapGround:
    """The map in that file; not `whole`: only what does not depend on its flow. Raises LibraryError.

    Its points are packed as the length of a header, the header (JSON), positions (S, N, 2) of 16 bits, and ids.
    """
    from core.embedding_map import load_map

    made = load_map(path) if whole else load_map(path).before_only()
    low, high = made.positions.min(axis=(0, 1)), made.positions.max(axis=(0, 1))
    scale = float(np.maximum((high - low).max(), 1e-9) / LEVELS)
    header = {
        "cases": len(made.case_ids),
        "times": [round(float(t), 4) for t in made.times],
        "low": low.tolist(),
        "high": high.tolist(),
        "scale": scale,
        "id": len(made.case_ids[0]),
    }
    packed = _packed(header, _levels(made.positions, low, scale), _ids(made.case_ids))
    return MapGround(made, Blob(packed), low, scale)


def view_of(library: OpenLibrary, ground: MapGround) -> MapView:
    """The map as it is drawn now; cases that came since lie between their neighbours."""
    made = ground.made
    cases = {case.case_id: case for case in library.catalog.columns("case_id", "label", "finding", "split")}
    stayed = [case_id for case_id in made.case_ids if case_id in cases]
    came = [case_id for case_id in cases if case_id not in made.row_of]
    shown = [*stayed, *came[:MOST_PLACED]]
    rows = [made.row_of.get(case_id, -1) for case_id in shown]
    positions = made.positions[:, rows[: len(stayed)]]
    new = positions[:, :0]
    if len(shown) > len(stayed):
        from core.placement import place  # brings torch

        new = place(made, library.catalog.vectors, shown[len(stayed) :])
        positions = np.concatenate([positions, new], axis=1)
    colourings = tuple(map_colours.colourings([cases[case_id] for case_id in shown], library.taxonomy, made, rows))
    gone = [row for row, case_id in enumerate(made.case_ids) if case_id not in cases]
    return MapView(
        made,
        tuple(shown),
        positions,
        colourings,
        ground.points,
        Blob(_marks(colourings, gone, _levels(new, ground.low, ground.scale), shown[len(stayed) :])),
        added=len(came),
        waiting=len(came[MOST_PLACED:]),
        gone=len(gone),
    )


def _marks(
    colourings: Sequence[Colouring], gone: list[int], new: npt.NDArray[np.uint16], new_ids: Sequence[str]
) -> bytes:
    """Header as that of the points, positions (S, A, 2) of the A new cases, codes by field and map (N,), new ids.

    Findings and classes are read from their colourings, so that no text is sent once for every case, and codes that
    are the same on both maps are sent once, as bytes where they fit.
    """
    codes = [code for each in colourings for code in each.codes[: _kinds(each)]]
    wide = any(len(colouring.values) > 256 for colouring in colourings)
    header = {
        "gone": gone,
        "new": len(new_ids),
        "wide": wide,
        "fields": [
            {
                "field": colouring.field,
                "title": map_colours.FIELDS[colouring.field],
                "maps": _kinds(colouring),
                "values": [{"name": name, "light": c.light, "dark": c.dark} for name, c in colouring.values],
            }
            for colouring in colourings
        ],
    }
    return _packed(header, new, np.stack(codes).astype("<u2" if wide else "u1"), _ids(new_ids))


def _kinds(colouring: Colouring) -> int:
    """1 where a case has the same colour on both maps, else 2."""
    return 1 if colouring.codes[0] is colouring.codes[1] else 2


def _levels(positions: Matrix, low: Matrix, scale: float) -> npt.NDArray[np.uint16]:
    return np.clip(np.round((positions - low) / scale), 0, LEVELS).astype("<u2")


def _ids(case_ids: Sequence[str]) -> npt.NDArray[np.uint8]:
    return np.frombuffer("".join(case_ids).encode("ascii"), np.uint8)


def _packed(header: Mapping[str, Any], *parts: npt.NDArray[Any]) -> bytes:
    head = json.dumps(header).encode()
    head += b" " * (-len(head) % 4)
    return b"".join([len(head).to_bytes(4, "little"), head, *(part.tobytes() for part in parts)])
