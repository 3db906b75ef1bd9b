"""The details of one space: by class, which class is taken for which, and the sides; every cell opens its queries."""

from __future__ import annotations

from collections import Counter

import streamlit as st

from core.confusion import SIDES
from core.evaluation import BEFORE, NONE
from core.outcomes import LevelScores
from pages.ui import evaluation_pick, evaluation_queries, frame, palette, pick_table
from pages.ui.evaluation_choice import LEVELS, View
from pages.ui.evaluation_headline import score_cell, title_of
from pages.ui.evaluation_pick import COUNT, Pick
from pages.ui.evaluation_words import SIDES as SAID
from pages.ui.evaluation_words import value_title
from pages.ui.pick_table import Cell, Column
from pages.ui.resources import OpenLibrary
from pages.ui.text import count

SIDE_TITLES = {
    "sided": "Queries",
    "region_right": "Region right",
    "side_right": "Side right too",
    "errors": "Laterality errors",
}


def show_values(view: View) -> None:
    """Recall@1 of each class, region or finding, beside that of the plain embeddings."""
    st.subheader(f"By {LEVELS[view.level].lower()}", anchor=False)
    spaces = dict.fromkeys((BEFORE, view.space_name))
    columns = [Column(LEVELS[view.level]), Column("Queries", "end"), *(Column(title_of(name)) for name in spaces)]
    levels = {name: view.reports[name].levels[view.level] for name in spaces}
    rows = [
        [
            Cell(value_title(view, value), swatch=_colour(view, value)),
            _count(view, value, n),
            *(_score(view, name, value, levels[name]) for name in spaces),
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
    columns = [Column(""), *(Column(value_title(view, value), "middle") for value in order)]
    rows = [
        [Cell(value_title(view, asked), swatch=_colour(view, asked)), *_cells(view, counts, asked, order)]
        for asked in order
    ]
    _table(view, columns, rows, key="evaluation_confusion", label="Nearest neighbour by query", square=True)


def show_sides(view: View) -> None:
    """How often the region is right and the side wrong."""
    sides = {name: report.laterality for name, report in view.reports.items()}
    if not any(found.sided for found in sides.values()):
        return
    st.subheader("Left and right", anchor=False)
    frame.quiet("Among the queries of a class with a side. A laterality error has the right region and the wrong side.")
    if not any(found.errors for found in sides.values()):
        frame.quiet("There is none here: wherever the region is right, the side is too.")
    columns = [Column("Embeddings"), *(Column(title, "end") for title in SIDE_TITLES.values())]
    rows = [
        [Cell(title_of(name)), *(_side(name, which, getattr(found, which)) for which in SIDES)]
        for name, found in sides.items()
    ]
    _table(view, columns, rows, key="evaluation_sides", label="Laterality errors")


def _score(view: View, space: str, value: str, scores: LevelScores) -> Cell:
    """Recall@1 of the queries that show `value`; where nothing can be found, that in place of a 0."""
    score, pick = scores.each[value]["recall@1"], Pick("value", space, value).text
    if value in scores.unfindable:
        said = f"{value_title(view, value)}, {title_of(space)}, {NONE}: show the queries"
        return Cell("–", note=NONE, pick=pick, said=said)
    said = f"{value_title(view, value)}, {title_of(space)}, Recall@1 {score.value:.2f}: show the queries"
    return score_cell(score, _colour(view, value), pick=pick, said=said)


def _count(view: View, value: str, n: int) -> Cell:
    """How many queries show `value`; they are opened as the space that the details are of has them."""
    said = f"{value_title(view, value)}: show {count(n, 'query', 'queries')}"
    return Cell(str(n), pick=Pick("value", view.space_name, value, COUNT).text, said=said)


def _side(space: str, which: str, n: int) -> Cell:
    """A count; one of none can be picked too, and says so in words."""
    said = f"{n} {SAID[which]}, {title_of(space)}: show the queries"
    return Cell(str(n), pick=Pick("sides", space, which).text, said=said)


def _cells(view: View, counts: Counter[tuple[str, str]], asked: str, order: list[str]) -> list[Cell]:
    whole = sum(n for (value, _), n in counts.items() if value == asked)
    cells = []
    for found in order:
        n = counts[asked, found]
        pick = Pick("cell", view.space_name, asked, found).text if n else ""
        said = f"{value_title(view, asked)} nearest to {value_title(view, found)}: {n} of {whole}; show the queries"
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
        on_pick=evaluation_pick.pick,
        square=square,
    )


def _colour(view: View, value: str) -> str | None:
    return palette.colour_of(view.taxonomy, value).css if view.level == "class" else None
