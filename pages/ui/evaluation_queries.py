"""The queries behind a figure: those of a class, of a confusion, of the wrong side, or the worst ones, as images."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import streamlit as st

from core.evaluation import SpaceReport
from pages.ui import current_query, drawer, frame, gallery_grid, palette, picking
from pages.ui.evaluation_choice import View
from pages.ui.evaluation_headline import title_of
from pages.ui.resources import OpenLibrary
from pages.ui.text import count

if TYPE_CHECKING:
    from core.evaluation import Outcome

SHOWN = 48
SEPARATOR = "|"


@dataclass(frozen=True)
class Pick:
    """Which queries are looked at: of a `value`, of a `cell` of the confusion, or with a wrong side (`sides`)."""

    kind: str
    space: str
    value: str
    found: str = ""

    @property
    def text(self) -> str:
        """The same for the URL."""
        return SEPARATOR.join((self.kind, self.space, self.value, self.found))

    @classmethod
    def parse(cls, text: str | None) -> Pick | None:
        parts = (text or "").split(SEPARATOR)
        return cls(*parts) if len(parts) == 4 else None


def pick(text: str | None) -> None:
    """Look at these queries; at the worst ones again with None."""
    picking.pick(picking.QUERIES, text)


def picked(view: View) -> Pick | None:
    """What is looked at, where this report has that space."""
    found = Pick.parse(picking.picked(picking.QUERIES))
    return found if found is not None and found.space in _reports(view) else None


def confusion(library: OpenLibrary, view: View) -> Counter[tuple[str, str]]:
    """How often a query of one class (or region) has its nearest neighbour in another; counted once a view."""

    def _counted() -> Counter[tuple[str, str]]:
        pairs = ((_value(view, o), _nearest(view, o)) for o in view.space.outcomes)
        return Counter((asked, found) for asked, found in pairs if asked and found)

    return library.kept(f"confusion of {view.name}", _counted)


def show(library: OpenLibrary, view: View) -> None:
    """The queries that were picked as a grid; the worst ones where none were."""
    chosen = picked(view)
    space = chosen.space if chosen else view.space_name
    report = _reports(view)[space]
    found = list(report.worst)
    if chosen:
        found = library.kept(f"{chosen.text} of {view.name}", partial(behind, view, report, chosen))
    if chosen and not found:  # a link to another report, say
        chosen, found = None, list(report.worst)
    with st.container(key="evaluation_queries"):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.subheader("The queries behind it" if chosen else "Worst queries", anchor=False)
            st.space("stretch")
            if chosen:
                st.button("Worst queries", key="evaluation_worst", type="tertiary", on_click=pick, args=(None,))
        frame.quiet(_said(view, chosen, space, len(found)))
        _grid(library, view, found)


def behind(view: View, report: SpaceReport, chosen: Pick) -> list[Outcome]:
    """The outcomes that make up the picked figure, those found last first."""
    if chosen.kind == "cell":
        found = [o for o in report.outcomes if (_value(view, o), _nearest(view, o)) == (chosen.value, chosen.found)]
    elif chosen.kind == "sides":
        found = [outcome for outcome in report.outcomes if _is_wrong_side(view, outcome)]
    else:
        found = [outcome for outcome in report.outcomes if _value(view, outcome) == chosen.value]
    return sorted(found, key=lambda outcome: -(outcome.rank or 10**9))


def _grid(library: OpenLibrary, view: View, found: list[Outcome]) -> None:
    if not found:
        return
    taxonomy, shown = view.taxonomy, found[:SHOWN]
    cards = []
    for outcome in shown:
        nearest = palette.title_of(taxonomy, outcome.nearest.label) if outcome.nearest else "nothing"
        late = f"first right at {outcome.rank}" if outcome.rank else "none is right"
        badges = () if outcome.rank == 1 else (f"nearest: {nearest}", late)
        cards.append(gallery_grid.card_of(outcome.case, taxonomy, library.library_id, badges=badges))
    ids = tuple(card.case_id for card in cards)
    gallery_grid.show(
        cards,
        key="evaluation_grid",
        label="Queries",
        on_open=lambda case_id: drawer.open_case(case_id, ids),
        on_similar=current_query.search_with_case,
    )
    if len(found) > SHOWN:
        frame.quiet(f"The first {SHOWN} of {len(found)}.")


def _said(view: View, chosen: Pick | None, space: str, n: int) -> str:
    title = title_of(space)
    if chosen is None:
        if not n:
            return f"{title}: every query that can be answered is right at once."
        return f"{title}: those whose first right neighbour comes latest."
    queries = count(n, "query", "queries")
    if chosen.kind == "sides":
        return f"{title}: {queries} with the right region and the wrong side."
    asked = _title(view, chosen.value)
    if chosen.kind == "cell":
        return f"{title}: {queries}, {asked}, nearest to {_title(view, chosen.found)}."
    return f"{title}: {queries}, {asked}; those found last first."


def _title(view: View, value: str) -> str:
    return palette.title_of(view.taxonomy, value) if view.level == "class" else value[:1].upper() + value[1:]


def _reports(view: View) -> dict[str, SpaceReport]:
    return {**view.protocol.spaces, **view.protocol.baselines}


def _value(view: View, outcome: Outcome) -> str | None:
    """What the query shows at the level looked at."""
    known = view.taxonomy.by_name.get(outcome.case.label or "")
    if known is None or view.level == "class":
        return outcome.case.label
    if view.level == "region":
        return known.region
    return f"{known.region}: {outcome.case.finding}" if outcome.case.finding else None


def _nearest(view: View, outcome: Outcome) -> str | None:
    label = outcome.nearest.label if outcome.nearest else None
    known = view.taxonomy.by_name.get(label or "")
    return known.region if known and view.level == "region" else label


def _is_wrong_side(view: View, outcome: Outcome) -> bool:
    known = view.taxonomy.by_name
    asked = known.get(outcome.case.label or "")
    found = known.get((outcome.nearest.label if outcome.nearest else None) or "")
    return bool(asked and found and asked.side and asked.region == found.region and asked.side != found.side)
