"""The app without a browser: its folder of libraries is a fresh one, its encoder the fake one."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
import streamlit as st
from streamlit.runtime.scriptrunner_utils.script_requests import RerunData
from streamlit.testing.v1 import AppTest

from core.library import Library
from core.manifest import CaseFacts
from core.settings import get_settings
from core.sources import Source, SourceItem
from pages.ui import library_list, resources
from tests.conftest import FakeEncoder, picture, png

SHELL = Path(__file__).parents[2] / "pages" / "ui" / "shell.py"
PATIENTS = 3


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The app's folder of libraries, empty; nothing is remembered from the test before."""
    monkeypatch.setenv("ENT_LIBRARIES", str(tmp_path / "libraries"))
    monkeypatch.setenv("ENT_DEMO", str(tmp_path / "no demo"))
    monkeypatch.setenv("ENT_OFFLINE", "1")
    monkeypatch.setenv("ENT_CACHE", str(tmp_path / "cache"))
    get_settings.cache_clear()
    st.cache_data.clear()
    st.cache_resource.clear()
    resources._opened.clear()
    library_list._down.clear()
    yield tmp_path / "libraries"
    get_settings.cache_clear()


@pytest.fixture
def make_library(home: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    """Makes a library in the app's folder: make_library("clinic", {"ear-left": 3}), with findings and patients."""
    monkeypatch.setattr("pages.ui.engine.make", lambda root, catalog: Library(root, FakeEncoder()))

    def make(name: str, counts: dict[str, int], **facts: str) -> Path:
        library = Library.create(home / name, name=name, encoder=FakeEncoder())
        labels = [label for label, n in counts.items() for _ in range(n)]
        items = tuple(
            SourceItem(
                f"{label}/{number:03}.png",
                replace(CaseFacts(label=label, patient=f"p{number % PATIENTS}"), **facts),
                lambda number=number: png(picture(number + 1)),
            )
            for number, label in enumerate(labels)
        )
        library.ingest(Source(name, items, (), ()))
        library.close()
        return home / name

    return make


@pytest.fixture
def app(home: Path) -> AppTest:
    """The app as it starts, not yet run."""
    return AppTest.from_file(SHELL, default_timeout=60)


@dataclass(frozen=True)
class Place:
    """What the address bar says: the page, and what stands behind its question mark."""

    page: str
    parameters: dict[str, Any]


def here(app: AppTest) -> Place:
    """Where the app is now."""
    return Place(app._finished_page_script_hash, dict(app.query_params))


def go_back(app: AppTest, place: Place) -> AppTest:
    """Come to a place again by the browser's back button: Streamlit lets its URL decide what bound widgets say."""
    app._page_hash, app.query_params = place.page, dict(place.parameters)
    with patch("streamlit.testing.v1.local_script_runner.RerunData", partial(RerunData, is_history_navigation=True)):
        return app.run()


def follow_link(place: Place) -> AppTest:
    """Come to a place in a session of its own: by a reload, or by a link that somebody sent."""
    app = AppTest.from_file(SHELL, default_timeout=60)
    app._page_hash, app.query_params = place.page, dict(place.parameters)
    return app.run()


def words(app: AppTest) -> str:
    """Everything that is said on the page, as one text."""
    said = [*app.markdown, *app.html, *app.error, *app.info, *app.title, *app.subheader, *app.warning, *app.success]
    return "\n".join(str(getattr(element, "value", "") or element.proto.body) for element in said)


def visible(app: AppTest) -> str:
    """The same without the style sheet and markup."""
    return re.sub(r"<style>.*?</style>|<[^>]*>", " ", words(app), flags=re.DOTALL)


def wait_for_jobs(app: AppTest, seconds: float = 60) -> AppTest:
    """Run the app again and again until no job of it is at work."""
    until = time.monotonic() + seconds
    while any(job.running for job in resources.jobs()._jobs):
        assert time.monotonic() < until, "the job did not end"
        time.sleep(0.05)
    return app.run()
