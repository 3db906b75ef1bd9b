"""What is going on with flows just now: a training with its curves, an activation, and what came of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from pages.ui import flow_tasks, frame, job_panel, picking, resources, tasks, training_curves, training_list
from pages.ui.jobs import Job
from pages.ui.resources import OpenLibrary
from pages.ui.text import count, duration, markdown, time_left

if TYPE_CHECKING:
    from core.run_folder import RunSummary

POLL = 1.0
DELETING = "deleting_flow"


def show(library: OpenLibrary) -> None:
    """Activations and deletions, then the training; polls only while one of them is at work."""
    _tell_deleted()
    job_panel.show([job for job in flow_tasks.of(library, tasks.ACTIVATE, tasks.DELETE_FLOW) if job.state != "done"])
    job = next((job for job in flow_tasks.of(library, tasks.TRAIN) if not _of_a_deleted(library, job)), None)
    running = training_list.under_way(library)
    if job is None and running is None:
        return
    with st.container(border=True, key="training_live"):
        if running is None and job is not None and not job.running:
            _ended(library, job)
        else:
            st.fragment(_watch, run_every=POLL)(library, job, running.flow_id if running else None)


def busy(library: OpenLibrary) -> bool:
    """Whether a flow is being trained, activated or deleted."""
    jobs = flow_tasks.of(library, tasks.TRAIN, tasks.ACTIVATE, tasks.DELETE_FLOW)
    return any(job.running for job in jobs) or training_list.under_way(library) is not None


def resume(library: OpenLibrary, flow_id: str) -> None:
    """Go on with a training that was stopped."""
    tell_begun(flow_tasks.resume(library, flow_id))


def tell_begun(job: Job) -> None:
    """Say where a training is seen that was begun just now: who began it may have scrolled far below that."""
    if job.kind == tasks.TRAIN:  # not something else that is under way
        st.toast("The training has begun. Its progress stands at the top of this page.", icon=":material/arrow_upward:")


def watch_deletion(job: Job, flow_id: str) -> None:
    """Say so when that job has deleted the flow."""
    st.session_state[DELETING] = job.job_id, flow_id


def _tell_deleted() -> None:
    job_id, flow_id = st.session_state.get(DELETING, ("", ""))
    job = resources.jobs().find(job_id)
    if job is not None and job.running:
        return
    st.session_state.pop(DELETING, None)
    if job is not None and job.state == "done":
        st.toast(f"{markdown(flow_id)} was deleted.", icon=":material/check_circle:")


def _of_a_deleted(library: OpenLibrary, job: Job) -> bool:
    """Whether a training has ended whose flow is there no more: nothing is left to be looked at."""
    flow_id = None if job.running else (job.result or {}).get("flow")
    return bool(flow_id) and not (library.root / "flows" / flow_id).is_dir()


def _watch(library: OpenLibrary, job: Job | None, listed: str | None) -> None:
    """`listed` is the flow that the page's list shows as being trained."""
    run = training_list.under_way(library)
    at_work = job is not None and job.running
    if run is None and not at_work:
        st.rerun(scope="app")
    if run is not None and run.flow_id != listed:
        st.rerun(scope="app")
    title = job.title if job is not None and at_work else f"Training {run.flow_id}, begun by another program"
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"**{markdown(title)}**")
        st.space("stretch")
        _stop(library, job if at_work else None, run)
    curve = training_curves.read(library, run.flow_id) if run else ()
    if run is None or not curve:
        step = job.step if job is not None and at_work else None
        st.progress(step.share if step else 0.0, text=markdown(step.words if step else "Beginning"))
        frame.quiet(job_panel.numbers(step, job.seconds) if step and job else "")
        return
    epochs = run.settings.recipe.epochs if run.settings else len(curve)
    usual = sorted(epoch.seconds for epoch in curve)[len(curve) // 2]
    left = time_left(usual * (epochs - len(curve)), "at most")
    said = f"Epoch {len(curve)} of {epochs}, {left}" if len(curve) < epochs else "Measuring what came of it"
    if job is not None and at_work and not job.step.total:  # before the first epoch and after the last: it waits, say
        said = markdown(job.step.words)
    st.progress(min(1.0, len(curve) / epochs), text=said)
    training_curves.show(curve, "live")


def _stop(library: OpenLibrary, job: Job | None, run: RunSummary | None) -> None:
    stopping = (job is not None and job.stopping) or st.session_state.get(_asked(run), False)
    st.button(
        "Stopping" if stopping else "Stop",
        key="training_stop",
        icon=":material/stop_circle:",
        disabled=stopping,
        on_click=_ask_to_stop,
        args=(library, job, run),
        help="Ends after the epoch in hand and keeps the best so far; it can be resumed later.",
    )


def _ask_to_stop(library: OpenLibrary, job: Job | None, run: RunSummary | None) -> None:
    if job is not None:
        job.stop()
    elif run is not None:
        from core.run_folder import RunFolder

        RunFolder(library.root / "flows" / run.flow_id).ask_to_stop()
        st.session_state[_asked(run)] = True


def _asked(run: RunSummary | None) -> str:
    return f"stop_asked_{run.flow_id}" if run else "stop_asked"


def _ended(library: OpenLibrary, job: Job) -> None:
    result = job.result or {}
    flow_id = result.get("flow")
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"**{markdown(_headline(job, flow_id))}**")
        st.space("stretch")
        if flow_id:
            st.button("Look at it", key="training_look", on_click=_look, args=(library, flow_id), type="primary")
            _offer_to_go_on(library, flow_id)
        st.button(
            "Dismiss",
            key="training_dismiss",
            type="tertiary",
            icon=":material/close:",
            on_click=_dismiss,
            args=(library,),
        )
    if job.error:
        st.error(markdown(job.error), icon=":material/error:")
    elif not flow_id:
        frame.quiet("Nothing was learnt yet. Mirror images that were encoded are kept for the next time.")
    else:
        best = result["best"]
        recall = "" if best["val_recall"] is None else f" with a validation Recall@1 of {best['val_recall']:.2f}"
        made = count(result["epochs"], "epoch")
        frame.quiet(f"{made} in {duration(job.seconds)}; epoch {best['number']}{recall} was kept.")


def _offer_to_go_on(library: OpenLibrary, flow_id: str) -> None:
    runs = {run.flow_id: run for run in training_list.summaries(library)}
    if flow_id in runs and training_list.resumable(runs[flow_id]):
        st.button(
            "Resume",
            key="training_resume",
            icon=":material/play_arrow:",
            disabled=busy(library) or flow_id == library.catalog.active_flow,
            on_click=resume,
            args=(library, flow_id),
        )


def _headline(job: Job, flow_id: str | None) -> str:
    if job.state == "failed":
        return f"{job.title}: failed"
    ending = "stopped" if job.state == "stopped" else "done"
    return f"Training {flow_id}: {ending}" if flow_id else f"{job.title}: {ending}"


def _look(library: OpenLibrary, flow_id: str) -> None:
    picking.pick(picking.FLOW, flow_id)
    _dismiss(library)


def _dismiss(library: OpenLibrary) -> None:
    """Put the notice away, and with it those of earlier trainings: they would come to light as if they were news."""
    for job in flow_tasks.of(library, tasks.TRAIN):
        resources.jobs().dismiss(job.job_id)
