"""The engines of the app's libraries: one encoder for those that are bound to the same, and none for nobody."""

from __future__ import annotations

import gc
import threading
import time
import weakref
from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core.library import Library
from core.search import Query
from pages.ui import engine, resources, tasks
from pages.ui.resources import OpenLibrary
from tests.conftest import picture, png
from tests.pages.conftest import visible

QUERY = Query(images=(png(picture(2)),), top_k=1)


def loaded(library: OpenLibrary) -> bool:
    return library._engine._library is not None


def test_libraries_of_one_encoder_share_it_until_nobody_uses_them(home: Path) -> None:
    for name in ("a", "b"):
        Library.create(home / name, name=name, encoder="ent-mini").close()
    first, second = (resources.open_library(home / name) for name in ("a", "b"))
    first.engine.encoder.load()
    assert second.engine.encoder is first.engine.encoder
    assert second.engine.encoder.loaded

    held = weakref.ref(first.engine.encoder)
    assert engine.let_unused_rest(0.0)
    gc.collect()
    assert held() is None
    assert not engine.let_unused_rest(0.0)  # nothing is left
    assert first.engine.encoder.encode_texts(["left ear"]).shape[1] == 512


def test_a_library_that_was_let_go_of_is_searched_as_before(app: AppTest, make_library: Callable[..., Path]) -> None:
    library = resources.open_library(make_library("clinic", {"ear-left": 3}))
    app.run()
    app.file_uploader[0].upload("query.png", png(picture(500)), "image/png")
    app.run()
    assert loaded(library)
    engine.let_unused_rest(0.0)
    assert not loaded(library)

    app.run()
    app.file_uploader[0].upload("another.png", png(picture(600)), "image/png")
    app.run()
    assert not app.exception
    assert "by cosine similarity" in visible(app)
    assert loaded(library)


def test_one_that_is_looked_at_or_worked_on_stays(make_library: Callable[..., Path]) -> None:
    looked_at, at_work, left = (
        resources.open_library(make_library(name, {"throat": 2})) for name in ("looked at", "at work", "left")
    )
    for library in (looked_at, at_work, left):
        assert library.engine
    job = tasks.start(tasks.VERIFY, "Check", at_work.library_id, lambda job: job._stop.wait(60))
    time.sleep(0.3)
    assert looked_at.version  # as the sidebar of every page asks for, time and again
    assert engine.let_unused_rest(0.2)

    assert [loaded(library) for library in (looked_at, at_work, left)] == [True, True, False]
    job.stop()


@pytest.mark.parametrize("way", ["open_library", "opened"])
def test_to_open_a_library_and_to_show_its_images_is_to_use_it(make_library: Callable[..., Path], way: str) -> None:
    root = make_library("clinic", {"throat": 2})
    library = resources.open_library(root)
    assert library.engine
    time.sleep(0.3)
    resources.open_library(root) if way == "open_library" else resources.opened(library.library_id)
    engine.let_unused_rest(0.2)
    assert loaded(library)


def test_searches_in_many_threads_do_not_mind_that_it_is_let_go_of(make_library: Callable[..., Path]) -> None:
    library = resources.open_library(make_library("clinic", {"ear-left": 4}))
    until, wrong, found = time.monotonic() + 4, [], []

    def search() -> None:
        while time.monotonic() < until:
            try:
                found.append(library.engine.search(QUERY).hits[0].similarity)
            except Exception as error:
                wrong.append(error)

    threads = [threading.Thread(target=search) for _ in range(4)]
    for thread in threads:
        thread.start()
    rests = 0
    while time.monotonic() < until:
        rests += engine.let_unused_rest(0.0)
        time.sleep(0.02)
    for thread in threads:
        thread.join()

    assert wrong == []
    assert rests > 5
    assert len(found) > 10
    assert min(found) > 0.999
