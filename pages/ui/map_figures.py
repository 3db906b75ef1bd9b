"""The figures beside each map: how far classes or regions lie apart, in numbers and a word."""

from __future__ import annotations

from typing import Any

from core.embedding_map import EmbeddingMap

PURITY = ((0.95, "nearly pure"), (0.8, "mostly pure"), (0.6, "mixed"), (0.0, "strongly mixed"))
SILHOUETTE = ((0.7, "tight groups"), (0.5, "clear groups"), (0.25, "loose groups"), (-1.0, "overlapping"))
TOLD = {
    "purity": (
        "Mean share of the ten nearest cases of other patients that are of the same {kind}, 0 to 1; of fewer nearest "
        "ones where a {kind} has fewer cases"
    ),
    "silhouette": "Silhouette: distance to the nearest other {kind} against distance within its own, -1 to 1",
}


def figures(made: EmbeddingMap, colour: str) -> list[list[dict[str, Any]]]:
    """For each map, purity and silhouette of regions where those are coloured, else of classes."""
    kind = "region" if colour == "region" else "class"
    spaces = ["before", "after"] if made.flow_id else ["before"]
    return [_of_space(made, space, kind) for space in spaces]


def _of_space(made: EmbeddingMap, space: str, kind: str) -> list[dict[str, Any]]:
    everything, tested = (made.separation.get(f"{space} {kind} {scope}") for scope in ("all", "test"))
    rows = []
    for name, title, words in (("purity", f"Same {kind} nearby", PURITY), ("silhouette", "Silhouette", SILHOUETTE)):
        value = getattr(everything, name, None)
        if value is None:
            continue
        held_out = getattr(tested, name, None)
        rows.append(
            {
                "title": title,
                "shown": f"{value:.2f}",
                "share": max(0.0, value),
                "word": next(word for least, word in words if value >= least),
                "tested": "" if held_out is None else f"test split {held_out:.2f}",
                "help": TOLD[name].format(kind=kind),
            }
        )
    return rows
