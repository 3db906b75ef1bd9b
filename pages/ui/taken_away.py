"""The libraries that this session takes away: no surprise when they are gone, and told of once."""

from __future__ import annotations

import streamlit as st

from pages.ui import resources
from pages.ui.jobs import Job
from pages.ui.text import markdown

_DELETING, _GONE, _SAID = "removing_library", "library_taken_away", "said_of_library_taken_away"
"""The job that deletes one, with its name; the id of the one taken away last, and what is yet to be said of it."""


def expect(job: Job, name: str) -> None:
    """Tell of the library of that name when that job has deleted it."""
    st.session_state[_DELETING] = job.job_id, name


def unlisted(library_id: str, name: str) -> None:
    """Tell that a library is out of the list, its folder untouched."""
    _gone(library_id, f"“{markdown(name)}” was taken out of the list; its folder stays where it is.")


def deleting() -> Job | None:
    """The job of this session that deletes a library, until its end has been taken note of."""
    return resources.jobs().find(st.session_state.get(_DELETING, ("", ""))[0])


def take_note() -> None:
    """See whether a deletion has ended, and put away what is told of the work on that library; once a run."""
    job = deleting()
    if job is None or job.running:
        return
    _, name = st.session_state.pop(_DELETING)
    if job.result is not None:
        resources.jobs().dismiss_ended(job.library)
        _gone(job.library, f"“{markdown(name)}” was removed.")


def is_own(library_id: str | None) -> bool:
    """Whether this session took that library away, or is about to."""
    job = deleting()
    return library_id == st.session_state.get(_GONE) or (job is not None and job.library == library_id)


def tell(instead: str) -> None:
    """Say once what was taken away, and which library is in use now."""
    if said := st.session_state.pop(_SAID, ""):
        now = f" In use now: {markdown(instead)}." if instead else ""
        st.success(said + now, icon=":material/check_circle:")


def _gone(library_id: str, said: str) -> None:
    st.session_state[_GONE], st.session_state[_SAID] = library_id, said
