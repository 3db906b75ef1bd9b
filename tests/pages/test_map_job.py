"""A map that is laid out in a process of its own: nobody need look on, and stopped it leaves all as it was."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from streamlit.testing.v1 import AppTest

from core.embedding_map import FOLDER, load_map, save_map, stored_maps
from core.flow import Flow
from core.library import Library
from core.manifest import CaseFacts
from core.mapping import make_map
from core.sources import Source, SourceItem
from core.vector_field import VectorField
from pages.ui import map_job, resources
from pages.ui.jobs import Job
from tests.conftest import DIMENSION, FakeEncoder, picture, png
from tests.pages.conftest import follow_link, here, visible, wait_for_jobs

FLOW = "f" * 12
LONG = 120
OLD = "4 came and 0 went since"


@pytest.fixture
def root(make_library: Callable[..., Path]) -> Path:
    """A library with an active flow, its map, and cases that came after that."""
    root = make_library("clinic", {"ear-left": 10, "throat": 10})
    library = Library.open(root, encoder=FakeEncoder())
    torch.manual_seed(0)
    library.flows.put(Flow(VectorField(dim=DIMENSION), flow_id=FLOW, name="test"))
    library.activate(FLOW)
    make_map(library.root, library.catalog, library.flows)
    new = tuple(
        SourceItem(f"{number}.png", CaseFacts("throat"), lambda number=number: png(picture(number)))
        for number in range(800, 804)
    )
    library.ingest(Source("new", new))
    library.close()
    return root


def begin(app: AppTest) -> Job:
    """The page with the map, and a new one begun from it that has got as far as laying out."""
    app.run()
    app.switch_page("../embedding_map.py").run()
    assert OLD in visible(app)
    next(button for button in app.button if button.label == "Make the map anew").click().run()
    job = map_job.running(next(iter(resources._opened.values())))
    until = time.monotonic() + LONG
    while not job.step.total:
        assert job.running
        assert time.monotonic() < until
        time.sleep(0.05)
    return job


def check_sound(root: Path) -> None:
    library = Library.open(root, encoder=FakeEncoder())
    report = library.verify()
    library.close()
    assert report.problems == ()


def test_a_map_that_is_stopped_leaves_the_old_one_and_a_sound_library(app: AppTest, root: Path) -> None:
    (path,) = stored_maps(root)
    before = path.read_bytes()
    job = begin(app)
    app.run()
    assert OLD in visible(app)  # the old one is there to be looked at meanwhile
    app.button(key=f"stop_{job.job_id}").click().run()
    wait_for_jobs(app, LONG)

    assert (job.state, job.error) == ("stopped", None)
    assert not app.exception
    assert OLD in visible(app)
    assert "Make the map anew" in [button.label for button in app.button]
    assert [file.name for file in (root / FOLDER).iterdir()] == [path.name]
    assert path.read_bytes() == before
    check_sound(root)


def test_a_map_is_made_without_the_tab_that_began_it(app: AppTest, root: Path) -> None:
    begin(app)
    place = here(app)
    del app  # nobody looks on any more

    another = follow_link(place)
    assert not another.exception
    assert "Embedding map" in visible(another)
    assert [button.label for button in another.button if button.key and button.key.startswith("stop_")] == ["Stop"]
    wait_for_jobs(another, LONG)
    assert "24 cases, laid out on" in visible(another)
    assert OLD not in visible(another)
    assert "Make the map anew" not in [button.label for button in another.button]
    check_sound(root)


def test_a_map_whose_writing_is_cut_short_leaves_nothing_behind(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (path,) = stored_maps(root)
    made = load_map(path)

    def stopped(file: object, **arrays: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(np, "savez", stopped)
    with pytest.raises(KeyboardInterrupt):
        save_map(root, "another", replace(made, seed=1))
    assert stored_maps(root) == [path]
    assert [file.name for file in (root / FOLDER).iterdir()] == [path.name]
