"""What pages show and do while somebody else writes to the library."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core.catalog import Catalog
from core.ingest_report import IngestProgress
from core.library import Library
from core.sources import open_source
from pages.ui import care_tasks, flow_tasks, import_tasks, resources, tasks
from pages.ui.import_tasks import FilesRequest
from pages.ui.jobs import Job
from pages.ui.resources import OpenLibrary
from tests.conftest import FakeEncoder, picture, png
from tests.pages.conftest import visible, words

NEAREST = 20
WORK: dict[str, Callable[[OpenLibrary], Job]] = {
    tasks.VERIFY: care_tasks.verify,
    tasks.REPAIR: care_tasks.repair,
    tasks.REMOVE: lambda library: care_tasks.remove(library, "clinic"),
    tasks.ACTIVATE: lambda library: flow_tasks.activate(library, None),
    tasks.DELETE_FLOW: lambda library: flow_tasks.delete(library, "none"),
    tasks.IMPORT: lambda library: import_tasks.begin(library, FilesRequest([("a.png", png(picture(900)))])),
}


def ingest(root: Path, source: Path, meanwhile: Callable[[], object]) -> None:
    """An import by another program; `meanwhile` is called when all is stored and the index is still behind."""

    def look(progress: IngestProgress) -> None:
        if progress.stage == "importing" and progress.done == progress.total:
            meanwhile()

    library = Library.open(root, encoder=FakeEncoder())
    with open_source(source, library.taxonomy) as images:
        library.ingest(images, on_progress=look)
    library.close()


def test_a_search_made_before_an_import_was_indexed_is_made_again_after_it(
    app: AppTest, make_library: Callable[..., Path], folder_of: Callable[..., Path]
) -> None:
    root = make_library("clinic", {"ear-left": 3})
    app.session_state["search_fold"] = False
    app.run()
    app.file_uploader[0].upload("query.png", png(picture(500)), "image/png")
    found: list[str] = []
    ingest(root, folder_of({"throat": 2}, seed=700), lambda: found.append(visible(app.run())))

    assert "3 cases by cosine similarity" in found[-1]
    app.run()
    assert "5 cases by cosine similarity" in visible(app)


def test_neighbours_found_before_an_import_was_indexed_are_found_again_after_it(
    make_library: Callable[..., Path], folder_of: Callable[..., Path]
) -> None:
    root = make_library("clinic", {"ear-left": 3})
    library = resources.open_library(root)
    case_id = library.catalog.ids()[-1]

    def neighbours() -> int:
        found = resources.neighbourhood(library.library_id, library.version, case_id, NEAREST)
        return len(found.before)

    found: list[int] = []
    ingest(root, folder_of({"throat": 2}, seed=700), lambda: found.append(neighbours()))

    assert (found[-1], neighbours()) == (2, 4)


@pytest.mark.parametrize("kind", WORK)
def test_work_that_waits_for_the_writer_says_so_and_can_be_stopped(
    app: AppTest, make_library: Callable[..., Path], kind: str
) -> None:
    library = resources.open_library(make_library("clinic", {"ear-left": 3}))
    with library.engine.lock.held():
        job = WORK[kind](library)
        until = time.monotonic() + 60
        while job.step.words != "Waiting for other work of this program to finish writing to this library":
            assert time.monotonic() < until
            time.sleep(0.01)
        assert kind in tasks.STOPPABLE
        job.stop()
        while job.running:
            assert time.monotonic() < until
            time.sleep(0.01)
    assert (job.state, job.error, job.result) == ("stopped", None, None)
    assert library.count() == 3
    app.run()
    app.switch_page("../training.py" if kind in flow_tasks.PAGES else "../library.py").run()
    assert not app.exception
    assert ": stopped" in words(app)


@pytest.mark.parametrize(
    ("first", "second", "both"),
    [
        (tasks.TRAIN, tasks.TRAIN, False),
        (tasks.TRAIN, tasks.ACTIVATE, False),
        (tasks.DEMO, tasks.DEMO, False),
        (tasks.BACKUP, tasks.BACKUP, False),
        (tasks.MAP, tasks.MAP, False),
        (tasks.EVALUATE, tasks.EVALUATE, False),
        (tasks.IMPORT, tasks.REMOVE, False),
        (tasks.REMOVE, tasks.IMPORT, False),
        (tasks.IMPORT, tasks.IMPORT, True),
        (tasks.IMPORT, tasks.TRAIN, True),
        (tasks.EVALUATE, tasks.TRAIN, True),
    ],
)
def test_what_would_be_in_each_others_way_is_not_begun_beside_each_other(
    home: Path, first: str, second: str, both: bool
) -> None:
    begun = [tasks.start(kind, "", "library", lambda job: job._stop.wait(60)) for kind in (first, second)]
    elsewhere = tasks.start(second, "", "another", lambda job: job._stop.wait(60))
    for job in (*begun, elsewhere):
        job.stop()
    assert (begun[1] is not begun[0]) is both
    assert elsewhere not in begun


def test_a_library_that_goes_while_a_page_is_drawn_is_told_in_words(
    app: AppTest, make_library: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    library = resources.open_library(make_library("clinic", {"ear-left": 3}))
    app.run()

    def facets(*given: object) -> dict[str, int]:
        resources.close_library(library)
        return {"ear-left": 3}

    monkeypatch.setattr(Catalog, "facets", facets)
    app.switch_page("../gallery.py").run()
    assert not app.exception
    assert app.error[0].value == "This page cannot be shown: this library has been closed meanwhile; reload the page"
