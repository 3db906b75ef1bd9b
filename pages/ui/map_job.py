"""The job that lays out a map: in a process of its own, since what it needs takes seconds to load and all of a core."""

from __future__ import annotations

from typing import Any

from pages.ui import commands, resources, tasks
from pages.ui.jobs import Job, Step
from pages.ui.resources import OpenLibrary


def start(library: OpenLibrary) -> None:
    """Lay the library's embeddings out anew, unless that is under way."""
    for old in _all(library):
        resources.jobs().dismiss(old.job_id)

    def work(job: Job) -> Any:
        job.report(Step("Loading what lays out the map"))
        return commands.run(job, ["core", "map", str(library.root), "--json"])

    tasks.start(tasks.MAP, "Embedding map", library.library_id, work)


def running(library: OpenLibrary) -> Job | None:
    return next((job for job in _all(library) if job.running), None)


def unfinished(library: OpenLibrary) -> Job | None:
    """The map job that a person has to hear of: under way, or failed."""
    return next((job for job in _all(library) if job.running or job.state == "failed"), None)


def _all(library: OpenLibrary) -> list[Job]:
    return [job for job in resources.jobs().of(library.library_id) if job.kind == tasks.MAP]
