"""The answer of a search: ranked cases as images, what their classes say, and what to know about the query."""

from __future__ import annotations

import hashlib
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

import streamlit as st

from core.errors import EntError
from pages.ui import evidence, frame, gallery_grid, resources, state
from pages.ui.resources import OpenLibrary
from pages.ui.search_options import Options
from pages.ui.text import count, markdown

if TYPE_CHECKING:
    from core.search import SearchHit, SearchResult

WORDS = {"before": "before the flow", "after": "after the flow"}


def search(library: OpenLibrary, options: Options) -> SearchResult:
    """The answer to the session's query; where there is none, the page ends here with the reason."""
    try:
        with st.spinner("Searching; the first search loads the encoder"):
            return _search(library, options)
    except EntError as error:
        st.error(f"This search cannot be answered: {markdown(error)}", icon=":material/error:")
        st.stop()


def show_hits(library: OpenLibrary, result: SearchResult) -> None:
    """Notices first, then the ranked images."""
    _notices(library, result)
    if not result.hits:
        frame.empty("No case passes these filters", "Take a filter back to see the nearest of the other cases.")
        return
    ids = tuple(hit.case.case_id for hit in result.hits)
    gallery_grid.show(
        [_card(library, hit) for hit in result.hits],
        key="search_grid",
        label="Results, the most similar first",
        on_open=lambda case_id: state.open_case(case_id, ids),
        on_similar=state.search_with_case,
    )
    found, seconds = count(len(ids), "case"), result.milliseconds.total / 1000
    frame.quiet(
        f"{found} by cosine similarity of embeddings {WORDS[result.space]}, found in {seconds:.2f} s. "
        "Titles are dataset labels."
    )
    if words := state.query().words:
        frame.quiet(
            f"Asked for: “{words}”. Similarities to words cannot be compared with those between images; "
            "what counts is their order."
        )


def show_evidence(library: OpenLibrary, result: SearchResult) -> None:
    """What the nearest labelled cases are."""
    with st.container(key="evidence", gap="small"):
        st.subheader("Class among neighbours", anchor=False)
        evidence.show_evidence(result.evidence, library.taxonomy)
        if result.evidence.neighbours:
            frame.quiet("The nearest labelled cases of the whole library, whatever the filters.")


def _search(library: OpenLibrary, options: Options) -> SearchResult:
    from core.search import Query

    asked = state.query()
    signature = repr((sorted(i.digest for i in asked.images), asked.cases, asked.words, options))
    query = Query(
        images=tuple(image.data for image in asked.images),
        cases=asked.cases,
        texts=(asked.words,) if asked.words else (),
        top_k=options.top_k,
        filters=options.filters,
        space=options.space,
    )
    digest = hashlib.sha256(signature.encode()).hexdigest()
    return resources.search(library.library_id, library.version, digest, query)


def _card(library: OpenLibrary, hit: SearchHit) -> gallery_grid.Card:
    badges = ("identical image",) if hit.identical else ()
    return gallery_grid.card_of(
        hit.case, library.taxonomy, library.library_id, rank=hit.rank, similarity=hit.similarity, badges=badges
    )


def _notices(library: OpenLibrary, result: SearchResult) -> None:
    for case in library.catalog.cases_by_id(result.identical):
        with st.container(horizontal=True, wrap=False, vertical_alignment="center", key=f"identical_{case.case_id}"):
            st.info(
                f"Identical image already in the library: {markdown(PurePosixPath(case.filename).name)}",
                icon=":material/content_copy:",
                width="stretch",
            )
            st.button(
                "Open it", key=f"open_{case.case_id}", on_click=state.open_case, args=(case.case_id, (case.case_id,))
            )
