"""A stored map brought up to date with the library, and packed for the browser to draw."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from pages.ui import map_colours
from pages.ui.map_colours import Colouring

if TYPE_CHECKING:
    from core.case import Case
    from core.embedding_map import EmbeddingMap
    from core.vectors import Matrix
    from pages.ui.resources import OpenLibrary

MOST_PLACED = 5000
"""New cases placed between their neighbours; with more, the map is to be made anew."""


@dataclass(frozen=True)
class MapView:
    """What is drawn: the cases that are there now, N of them, positions (S, N, 2), and `packed`, all of it as bytes.

    `added` came after the map was made and `waiting` of them are not on it; `gone` were on it and are no more.
    """

    made: EmbeddingMap
    case_ids: tuple[str, ...]
    positions: Matrix
    colourings: tuple[Colouring, ...]
    packed: bytes
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


def view_of(library: OpenLibrary, made: EmbeddingMap) -> MapView:
    """The map as it is drawn now; cases that came since lie between their neighbours."""
    cases = {case.case_id: case for case in library.catalog.cases(order="oldest")}
    stayed = [case_id for case_id in made.case_ids if case_id in cases]
    came = [case_id for case_id in cases if case_id not in made.row_of]
    shown = [*stayed, *came[:MOST_PLACED]]
    rows = [made.row_of.get(case_id, -1) for case_id in shown]
    positions = made.positions[:, rows[: len(stayed)]]
    if len(shown) > len(stayed):
        from core.placement import place  # brings torch

        positions = np.concatenate([positions, place(made, library.catalog.vectors, shown[len(stayed) :])], axis=1)
    found = [cases[case_id] for case_id in shown]
    colourings = tuple(map_colours.colourings(found, library.taxonomy, made, rows))
    return MapView(
        made,
        tuple(shown),
        positions,
        colourings,
        _packed(found, made.times, positions, colourings),
        added=len(came),
        waiting=len(came[MOST_PLACED:]),
        gone=len(made.case_ids) - len(stayed),
    )


def _packed(cases: list[Case], times: Matrix, positions: Matrix, colourings: tuple[Colouring, ...]) -> bytes:
    """Length of the header, header (JSON), positions (S, N, 2), codes (fields, maps, N), all of 16 bits, then ids.

    Findings and classes are read from their colourings, so that no text is sent once for every case.
    """
    low, high = positions.min(axis=(0, 1)), positions.max(axis=(0, 1))
    scale = np.maximum((high - low).max(), 1e-9) / 65535
    header: dict[str, Any] = {
        "cases": len(cases),
        "times": [round(float(t), 4) for t in times],
        "low": low.tolist(),
        "high": high.tolist(),
        "scale": float(scale),
        "id": len(cases[0].case_id),
        "fields": [
            {
                "field": colouring.field,
                "title": map_colours.FIELDS[colouring.field],
                "values": [{"name": name, "light": c.light, "dark": c.dark} for name, c in colouring.values],
            }
            for colouring in colourings
        ],
    }
    head = json.dumps(header).encode()
    head += b" " * (-len(head) % 4)
    numbers = np.round((positions - low) / scale).astype("<u2")
    codes = np.stack([np.stack(colouring.codes) for colouring in colourings]).astype("<u2")
    ids = "".join(case.case_id for case in cases).encode("ascii")
    return b"".join([len(head).to_bytes(4, "little"), head, numbers.tobytes(), codes.tobytes(), ids])
