"""The flows and trainings of a library as a table; one of them is looked at closely."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime
from typing import TYPE_CHECKING

import streamlit as st

from core.errors import EntError
from pages.ui import flow_tasks, frame, pick_table, picking, tasks
from pages.ui.pick_table import Cell, Column
from pages.ui.resources import OpenLibrary
from pages.ui.text import markdown

if TYPE_CHECKING:
    from core.run_folder import RunFolder, RunSummary

COLUMNS = (
    Column("Flow"),
    Column("Recipe"),
    Column("Epochs", "end", "How many passes through the training images it made, of those it was to make"),
    Column("Validation Recall@1", hint="Share of validation images whose nearest training image is of their class"),
    Column("State"),
    Column("Begun"),
)


def show(library: OpenLibrary) -> list[RunSummary]:
    """The table, newest first; what it shows is returned. Without a flow, what one is for."""
    runs, active = summaries(library), library.catalog.active_flow
    wanted = picking.picked(picking.FLOW)
    if wanted and wanted not in [run.flow_id for run in runs]:
        why = "It may have been deleted, or the link is of another library."
        st.info(f"{markdown(wanted)} is not among the flows of the library in use. {why}", icon=":material/link_off:")
    if not runs and not flow_tasks.of(library, tasks.TRAIN):
        frame.empty(
            "No flow yet",
            "A flow is a small network that moves images of one class together and easily confused classes apart, "
            "left and right for one. Train one on this library's labelled cases: the demo takes about a minute.",
        )
    if runs:
        st.subheader("Flows", anchor=False)
        pick_table.show(
            COLUMNS,
            [_row(run, active) for run in runs],
            key="flow_table",
            label="Flows of this library",
            picked=picked(runs, active),
            on_pick=lambda flow_id: picking.pick(picking.FLOW, flow_id),
        )
    return runs


def summaries(library: OpenLibrary) -> list[RunSummary]:
    """Every flow and training of the library, the newest first; those from elsewhere last."""
    runs = []
    for folder in _folders(library):
        with suppress(EntError, OSError):  # it may be deleted just now
            run = folder.summary()
            runs += [run] if run.is_one else []
    return sorted(runs, key=lambda run: run.settings.created if run.settings else "", reverse=True)


def under_way(library: OpenLibrary) -> RunSummary | None:
    """The training of this library that some process is at work on, this app's or another."""
    with suppress(EntError, OSError):
        return next((folder.summary() for folder in _folders(library) if folder.running), None)
    return None


def _folders(library: OpenLibrary) -> list[RunFolder]:
    from core.run_folder import RunFolder

    root = library.root / "flows"
    return [RunFolder(path) for path in sorted(root.iterdir()) if path.is_dir()] if root.is_dir() else []


def picked(runs: list[RunSummary], active: str | None) -> str | None:
    """The flow that is looked at: the one picked, else the active one, else the newest."""
    known = [run.flow_id for run in runs]
    wanted = picking.picked(picking.FLOW)
    if wanted in known:
        return wanted
    return active if active in known else next(iter(known), None)


def state_of(run: RunSummary) -> str:
    """What state a flow is in, in words."""
    if run.running:
        return "Being trained"
    if run.damaged:
        return "Damaged"
    if run.settings is None:
        return "From elsewhere"
    known = {"all epochs done": "Done", "no improvement any more": "Done, stopped improving", "diverged": "Diverged"}
    return known.get(run.ending, "Stopped")


def resumable(run: RunSummary) -> bool:
    """Whether a training was stopped before its end, so that it can go on."""
    return run.settings is not None and not run.running and not run.ending


def _row(run: RunSummary, active: str | None) -> list[Cell]:
    recipe = run.settings.recipe if run.settings else None
    best = run.best.val_recall if run.best else None
    return [
        Cell(
            run.flow_id,
            pick=run.flow_id,
            said=f"Flow {run.flow_id}{', active' if run.flow_id == active else ''}",
            tag="active" if run.flow_id == active else "",
        ),
        Cell(recipe.name if recipe else ""),
        Cell(f"{run.epochs} of {recipe.epochs}" if recipe else ""),
        Cell("" if best is None else f"{best:.2f}", bar=best),
        Cell(state_of(run)),
        Cell(_moment(run.settings.created) if run.settings else ""),
    ]


def _moment(iso: str) -> str:
    """`24 Nov 2026, 11:41`, by the clock of this machine."""
    moment = datetime.fromisoformat(iso).astimezone()
    return f"{moment.day} {moment:%b %Y, %H:%M}"
