"""The job that mends the index of a library that was copied without it, or whose last writer was cut short."""

from __future__ import annotations

from core.errors import Stopped
from core.index_state import FOLDER, stale
from pages.ui import resources, tasks
from pages.ui.jobs import Job, Step
from pages.ui.resources import OpenLibrary

WORDS = "Making the cases searchable"


def begin(library: OpenLibrary | None) -> None:
    """Mend the index where it is damaged or behind; looked at once, when the library is first seen, by the shell."""
    if library is None or library.index_checked:
        return
    if not stale(library.catalog, library.root / FOLDER):
        library.index_checked = True
    elif not resources.jobs().running(library.library_id):
        library.index_checked = True
        tasks.start(tasks.MEND, "Index of the library", library.library_id, lambda job: _mend(job, library))


def running(library: OpenLibrary) -> Job | None:
    """The job, while no search can be answered."""
    return next((job for job in resources.jobs().running(library.library_id) if job.kind == tasks.MEND), None)


def is_stopped(library: OpenLibrary) -> bool:
    """Whether a person has stopped the job, and nothing has mended the index since."""
    return library.mending_stopped and stale(library.catalog, library.root / FOLDER)


def go_on(library: OpenLibrary) -> None:
    """Have the job begun again in the next run."""
    library.mending_stopped = library.index_checked = False


def _mend(job: Job, library: OpenLibrary) -> None:
    job.report(Step("Loading the engine"))
    engine = library.engine
    try:
        engine.mend(tasks.telling(job, WORDS))
    except Stopped:
        library.mending_stopped = True
        raise
