"""The classes of a library as chips in their colours, with counts: the first filter of a page."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import streamlit as st

from core.taxonomy import Taxonomy
from pages.ui import palette
from pages.ui.text import number

HERE = Path(__file__).parent

_component = st.components.v2.component(
    "ent_class_chips",
    html='<div class="chips" role="group"></div>',
    css=(HERE / "class_chips.css").read_text(encoding="utf-8"),
    js=(HERE / "class_chips.js").read_text(encoding="utf-8"),
)


def show(
    taxonomy: Taxonomy,
    counts: Mapping[str, int],
    chosen: Sequence[str],
    *,
    key: str,
    on_choose: Callable[[list[str]], None],
) -> None:
    """Show a chip a class with its number of cases; `on_choose` gets the labels chosen after a click.

    Those chosen are there also where another filter leaves no case of them: they could not be taken back otherwise.
    """
    shown = {label: counts.get(label, 0) for label in (*taxonomy.labels, "") if label in counts or label in chosen}

    def _chosen() -> None:
        labels = getattr(st.session_state.get(key), "choose", None)
        if isinstance(labels, list):
            on_choose([label for label in labels if label in shown])

    chips = [
        {
            "label": label,
            "title": palette.title_of(taxonomy, label),
            "count": number(n),
            "colour": palette.colour_of(taxonomy, label).css,
        }
        for label, n in shown.items()
    ]
    _component(key=key, data={"chips": chips, "chosen": list(chosen)}, on_choose_change=_chosen)
