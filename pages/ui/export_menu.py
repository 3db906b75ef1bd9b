"""What was found, to take along: a table of what the page shows, one page with pictures."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from typing import TYPE_CHECKING

import streamlit as st

from core.folding import Fold
from pages.ui import asking, current_query, standing
from pages.ui.resources import OpenLibrary
from pages.ui.search_options import Options

if TYPE_CHECKING:
    from core.search import SearchResult

    Shown = tuple[SearchResult, tuple[Fold, ...]]


def show(library: OpenLibrary, options: Options, shown: Sequence[Shown]) -> None:
    """The menu; each file is made when it is asked for. The page with pictures is of the last ranking `shown`."""
    name, (result, cards) = f"similar-cases-{date.today().isoformat()}", shown[-1]
    places, doubt = [standing.of(library, one) for one, _ in shown], standing.closeness_said(library, result)
    # read now: when a file is asked for, there is no session to read them from
    query, images = asking.query_of(options, result.space), [image.preview for image in current_query.query().images]

    def table() -> bytes:
        from core.result_table import Ranking, results_csv
        from core.sheet import about

        rankings = [Ranking(*one, place) for one, place in zip(shown, places, strict=True)]
        return results_csv(rankings, library.taxonomy, about(library.catalog, query, result, names)).encode()

    def page() -> bytes:
        from core.result_sheet import results_pdf
        from core.sheet import gather

        hits = [card.lead for card in cards]
        folded = sum(len(card.rest) for card in cards)
        sheet = gather(library.catalog, library.store, query, result, hits, images, places[-1], doubt, folded)
        return results_pdf(sheet, library.taxonomy)

    names = [image.name for image in current_query.query().images]
    with st.popover("Export", icon=":material/download:", key="search_export"):
        _download("Table of what is shown (CSV)", table, f"{name}.csv", "text/csv", ":material/table_view:")
        _download("One page with pictures (PDF)", page, f"{name}.pdf", "application/pdf", ":material/picture_as_pdf:")
        if query.pictures:
            st.caption(f"The page shows the query's {'image' if query.pictures == 1 else 'images'} too.")


def _download(label: str, make: Callable[[], bytes], name: str, kind: str, icon: str) -> None:
    st.download_button(label, make, name, kind, icon=icon, on_click="ignore")
