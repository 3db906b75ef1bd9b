"""A library without its index: it is made by a job that people see, and everything else goes on meanwhile."""

from __future__ import annotations

import re
import shutil
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core.indexer import Progress
from core.library import Library
from pages.ui import index_job, resources
from tests.conftest import picture, png
from tests.pages.conftest import visible, wait_for_jobs


def test_a_library_copied_without_its_index_is_mended_in_sight(
    app: AppTest, make_library: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    root = make_library("clinic", {"ear-left": 5, "throat": 3})
    shutil.rmtree(root / "index")
    told, going_on = threading.Event(), threading.Event()
    mend = Library.mend

    def slow(library: Library, on_progress: Progress) -> None:
        on_progress(0, 8)
        on_progress(4, 8)
        told.set()
        assert going_on.wait(60)
        mend(library, on_progress)

    monkeypatch.setattr(Library, "mend", slow)
    app.run()
    assert told.wait(60)
    job = index_job.running(resources.open_library(root))
    assert job.step.total == 8
    assert job.step.seconds_left is not None

    app.file_uploader[0].upload("query.png", png(picture(500)), "image/png")
    app.run()
    assert not app.exception
    assert not app.error
    assert "The index of this library is being made" in visible(app)
    assert re.search(r"4 of 8, (about \d+ s|less than a second) left", visible(app))
    app.switch_page("../gallery.py").run()
    app.query_params["case"] = resources.open_library(root).catalog.ids()[0]
    app.run()
    assert not app.exception
    assert "when the index of this library is made" in "".join(caption.value for caption in app.caption)
    going_on.set()
    app.switch_page("../search.py")
    wait_for_jobs(app)

    assert not app.exception
    assert "most similar of the 8 cases" in visible(app) or "by cosine similarity" in visible(app)
    assert len(resources.jobs().of(resources.library_id_of(root))) == 1


def test_one_that_is_stopped_is_not_made_in_secret_but_when_it_is_asked_for(
    app: AppTest, make_library: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    root = make_library("clinic", {"ear-left": 5, "throat": 3})
    shutil.rmtree(root / "index")
    mend = Library.mend

    def stopped(library: Library, on_progress: Progress) -> None:
        resources.jobs().of(resources.library_id_of(root))[0].stop()
        mend(library, on_progress)

    monkeypatch.setattr(Library, "mend", stopped)
    app.run()
    wait_for_jobs(app)
    monkeypatch.setattr(Library, "mend", mend)
    app.file_uploader[0].upload("query.png", png(picture(500)), "image/png")
    app.run()
    assert not app.exception
    assert "The cases cannot be searched yet" in visible(app)
    assert [job.state for job in resources.jobs().of(resources.library_id_of(root))] == ["stopped"]

    next(button for button in app.button if button.label == "Go on").click().run()
    wait_for_jobs(app)
    assert not app.exception
    assert "by cosine similarity" in visible(app)


def test_a_whole_index_needs_no_job(app: AppTest, make_library: Callable[..., Path]) -> None:
    root = make_library("clinic", {"ear-left": 3})
    app.run()
    app.run()

    assert not resources.jobs().of(resources.library_id_of(root))
