"""The long work that the app starts, and what may run beside what. No page code."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import streamlit as st

from core.demo_library import default_root, open_demo
from core.errors import EntError, LibraryError, Stopped, first_line
from core.making import check_free
from core.settings import get_settings
from core.speed import Speed
from pages.ui import resources
from pages.ui.jobs import Job, Step
from pages.ui.resources import OpenLibrary
from pages.ui.text import markdown

if TYPE_CHECKING:
    from core.ingest_report import IngestProgress, IngestReport
    from core.sources import Source

CREATE, DEMO, IMPORT, PLAN = "create", "demo", "import", "plan"
VERIFY, REPAIR, BACKUP, REMOVE, RESTORE = "verify", "repair", "backup", "remove", "restore"
TRAIN, EVALUATE, ACTIVATE, DELETE_FLOW = "train", "evaluate", "activate", "delete-flow"
MAP, MEND = "map", "mend"
STOPPABLE = (IMPORT, PLAN, VERIFY, REPAIR, BACKUP, REMOVE, RESTORE, TRAIN, EVALUATE, ACTIVATE, DELETE_FLOW, MAP, MEND)
APART = (
    frozenset({DEMO}),
    frozenset({VERIFY, REPAIR, BACKUP}),
    frozenset({TRAIN, ACTIVATE, DELETE_FLOW}),
    frozenset({EVALUATE, DELETE_FLOW}),
    frozenset({MAP}),
    frozenset({MEND}),
)
"""Kinds of work of which one at a time is done on a library. Imports queue; nothing begins while it is deleted."""
STAGES = {
    "loading": "Loading the encoder",
    "importing": "Importing",
    "indexing": "Making the new cases searchable",
}
MEGABYTE = 1_000_000


def folder_for(name: str) -> Path:
    """The folder below the app's own that a new library of this name gets. Raises EntError when the name is taken."""
    slug = re.sub(r"[\W_]+", "-", unicodedata.normalize("NFC", name).lower()).strip("-") or "library"
    folder = get_settings().libraries / slug
    try:
        check_free(folder)
    except LibraryError as error:
        raise EntError(f"the name {name!r} is taken here; give the library another name") from error
    return folder


def place_of_making(asked_in: str) -> str:
    """What new libraries belong to, in place of a library: that in use where they were asked for ("" for none)."""
    return f"new, asked in {asked_in}"


def make(kind: str, title: str, asked_in: str, work: Callable[[Job], Path]) -> Job:
    """Begin to make a library; its folder is the result."""
    place = place_of_making(asked_in)
    resources.jobs().dismiss_ended(place)  # an attempt that failed has been read, and is made good now
    return resources.jobs().start(kind, title, place, work, lambda job: (job.kind, job.title) == (kind, title))


def path_from(text: str, *, new: bool = False) -> Path:
    """The path a person typed or pasted, quotes and ~ understood; `new`: nothing need be there yet.

    Raises EntError when the system takes it for none, or nothing is there.
    """
    written = text.strip().strip("\"'")
    try:
        path = Path(written).expanduser()
        there = bool(written) and _is_there(path)
    except (OSError, RuntimeError, ValueError) as error:  # a name too long, a ~ of nobody, a folder that is shut
        said = getattr(error, "strerror", None) or first_line(error)
        raise EntError(f"{written[:80]!r} cannot be used as a path here ({said}); check it, or give another") from error
    if not written or not (there or new):
        raise EntError(f"there is nothing at {str(path)!r} on the machine that runs this app; check the path")
    return path


def _is_there(path: Path) -> bool:
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    return True


def create(name: str, folder: Path, encoder: str, weights: Path | None, asked_in: str = "") -> Job:
    """Make a library; its folder is the result. Weights may have to be downloaded first."""

    def work(job: Job) -> Path:
        from core.library import Library

        job.report(Step("Looking for the encoder's weights"))
        Library.create(
            folder,
            name=name.strip(),
            encoder=encoder,
            weights=weights,
            on_progress=lambda done, total: job.report(
                Step(f"Downloading the encoder: {done // MEGABYTE} of {total // MEGABYTE} MB", done, total)
            ),
        ).close()
        return folder

    return make(CREATE, f"New library {name.strip()}", asked_in, work)


def make_demo() -> Job:
    """Make the demo library, or go on where that was cut short; its folder is the result."""
    root = default_root()

    def work(job: Job) -> Path:
        job.report(Step("Loading the engine"))
        open_demo(
            root,
            on_progress=lambda progress: job.report(_step(progress)),
            on_wait=waiting(job),
        ).close()
        return root

    return start(DEMO, "Demo library", resources.library_id_of(root), work)


def start(kind: str, title: str, library_id: str, work: Callable[[Job], Any]) -> Job:
    """Begin work on a library; where that kind must not be done beside what runs there already, that is returned.

    The person is told so, unless it is the very work that was asked for.
    """

    def excludes(job: Job) -> bool:
        apart = REMOVE in (kind, job.kind) or any({kind, job.kind} <= group for group in APART)
        return job.library == library_id and apart

    begun = resources.jobs().start(kind, title, library_id, work, excludes)
    if (begun.kind, begun.title) != (kind, title):
        said = f"Not begun: {markdown(title)}. {markdown(begun.title)} is under way; stop it or wait for its end."
        st.toast(said, icon=":material/block:")
    return begun


def telling(job: Job, words: str) -> Callable[[int, int], None]:
    """A progress callback with the time left, that ends the work where the person has asked for that."""
    job.report(Step(words))
    speed = Speed()

    def tell(done: int, total: int) -> None:
        speed.tell(done, total)
        job.report(Step(words, done, total, seconds_left=speed.seconds_left))
        if job.should_stop():
            raise Stopped(f"{job.title}: stopped before its end")

    return tell


def waiting(job: Job) -> Callable[[str], None]:
    """A callback that tells whom the work waits for."""
    return lambda words: job.report(Step(words[:1].upper() + words[1:]))


def ingest(job: Job, library: OpenLibrary, source: Source) -> IngestReport:
    """The import of one source, as part of a job that tells how far it is and may be stopped."""
    job.report(Step("Starting"))
    return library.engine.ingest(
        source,
        on_progress=lambda progress: job.report(_step(progress)),
        should_stop=job.should_stop,
        on_wait=waiting(job),
    )


def _step(progress: IngestProgress) -> Step:
    counting = progress.stage in ("importing", "indexing")
    done, total = (progress.done, progress.total) if counting else (0, 0)
    return Step(STAGES[progress.stage], done, total, progress.rate, progress.seconds_left)
