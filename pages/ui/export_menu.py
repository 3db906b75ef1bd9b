"""What was found, to take along: a table of all results, one page with pictures."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from typing import TYPE_CHECKING

import streamlit as st

from pages.ui import asking, current_query, standing
from pages.ui.resources import OpenLibrary
from pages.ui.search_options import Options

if TYPE_CHECKING:
    from core.search import SearchHit, SearchResult


def show(library: OpenLibrary, options: Options, result: SearchResult, hits: Sequence[SearchHit]) -> None:
    """The menu; each file is made when it is asked for. `hits` are those on the page."""
    name, place = f"similar-cases-{date.today().isoformat()}", standing.of(library, result)
    # read now: when a file is asked for, there is no session to read them from
    query, images = asking.query_of(options, result.space), [image.preview for image in current_query.query().images]

    def table() -> bytes:
        from core.result_table import results_csv

        return results_csv(result, library.taxonomy, place).encode()

    def page() -> bytes:
        from core.result_sheet import results_pdf
        from core.sheet import gather

        sheet = gather(library.catalog, library.store, query, result, hits, images, place)
        return results_pdf(sheet, library.taxonomy)

    with st.popover("Export", icon=":material/download:", key="search_export"):
        _download("Table of all results (CSV)", table, f"{name}.csv", "text/csv", ":material/table_view:")
        _download("One page with pictures (PDF)", page, f"{name}.pdf", "application/pdf", ":material/picture_as_pdf:")
        st.caption("The page shows the query's image too.")


def _download(label: str, make: Callable[[], bytes], name: str, kind: str, icon: str) -> None:
    st.download_button(label, make, name, kind, icon=icon, on_click="ignore")
