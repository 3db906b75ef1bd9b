"""The Embedding map page: which map there is and how to come by one, what colours it, the two maps themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from core.embedding_map import key_of, path_of, stored_maps
from core.errors import EntError
from pages.ui import (
    drawer,
    flow_tasks,
    frame,
    job_panel,
    map_colours,
    map_component,
    map_figures,
    map_job,
    map_marks,
    map_query,
    resources,
    state,
)
from pages.ui.page_end import PageEnd
from pages.ui.resources import OpenLibrary
from pages.ui.text import count, day, markdown
from pages.ui.url_state import Setting

if TYPE_CHECKING:
    from pages.ui.map_data import MapView

COLOUR = "map_colour"
MEANING = (
    "Cases side by side look alike to the encoder. Distances between groups, the size of a group and the directions "
    "mean nothing in such a map. The figures are of the embeddings themselves, among cases of other patients."
)


def _time(text: str) -> float:
    """A time of a URL, from 0 to 1; the end for what is none."""
    try:
        return min(1.0, max(0.0, float(text)))
    except ValueError:
        return 1.0


TIME: Setting[float] = Setting("map_time", 1.0, _time, "{:.2f}".format)


def view(library: OpenLibrary) -> MapView:
    """The map of the library as it is now; where there is none, the page ends here with the way to one."""
    try:
        found = _view(library)
    except EntError as error:
        st.warning(markdown(f"The stored map cannot be shown: {error}"), icon=":material/warning:")
        found = None
    if found is None:
        _first(library)
        raise PageEnd
    return found


def show_state(library: OpenLibrary, view: MapView) -> None:
    """Colour of the points, when the map was made, and whether it should be made anew."""
    with st.container(horizontal=True, vertical_alignment="center", key="map_bar"):
        _colour(view)
        frame.quiet(f"{count(len(view.case_ids), 'case')}, laid out on {day(view.made.created)}", "content")
        map_query.legend(library, view)
        st.space("stretch")
        if (marked := map_marks.CASE.follow()) is not None:
            if marked not in view.row_of:
                here = library.catalog.cases_by_id([marked])
                where = "on this map" if here else "in the library in use"
                frame.quiet(f"The case to be marked is not {where}.", "content")
            st.button("Clear the mark", icon=":material/close:", type="tertiary", on_click=map_marks.clear_mark)
        if why := _out_of_date(library, view):
            frame.quiet(why, "content")
            if map_job.running(library) is None:
                st.button("Make the map anew", icon=":material/refresh:", on_click=map_job.start, args=(library,))
    _job(library)


def show_maps(library: OpenLibrary, view: MapView) -> None:
    """Before and after the flow, linked, with figures; without a flow the one map and how to get the other."""
    map_component.show(
        view,
        library.library_id,
        colour=st.session_state.get(COLOUR) or "class",
        time=TIME.follow(),
        marked=map_marks.case_on_map(),
        queries=map_query.places(library, view),
        query_before=map_query.only_before(view),
        figures=map_figures.figures(view.made, st.session_state.get(COLOUR) or "class"),
        on_select=map_marks.select_on_map,
        on_open=lambda case_id: drawer.open_case(case_id, map_marks.selected_on_map() or view.case_ids),
        on_time=lambda time: TIME.set(min(1.0, max(0.0, time))),
    )
    frame.quiet(MEANING)
    if library.catalog.active_flow is None:
        trained = bool(flow_tasks.trained(library))
        step = "Activate one that was trained" if trained else "Train a flow and activate it"
        frame.quiet(
            f"No flow is active, so there is only the map before one. {step}, then make the map anew, to see what the "
            "flow does."
        )
        link = "Activate one on the Training page" if trained else "Train a flow"
        state.link(state.TRAINING_PAGE, label=link, icon=":material/model_training:")


def _view(library: OpenLibrary) -> MapView | None:
    path = path_of(library.root, key_of(library.root, library.catalog.active_flow))
    through = path.is_file()
    if not through:
        path = next(iter(stored_maps(library.root)), path)
        if not path.is_file():
            return None
    return resources.map_view(library.library_id, library.version, path, path.stat().st_mtime_ns, through)


def _first(library: OpenLibrary) -> None:
    if map_job.running(library) is not None:
        frame.empty("The map is being laid out", "This goes on when you look at other pages, or close this one.")
    else:
        frame.empty(
            "No map yet",
            "A map shows all cases as points, those that look alike side by side, before and after the flow. "
            f"It is laid out once for the {count(library.count(), 'case')} of this library, in about a minute.",
            "Make the map",
            lambda: map_job.start(library),
        )
    with st.container(key="map_first"):
        _job(library)


def _job(library: OpenLibrary) -> None:
    if job := map_job.unfinished(library):
        job_panel.show([job])


def _colour(view: MapView) -> None:
    if st.session_state.get(COLOUR) not in (None, *view.fields):
        st.session_state[COLOUR] = "class"
    st.selectbox(
        "Colour by",
        view.fields,
        format_func=lambda field: f"Colour by {map_colours.FIELDS[field].lower()}",
        key=COLOUR,
        bind="query-params",
        label_visibility="collapsed",
        width=230,
    )


def _out_of_date(library: OpenLibrary, view: MapView) -> str:
    """Why the map should be made anew, in words; nothing where it need not be."""
    if library.catalog.active_flow != view.made.flow_id:
        return "This map was made before the active flow."
    if view.waiting:
        return f"{count(view.waiting, 'new case')} not on it yet."
    if view.added or view.gone:
        return f"{view.added} came and {view.gone} went since; new cases lie between their neighbours."
    return ""
