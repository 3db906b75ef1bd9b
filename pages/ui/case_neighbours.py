"""The nearest cases of one case, before and after the flow, with those gained and lost, and how far it was moved."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from core.case import Case
from core.errors import EntError
from pages.ui import drawer, frame, gallery_grid, index_job, resources
from pages.ui.resources import OpenLibrary
from pages.ui.text import count, markdown

if TYPE_CHECKING:
    from core.neighbourhood import Neighbourhood
    from core.search import SearchHit

NEAREST = 5
"""What stands in one row of the drawer."""

FAR = ((0.2, "less than almost all cases here"), (0.4, "less than most cases here"))
FAR += ((0.6, "about as far as most cases here"), (0.8, "further than most cases here"))
FAR += ((1.01, "further than almost all cases here"),)


def show(case: Case, library: OpenLibrary) -> None:
    """Both neighbourhoods as grids; embeddings are stored, so nothing is encoded."""
    if index_job.running(library) is not None:
        st.caption("The nearest cases will be here when the index of this library is made.")
        return
    try:
        found = resources.neighbourhood(library.library_id, library.version, case.case_id, NEAREST)
    except EntError as error:
        st.caption(f"Nearest cases cannot be shown. {markdown(error)}")
        return
    if found.after is None:
        _grid("Nearest cases", found.before, library, key="drawer_before")
        return
    frame.quiet(_moved(found, library))
    _grid("Nearest after the flow", found.after, library, key="drawer_after", marked=found.gained, mark="+ gained")
    _grid("Nearest before the flow", found.before, library, key="drawer_before", marked=found.lost, mark="− lost")
    frame.quiet(_exchange(found, case))


def _moved(found: Neighbourhood, library: OpenLibrary) -> str:
    from core.neighbourhood import movements, share_moved_less

    if found.moved is None:
        return "The flow has not been applied to this case yet."
    share = share_moved_less(found.moved, library.kept("movements", lambda: movements(library.catalog)))
    words = next(words for most, words in FAR if share < most)
    return f"The flow moved this case {words}: the cosine between its embeddings before and after is {found.moved:.2f}."


def _exchange(found: Neighbourhood, case: Case) -> str:
    before, after = found.before, found.after or ()
    words = f"Of the {len(after)} nearest, the flow brought in {len(found.gained)} and let go {len(found.lost)}."
    if case.label is None:
        return words
    same = [sum(hit.case.label == case.label for hit in hits) for hits in (before, after)]
    return f"{words} {count(same[0], 'case')} of its own class before, {same[1]} after."


def _grid(
    title: str,
    hits: tuple[SearchHit, ...],
    library: OpenLibrary,
    *,
    key: str,
    marked: frozenset[str] = frozenset(),
    mark: str = "",
) -> None:
    if not hits:
        return
    cards = [
        gallery_grid.card_of(
            hit.case,
            library.taxonomy,
            library.library_id,
            similarity=hit.similarity,
            badges=(mark,) if hit.case.case_id in marked else (),
        )
        for hit in hits
    ]
    ids = tuple(card.case_id for card in cards)
    with st.container(key=key, gap="xxsmall"):
        frame.over(title)
        gallery_grid.show(
            cards, key=f"{key}_grid", label=title, size="small", on_open=lambda found: drawer.follow_case(found, ids)
        )
