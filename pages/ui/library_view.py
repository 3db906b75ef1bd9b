"""What the library in use is and holds, and what runs on it."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from pages.ui import (
    evidence,
    flow_tasks,
    frame,
    job_panel,
    libraries,
    library_care,
    library_making,
    palette,
    resources,
    taken_away,
    tasks,
)
from pages.ui.jobs import Job
from pages.ui.resources import OpenLibrary
from pages.ui.text import day, markdown, number


def show_jobs(on_made: Callable[[Job], None]) -> None:
    """Jobs of the library in use, and those that make a new one; a new one is used as soon as it is there.

    `on_made` is called then.
    """
    made = library_making.use_made()
    if made is not None:
        on_made(made)
        st.rerun()
    library = libraries.in_use_or_none()
    own = resources.jobs().of(library.library_id) if library else []
    shown = [*library_making.jobs(), *(job for job in own if not _told_elsewhere(job))]
    deletion = taken_away.deleting()
    if deletion is not None and deletion not in shown:  # of a library that is in no list any more
        shown.append(deletion)
    job_panel.show(sorted(shown, key=lambda job: job.started, reverse=True), on_top=True)


def _told_elsewhere(job: Job) -> bool:
    """Whether what came of a job is said in another place: on its own page, or in the sidebar."""
    ended_elsewhere = job.kind in flow_tasks.PAGES and job.state == "done"
    return job.kind == tasks.DEMO or ended_elsewhere or bool(job.kind == tasks.REMOVE and job.result)


def show(library: OpenLibrary) -> None:
    """Name, facts, cases a class, and the ways to look after it."""
    now, counts = library.catalog.state(), library.facets("label")
    tag = " :gray-badge[synthetic]" if library.synthetic else ""
    st.subheader(markdown(now.name) + tag, anchor=False)
    frame.facts(
        [
            ("Cases", number(sum(counts.values()))),
            ("Encoder", f"{palette.encoder_title(now.encoder.name)}, {now.encoder.dimension} numbers an image"),
            ("Flow", now.active_flow or "none active"),
            ("Made", day(now.created_at)),
            ("Folder", str(library.root)),
        ]
    )
    if counts:
        evidence.show_counts(counts, library.taxonomy)
    library_care.show(library)
