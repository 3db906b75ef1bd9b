"""The query's image with a box on it, drawn by mouse or keyboard or given in numbers: search with that part only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple, replace
from pathlib import Path

import streamlit as st

from core.errors import QueryError
from core.region import Region
from pages.ui import current_query
from pages.ui.text import markdown

HERE = Path(__file__)
EDGES = ("Left", "Top", "Right", "Bottom")
KEY = "region_box"

_component = st.components.v2.component(
    "ent_region_box",
    html=(
        '<div class="stage" tabindex="0" role="group"><img draggable="false">'
        '<div class="box" hidden><i class="handle"></i></div></div><p class="live" aria-live="polite"></p>'
    ),
    css=HERE.with_suffix(".css").read_text(encoding="utf-8"),
    js=HERE.with_suffix(".js").read_text(encoding="utf-8"),
)


def show(url: str, name: str, *, mirrored: bool) -> None:
    """The image, with the region of the query drawn on it; a box drawn or moved is searched with at once.

    The region is that of the image as it is, also where the image is shown `mirrored`.
    """
    region = current_query.query().region
    data = {"url": url, "name": name, "region": None if region is None else astuple(region)}
    data["mirrored"] = mirrored
    _component(key=KEY, data=data, on_region_change=_drawn)


def show_numbers() -> None:
    """The same in numbers, for those who cannot or would rather not draw."""
    region = current_query.query().region
    label = "Whole image" if region is None else "Region"
    with st.popover(label, icon=":material/crop:", key="region_popover"):
        st.markdown("Drag a box on the image to search with that part only, or give its edges in percent.")
        edges = astuple(region) if region else (0.0, 0.0, 1.0, 1.0)
        with st.form("region_form", border=False):
            places = st.columns(2)
            values = [
                places[at % 2].number_input(
                    edge, 0, 100, round(100 * value), 5, key=f"region_{edge.lower()}_{round(100 * value)}"
                )
                for at, (edge, value) in enumerate(zip(EDGES, edges, strict=True))
            ]
            asked = st.form_submit_button("Search with this part", type="primary")
        if region is not None:
            st.button("Whole image again", icon=":material/close:", on_click=_set, args=(None,))
        if asked:
            _ask([value / 100 for value in values])


def _ask(edges: Sequence[float]) -> None:
    try:
        region = Region(*edges)
    except QueryError as error:
        st.error(markdown(error))
        return
    _set(None if region == Region(0, 0, 1, 1) else region)
    st.rerun()


def _drawn() -> None:
    """What the browser sends is checked like anything else from outside: four numbers that make a box, or none."""
    edges = getattr(st.session_state.get(KEY), "region", None)
    if edges == "none":
        _set(None)
    elif isinstance(edges, list) and len(edges) == 4 and all(type(edge) in (int, float) for edge in edges):
        try:
            _set(Region(*map(float, edges)))
        except QueryError:
            return


def _set(region: Region | None) -> None:
    current_query.change_query(lambda query: replace(query, region=region).without_marks())
