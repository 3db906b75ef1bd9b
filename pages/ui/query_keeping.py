"""Images that were searched with, taken into the library as cases: only when a person asks for it."""

from __future__ import annotations

import streamlit as st

from pages.ui import class_choice, current_query, frame, import_tasks, job_panel, resources
from pages.ui.import_tasks import FilesRequest
from pages.ui.jobs import Job
from pages.ui.resources import OpenLibrary
from pages.ui.text import count

LABEL, PATIENT = "keep_label", "keep_patient"
_JOB = "keep_job"


def show(library: OpenLibrary, stored: int) -> None:
    """A way to add the query's images, unless all are in the library: `stored` of them are. How that went."""
    images = current_query.query().images
    job = _job(library)
    if len(images) > stored and not (job and job.running):
        with st.popover("Add to library", icon=":material/library_add:", key="keep"):
            _form(library)
    if job:
        job_panel.show([job])


def _form(library: OpenLibrary) -> None:
    images = current_query.query().images
    st.markdown(
        f"{count(len(images), 'image')} of this search will be kept in the library as "
        f"{'a case' if len(images) == 1 else 'cases'}, without metadata such as EXIF."
    )
    if library.synthetic:
        frame.quiet("This is the demo: it will lie among synthetic images.")
    everyone = "" if len(images) == 1 else f" of all {len(images)}"
    class_choice.show(library, f"Class{everyone}", _key(LABEL))
    st.text_input(f"Patient{everyone}", key=_key(PATIENT), placeholder="optional: a pseudonym, no name")
    if everyone:
        frame.quiet("What is chosen here applies to all of them. Leave it empty where they differ.")
    st.button("Add", type="primary", on_click=_keep, args=(library,))


def _keep(library: OpenLibrary) -> None:
    held = st.session_state
    facts = class_choice.facts(_key(LABEL), (held.get(_key(PATIENT)) or "").strip() or None)
    files = [(image.name, image.data) for image in current_query.query().images]
    held[_JOB] = import_tasks.begin(library, FilesRequest(files, facts)).job_id


def _key(name: str) -> str:
    """Of several images another than of one, so that what was chosen for that does not become theirs unseen."""
    return name if len(current_query.query().images) == 1 else f"{name}_of_all"


def _job(library: OpenLibrary) -> Job | None:
    """The work that this session asked for last, until it is dismissed."""
    job = resources.jobs().find(st.session_state.get(_JOB, ""))
    return job if job and job.library == library.library_id else None
