"""Jobs as a person sees them: progress with a way to stop while they run, the result when they have ended."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from pages.ui import frame, import_files, import_result, libraries, resources, tasks
from pages.ui.jobs import Job, Step
from pages.ui.text import duration, markdown, number, time_left

POLL = 0.5
SHOWN = 3
"""Jobs that have ended; those that run are all shown, since each must be stoppable."""
ENDED = {
    "done": ("done", ":material/check_circle:"),
    "stopped": ("stopped", ":material/stop_circle:"),
    "failed": ("failed", ":material/error:"),
}
"""How a job ended, in words and as an icon."""
TOLD = (tasks.IMPORT, tasks.PLAN, tasks.BACKUP, tasks.VERIFY, tasks.REPAIR)
"""Jobs whose result is more than that they are done."""


def show(jobs: Sequence[Job], *, on_top: bool = False) -> None:
    """All that run, then the first few that have ended; polls only while one runs. One that ends is told of where the
    panel may be out of sight, being `on_top` of a long page.
    """
    running, ended = [job for job in jobs if job.running], [job for job in jobs if not job.running]
    with st.container(key="jobs"):
        for job in (*running, *ended[:SHOWN]):
            with st.container(border=True, key=f"job_{job.job_id}"):
                if job.running:
                    st.fragment(_watch, run_every=POLL)(job, on_top)
                else:  # not in a fragment, which would draw it again after its own buttons have put it away
                    _ended(job)


def _watch(job: Job, on_top: bool) -> None:
    if job.running:
        _running(job)
        return
    if on_top:
        how, icon = ENDED[job.state]
        where = " What came of it stands at the top of this page." if job.error or job.kind in TOLD else ""
        st.toast(markdown(f"{job.title}: {how}.{where}"), icon=icon)
    st.rerun(scope="app")  # counts and galleries elsewhere on the page are out of date now


def _running(job: Job) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"**{markdown(job.title)}**")
        st.space("stretch")
        st.button(
            "Stopping" if job.stopping else "Stop",
            key=f"stop_{job.job_id}",
            icon=":material/stop_circle:",
            on_click=job.stop,
            disabled=job.stopping or job.kind not in tasks.STOPPABLE,
            help=None if job.kind in tasks.STOPPABLE else "This work cannot be stopped half-way.",
        )
    st.progress(job.step.share, text=markdown(job.step.words))
    frame.quiet(numbers(job.step, job.seconds))


def numbers(step: Step, seconds: float) -> str:
    parts = []
    if step.total:
        parts.append(f"{number(step.done)} of {number(step.total)}")
    if step.rate:
        parts.append(f"{step.rate:.1f} images a second")
    if step.seconds_left is not None and step.total:
        parts.append(time_left(step.seconds_left, "about"))
    return ", ".join(parts) or f"for {duration(seconds)}"


def _ended(job: Job) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        words = "" if job.state == "done" else f": {ENDED[job.state][0]}"
        st.markdown(f"**{markdown(job.title + words)}**")
        frame.quiet(f"took {duration(job.seconds)}")
        st.space("stretch")
        st.button(
            "Dismiss",
            key=f"dismiss_{job.job_id}",
            type="tertiary",
            icon=":material/close:",
            on_click=resources.jobs().dismiss,
            args=(job.job_id,),
        )
    if job.error:
        st.error(markdown(job.error), icon=":material/error:")
    elif job.kind == tasks.IMPORT and job.result is not None:
        import_result.show(job.result, job.job_id)
    elif job.kind == tasks.PLAN and job.result is not None:
        _planned(job)
    elif job.kind == tasks.BACKUP and job.result is not None:
        st.success(f"The backup is in {markdown(job.result)}", icon=":material/check_circle:")
    elif job.kind in (tasks.VERIFY, tasks.REPAIR) and job.result is not None:
        import_result.show_verified(job.result, job.job_id)


def _planned(job: Job) -> None:
    library = libraries.in_use_or_none()
    if library is None or library.library_id != job.library:
        return
    asked, plans = job.result
    import_result.show_plans(plans, library.taxonomy, job.job_id)
    st.button(
        "Import now",
        key=f"import_{job.job_id}",
        type="primary",
        icon=":material/drive_folder_upload:",
        disabled=not any(plan.new for plan in plans),
        on_click=import_files.begin_planned,
        args=(library, asked),
    )
