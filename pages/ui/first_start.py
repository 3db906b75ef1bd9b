"""The first start: the demo library is made and opened by itself, and says that it is synthetic."""

from __future__ import annotations

import streamlit as st

from core import NOTICE
from core.demo import bundled
from core.demo_library import advice, default_root, is_due
from pages.ui import frame, job_panel, libraries, library_list, resources, state, tasks
from pages.ui.jobs import Job
from pages.ui.text import count, escaped, markdown

DISMISS = {"use": "Understood", "demo": "Got it"}
"""The notices, and what the button says that puts each away."""


def begin() -> None:
    """Make the demo library where there is none at all, where it was cut short, or anew; once a run, from the shell."""
    job = _job()
    if job is not None and job.state == "done":
        resources.jobs().dismiss(job.job_id)
    made = bundled()
    if job is None and made is not None and (is_due(default_root(), made) or not library_list.libraries()):
        tasks.make_demo()


def under_way() -> bool:
    """Whether the page has to wait for the demo; how far it is, or why it could not be made, is shown here."""
    job, library = _job(), libraries.in_use_or_none()
    if job is None or (library is not None and library.root.resolve() != default_root().resolve()):
        return False
    if job.running:
        _progress(job)
    else:
        st.error(f"The demo library could not be made: {markdown(job.error)}", icon=":material/error:")
        st.button("Try again", icon=":material/refresh:", on_click=resources.jobs().dismiss, args=(job.job_id,))
    return job.running


def _progress(job: Job) -> None:
    made = bundled()
    frame.empty(
        "Opening the demo library",
        f"{count(made.images if made else 0, 'synthetic image')}, drawn by a program, to try everything on. "
        "This is done once and takes less than a minute.",
    )
    with st.container(key="first_start"):
        job_panel.show([job])


def notice(library: resources.OpenLibrary | None) -> None:
    """What this program is for, and what the demo is, above the page, each until it is put away."""
    _dismissible("use", NOTICE)
    if library is None or not library.synthetic or _job() is not None:
        return
    made = bundled()
    if made is not None and (said := advice(library.root, made)):
        st.warning(markdown(said), icon=":material/history:")
    _dismissible("demo", "This is a demo.", "Every image in this library is synthetic: drawn by a program, of nobody.")


def _dismissible(name: str, said: str, more: str = "") -> None:
    if library_list.notice_read(name):
        return
    with st.container(key=f"{name}_notice", horizontal=True, wrap=False, vertical_alignment="center", gap="small"):
        st.html(f"<p><b>{escaped(said)}</b> {escaped(more)}</p>", width="stretch")
        if name == "demo":
            st.button("Make my own library", type="tertiary", on_click=state.go_to_library_page, icon=":material/add:")
        st.button(
            DISMISS[name],
            type="tertiary",
            on_click=library_list.put_notice_away,
            args=(name,),
            icon=":material/close:",
        )


def _job() -> Job | None:
    """The job that makes the demo: running, or failed and not yet dismissed."""
    own = resources.jobs().of(resources.library_id_of(default_root()))
    return next((job for job in own if job.kind == tasks.DEMO), None)
