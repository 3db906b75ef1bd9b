"""The answer of a search: ranked cases as images, what their classes say, and what to know about the query."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

import streamlit as st

from core.folding import Fold
from core.sides import contradicts
from core.sides import said as side_said
from pages.ui import (
    compare_tray,
    comparing,
    current_query,
    drawer,
    evidence,
    export_menu,
    folds,
    frame,
    gallery_grid,
    refining,
    search_options,
    standing,
)
from pages.ui.answer import Answer, Ranking
from pages.ui.folds import Tile
from pages.ui.resources import OpenLibrary
from pages.ui.text import count, cut, markdown

if TYPE_CHECKING:
    from core.search import SearchResult

NO_SIDE = "No side is known of this query: both are shown. Say above which one it shows, if you know."
WORDS = {"before": "before the flow", "after": "after the flow"}


def show_hits(library: OpenLibrary, answer: Answer) -> None:
    """Notices first, then the ranked images."""
    _notices(library, answer.result)
    standing.show_doubts(library, answer.result)
    _side_asked(answer)
    _bars(library)
    if not answer.result.hits:
        frame.empty("No case passes these filters", "Take a filter back to see the nearest of the other cases.")
        return
    _folded(answer)
    if answer.before is None:
        cards = answer.shown(answer.rankings[0])
        _grid(library, answer.result, cards, "search_grid", "Results, the most similar first")
        _below(library, answer, _found(answer, cards), [(answer.result, cards)])
    else:
        _both(library, answer, *answer.rankings)
    if words := current_query.query().words:
        frame.quiet(
            f"Asked for: “{cut(words)}”. Similarities to words cannot be compared with those between images; "
            "what counts is their order."
        )


def show_evidence(library: OpenLibrary, answer: Answer) -> None:
    """What the nearest labelled cases are, and whether they agree on the side."""
    with st.container(key="evidence", gap="small"):
        st.subheader("Class among neighbours", anchor=False)
        if answer.result.meaningless:
            frame.quiet("Not asked: the encoder knows none of these words.")
            return
        if answer.before is not None:
            frame.over("Before the flow")
            evidence.show_evidence(answer.before.evidence, library.taxonomy, far=answer.before.far)
            frame.over("After the flow")
        evidence.show_evidence(answer.result.evidence, library.taxonomy, far=answer.result.far)
        evidence.show_side(answer.result.side, answer.result.evidence, mirrored=answer.options.side == "mirror")
        if answer.result.evidence.neighbours:
            frame.quiet(
                "The nearest labelled cases of the whole library, whatever the filters; at most one of each patient "
                "and class."
            )


def _both(library: OpenLibrary, answer: Answer, before: Ranking, after: Ranking) -> None:
    """The rankings beside each other, with what became of every card in ranks."""
    left, right = st.columns(2, gap="medium")
    earlier, later = answer.shown(before), answer.shown(after)
    with left:
        frame.over("Before the flow")
        moved = comparing.departures(before.cards, after.cards)
        _grid(library, before.result, earlier, "search_grid_before", "Results before the flow", moved, "small")
    with right:
        frame.over("After the flow" + (", class evidence weighed in" if after.result.reranked else ""))
        moved = comparing.arrivals(after.cards, before.cards)
        _grid(library, after.result, later, "search_grid", "Results after the flow", moved, "small")
    said = (
        f"{_many(earlier, later)}. Compare ranks, not numbers: similarities before and after the flow "
        "are no numbers of one scale. Titles are dataset labels."
    )
    _below(library, answer, said, [(before.result, earlier), (after.result, later)])


def _many(earlier: Sequence[Fold], later: Sequence[Fold]) -> str:
    """How many cards two rankings have, and how many cases are folded into them."""
    found = f"{count(len(later), 'case')} each"
    if len(earlier) != len(later):
        found = f"{len(earlier)} and {count(len(later), 'case')}"
    folded = [sum(len(card.rest) for card in cards) for cards in (earlier, later)]
    if not any(folded):
        return found
    return f"{found}, {folded[0]} and {folded[1]} more folded into them; a card has the rank of its first"


def _below(library: OpenLibrary, answer: Answer, said: str, shown: Sequence[export_menu.Shown]) -> None:
    """What the results are, and the way to take them along."""
    with st.container(horizontal=True, wrap=False, vertical_alignment="top", key="search_below"):
        frame.quiet(said)
        export_menu.show(library, answer.options, shown)


def _grid(
    library: OpenLibrary,
    result: SearchResult,
    cards: Sequence[Fold],
    key: str,
    label: str,
    moved: Mapping[str, tuple[str, str]] | None = None,
    size: gallery_grid.Size = "medium",
) -> None:
    tiles = folds.tiles(cards)
    ids, place = tuple(tile.hit.case.case_id for tile in tiles), standing.of(library, result)
    gallery_grid.show(
        [_card(library, result, tile, (moved or {}).get(tile.hit.case.case_id), place) for tile in tiles],
        key=key,
        label=label,
        size=size,
        on_open=lambda case_id: drawer.open_case(case_id, ids),
        on_similar=current_query.search_with_case,
        on_mark=refining.mark,
        on_unfold=lambda case_id: folds.toggle(cards, case_id),
        on_compare=compare_tray.toggle,
    )


def _card(
    library: OpenLibrary,
    result: SearchResult,
    tile: Tile,
    move: tuple[str, str] | None,
    place: Callable[[float], float | None],
) -> gallery_grid.Card:
    hit, taxonomy = tile.hit, library.taxonomy
    other = contradicts(hit.case.label, result.side.side, taxonomy)
    side = taxonomy.by_name[hit.case.label].side if other else ""
    card = gallery_grid.card_of(
        hit.case,
        taxonomy,
        library.library_id,
        rank=hit.rank,
        similarity=None if result.meaningless else hit.similarity,
        badges=("identical image",) if hit.identical else (),
        warnings=(f"{side} side",) if side else (),
        move=move,
        mark=refining.marks().get(hit.case.case_id),
        standing=place(hit.similarity),
    )
    return replace(card, fold=tile.button, within=tile.within, beside=hit.case.case_id in compare_tray.chosen())


def _found(answer: Answer, cards: Sequence[Fold]) -> str:
    result = answer.result
    order = "class evidence and cosine similarity" if result.reranked else "cosine similarity"
    told = side_said(result.side, result.evidence)
    side = f"The query is {told}; results of the other side say so. " if told else ""
    found, seconds = count(len(cards), "case"), result.milliseconds.total / 1000
    if folded := sum(len(card.rest) for card in cards):
        found += f", {folded} more folded into them,"
    query = ", the query mirrored" if answer.options.side == "mirror" else ""
    return (
        f"{found} by {order} of embeddings {WORDS[result.space]}{query}, found in {seconds:.2f} s. "
        f"Titles are dataset labels. {side}" + (standing.MEANING if result.comparable else "")
    )


def _folded(answer: Answer) -> None:
    """That cards hold more than they show, and so ranks skip; with the way to see every result for itself."""
    shown = [answer.shown(ranking) for ranking in answer.rankings]
    cards, results = max(map(len, shown)), max(sum(len(card.hits) for card in cards) for cards in shown)
    if cards == results:
        return
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="search_folded"):
        why = "further frames of the same are folded into them, so ranks skip"
        frame.quiet(f"{count(cards, 'card')} of {count(results, 'result')}: {why}.", "content")
        st.button("Show each by itself", key="search_unfold", type="tertiary", on_click=search_options.fold_nothing)


def _bars(library: OpenLibrary) -> None:
    """What is marked or to be compared, along the lower edge of the window: above the results it would push them."""
    if refining.anything() or compare_tray.chosen():
        with st.bottom:
            refining.show_bar(library)
            compare_tray.show_bar(library)


def _side_asked(answer: Answer) -> None:
    """Where a side was asked for: which one is looked for, and why."""
    result, asked = answer.result, answer.options.side
    told = side_said(result.side, result.evidence)
    if asked == "mirror":
        taken, where = (f" ({told})", "on the other side") if told else ("", "in a mirror")
        st.info(
            f"Mirror image: looked for with the query mirrored{taken}, to find what looks like it {where}.",
            icon=":material/flip:",
        )
    elif asked == "same":
        frame.quiet(f"Same side only. The query is {told}." if told else NO_SIDE)


def _notices(library: OpenLibrary, result: SearchResult) -> None:
    for case in library.catalog.cases_by_id(result.identical):
        with st.container(horizontal=True, wrap=False, vertical_alignment="center", key=f"identical_{case.case_id}"):
            st.info(
                f"Identical image already in the library: {markdown(PurePosixPath(case.filename).name)}",
                icon=":material/content_copy:",
                width="stretch",
            )
            st.button(
                "Open it", key=f"open_{case.case_id}", on_click=drawer.open_case, args=(case.case_id, (case.case_id,))
            )
