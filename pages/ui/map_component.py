"""The two linked maps in the browser: drawn point by point, one selection, images where one points."""

from __future__ import annotations

import base64
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import streamlit as st

from pages.ui import map_marks, media

if TYPE_CHECKING:
    from pages.ui.map_data import MapView

HERE = Path(__file__).parent
KEY = "embedding_maps"
PARTS = ("element.js", "map_points.js", "map_dots.js", "map_gestures.js", "map_panel.js", "map_component.js")

_component = st.components.v2.component(
    "ent_embedding_maps",
    html='<div class="ent-map"></div>',
    css=(HERE / "map_component.css").read_text(encoding="utf-8"),
    js="\n".join((HERE / part).read_text(encoding="utf-8") for part in PARTS),
    isolate_styles=False,
)


def show(
    view: MapView,
    library_id: str,
    *,
    colour: str,
    time: float,
    marked: str | None,
    queries: list[list[float]],
    query_before: bool,
    figures: list[list[dict[str, Any]]],
    on_select: Callable[[tuple[str, ...]], None],
    on_open: Callable[[str], None],
    on_time: Callable[[float], None],
) -> None:
    """Draw the maps; `on_select` gets the ids of the cases selected, `on_open` one id, `on_time` a time from 0 to 1."""
    data = {
        "points": media.blob_url(view.points),
        "marks": media.blob_url(view.marks),
        "thumbs": media.thumbnails_url(library_id),
        "colour": colour,
        "time": time,
        "marked": view.row_of.get(marked or "", -1),
        "query": queries,
        "query_before": query_before,
        "figures": figures,
        "titles": ["Before the flow", "After the flow"] if view.made.flow_id else ["Embeddings"],
        "selected": _bits(view, map_marks.selected_on_map()),
    }

    def _selected() -> None:
        bits = getattr(st.session_state.get(KEY), "select", None)
        if isinstance(bits, str):
            on_select(_cases(view, bits))

    def _opened() -> None:
        case_id = getattr(st.session_state.get(KEY), "open", None)
        if isinstance(case_id, str):
            on_open(case_id)

    def _moved() -> None:
        found = getattr(st.session_state.get(KEY), "time", None)
        if isinstance(found, int | float):
            on_time(float(found))

    _component(key=KEY, data=data, on_select_change=_selected, on_open_change=_opened, on_time_change=_moved)


def _bits(view: MapView, case_ids: Sequence[str]) -> str:
    """Which cases those are, one bit for every case on the map, in base64: five thousand of them in a kilobyte."""
    if not case_ids:
        return ""
    marks = np.zeros(len(view.case_ids), np.uint8)
    marks[[view.row_of[case_id] for case_id in case_ids if case_id in view.row_of]] = 1
    return base64.b64encode(np.packbits(marks, bitorder="little")).decode()


def _cases(view: MapView, bits: str) -> tuple[str, ...]:
    try:
        marks = np.unpackbits(np.frombuffer(base64.b64decode(bits, validate=True), np.uint8), bitorder="little")
    except ValueError:
        return ()
    return tuple(view.case_ids[row] for row in np.flatnonzero(marks[: len(view.case_ids)]))
