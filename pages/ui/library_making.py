"""The library that this session has asked to be made: where that was, how it goes, and its use when it is there."""

from __future__ import annotations

import streamlit as st

from pages.ui import libraries, resources, state, tasks
from pages.ui.jobs import Job
from pages.ui.text import markdown

_JOB = "creating_library"


def here() -> str:
    """The id of the library in use, "" for none: the place to which what is asked for now belongs."""
    library: str = st.session_state.get(state.LIBRARY) or ""
    return library


def expect(job: Job) -> None:
    """Use the library that this job makes as soon as it is there."""
    st.session_state[_JOB] = job.job_id


def use_made() -> Job | None:
    """The job whose library has just been made; it is used from the next run on."""
    job = _job()
    if job is None or job.state != "done":
        return None
    del st.session_state[_JOB]
    resources.jobs().dismiss(job.job_id)
    libraries.switch_to(job.result)
    return job


def jobs() -> list[Job]:
    """The work on new libraries that was asked for here, and what this session has under way, wherever that was."""
    asked_here, job = resources.jobs().of(tasks.place_of_making(here())), _job()
    return [job, *asked_here] if job and job.running and job not in asked_here else asked_here


def show_failed(kind: str) -> None:
    """Why the library that was asked for last, in this form, was not made: its card is at the top of a long page."""
    job = _job()
    if job and job.error and job.kind == kind and job.library == tasks.place_of_making(here()):
        st.error(markdown(job.error), icon=":material/error:")


def _job() -> Job | None:
    return resources.jobs().find(st.session_state.get(_JOB, ""))
