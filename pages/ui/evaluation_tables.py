"""The details of one space: by class, which class is taken for which, and the sides; every cell opens its queries."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import streamlit as st

from core.evaluation import BEFORE
from pages.ui import evaluation_queries, frame, palette, pick_table
from pages.ui.evaluation_choice import LEVELS, View
from pages.ui.evaluation_headline import score_cell, title_of
from pages.ui.evaluation_queries import Pick
from pages.ui.pick_table import Cell, Column
from pages.ui.resources import OpenLibrary

if TYPE_CHECKING:
    from core.evaluation import SpaceReport


def show_values(view: View) -> None:
    """Recall@1 of each class, region or finding, beside that of the plain embeddings."""
    st.subheader(f"By {LEVELS[view.level].lower()}", anchor=False)
    spaces = dict.fromkeys((BEFORE, view.space_name))
    columns = [Column(LEVELS[view.level]), Column("Queries", "end"), *(Column(title_of(name)) for name in spaces)]
    levels = {name: _report(view, name).levels[view.level] for name in spaces}
    rows = [
        [
            Cell(_title(view, value), swatch=_colour(view, value)),
            Cell(str(n)),
            *(
                score_cell(
                    levels[name].each[value]["recall@1"],
                    _colour(view, value),
                    pick=Pick("value", name, value).text,
                    said=f"{_title(view, value)}, {title_of(name)}: show the queries",
                )
                for name in spaces
            ),
        ]
        for value, n in levels[BEFORE].counts.items()
    ]
    _table(view, columns, rows, key="evaluation_values", label=f"Recall@1 by {view.level}")


def show_confusion(library: OpenLibrary, view: View) -> None:
    """A square of counts: the query's class down, its nearest neighbour's across."""
    if view.level == "finding":
        return
    st.subheader("What is taken for what", anchor=False)
    frame.quiet(f"Rows: the query. Columns: its nearest neighbour. {title_of(view.space_name)}.")
    counts = evaluation_queries.confusion(library, view)
    values = list(dict.fromkeys(value for pair in counts for value in pair))
    order = [v for v in (view.taxonomy.labels if view.level == "class" else view.taxonomy.regions) if v in values]
    columns = [Column(""), *(Column(_title(view, value), "middle") for value in order)]
    rows = [
        [Cell(_title(view, asked), swatch=_colour(view, asked)), *_cells(view, counts, asked, order)] for asked in order
    ]
    _table(view, columns, rows, key="evaluation_confusion", label="Nearest neighbour by query", square=True)


def show_sides(view: View) -> None:
    """How often the region is right and the side wrong."""
    reports = {**view.protocol.spaces, **view.protocol.baselines}
    if not any(report.laterality.sided for report in reports.values()):
        return
    st.subheader("Left and right", anchor=False)
    frame.quiet("Among the queries of a class with a side. A laterality error has the right region and the wrong side.")
    columns = [
        Column("Embeddings"),
        Column("Queries", "end"),
        Column("Region right", "end"),
        Column("Side right too", "end"),
        Column("Laterality errors", "end"),
    ]
    rows = []
    for name, report in reports.items():
        sides = report.laterality
        pick = Pick("sides", name, "errors").text if sides.errors else ""
        said = f"{sides.errors} laterality errors, {title_of(name)}: show the queries"
        counts = (Cell(str(n)) for n in (sides.sided, sides.region_right, sides.side_right))
        rows.append([Cell(title_of(name)), *counts, Cell(str(sides.errors), pick=pick, said=said)])
    _table(view, columns, rows, key="evaluation_sides", label="Laterality errors")


def _cells(view: View, counts: Counter[tuple[str, str]], asked: str, order: list[str]) -> list[Cell]:
    whole = sum(n for (value, _), n in counts.items() if value == asked)
    cells = []
    for found in order:
        n = counts[asked, found]
        pick = Pick("cell", view.space_name, asked, found).text if n else ""
        said = f"{_title(view, asked)} nearest to {_title(view, found)}: {n} of {whole}; show the queries"
        cells.append(Cell(str(n) if n else "", pick=pick, said=said, heat=n / max(whole, 1), right=asked == found))
    return cells


def _table(
    view: View, columns: list[Column], rows: list[list[Cell]], *, key: str, label: str, square: bool = False
) -> None:
    picked = evaluation_queries.picked(view)
    pick_table.show(
        columns,
        rows,
        key=key,
        label=label,
        picked=picked.text if picked else None,
        on_pick=evaluation_queries.pick,
        square=square,
    )


def _report(view: View, name: str) -> SpaceReport:
    return {**view.protocol.spaces, **view.protocol.baselines}[name]


def _title(view: View, value: str) -> str:
    if view.level == "class":
        return palette.title_of(view.taxonomy, value)
    return value[:1].upper() + value[1:]


def _colour(view: View, value: str) -> str | None:
    return palette.colour_of(view.taxonomy, value).css if view.level == "class" else None
