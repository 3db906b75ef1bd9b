"""The session's query put to the library: what is asked, and the answer or the reason why there is none."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING

import streamlit as st

from core.errors import EntError
from core.filters import EVERYTHING
from pages.ui import current_query, frame, index_job, job_panel, resources
from pages.ui.page_end import PageEnd
from pages.ui.resources import OpenLibrary
from pages.ui.search_options import Options
from pages.ui.text import markdown

if TYPE_CHECKING:
    from core.index import Space
    from core.query import Query
    from core.search import SearchResult

COMPARED = 100
"""How deep rankings before and after the flow are compared, so that a move can be told in ranks."""

FOLDED = 4
"""Results asked for to a card, since some are folded away into others; again so many more where too few are left."""
DEEPEST = 768
"""Most results asked for, however few cards come of them."""

LAST = "search_last_options"


def search(library: OpenLibrary, options: Options, space: Space, deep: int | None = None) -> SearchResult:
    """The answer in that space, `deep` results of it; where there is none, the page ends here with the reason."""
    st.session_state[LAST] = options
    if job := index_job.running(library):
        frame.quiet("The index of this library is being made. The answer follows by itself.")
        job_panel.show([job])
        raise PageEnd
    if index_job.is_stopped(library):
        frame.empty(
            "The cases cannot be searched yet",
            "Making them searchable was stopped before its end. It goes on where it was, or begins anew.",
            "Go on",
            lambda: index_job.go_on(library),
        )
        raise PageEnd
    try:
        with st.spinner("Searching; the first search loads the encoder", show_time=False):
            query = query_of(options, space, deep)
            return resources.search(library.library_id, library.version, signature(query), query)
    except EntError as error:
        st.error(f"This search cannot be answered: {markdown(error)}", icon=":material/error:")
        raise PageEnd from error


def last_options() -> Options:
    """How this session searched last, for pages that do not ask how."""
    return st.session_state.get(LAST) or Options(1, EVERYTHING, "before", "either", None, False, False)


def query_of(options: Options, space: Space, deep: int | None = None) -> Query:
    """The session's query as the engine takes it."""
    from core.query import Query

    asked = current_query.query()
    return Query(
        images=tuple(image.data for image in asked.images),
        cases=asked.cases,
        texts=(asked.words,) if asked.words else (),
        top_k=deep or depth(options),
        filters=options.filters,
        space=space,
        rerank=options.rerank if space == "after" else None,
        more=asked.marked("more"),
        less=asked.marked("less"),
        mirror=options.side == "mirror",
        region=asked.region,
        same_side=options.side == "same",
        side=options.stated,
        other_patients=options.other_patients,
    )


def depth(options: Options) -> int:
    """How many results are asked for so that as many cards as wanted come of them, most of the time."""
    wanted = FOLDED * options.top_k if options.fold else options.top_k
    return max(wanted, COMPARED) if options.view == "both" else wanted


def signature(query: Query) -> str:
    """What tells this query from others, without the images themselves."""
    digests = [hashlib.sha256(data).hexdigest() for data in query.images]
    return hashlib.sha256(repr((digests, replace(query, images=()))).encode()).hexdigest()
