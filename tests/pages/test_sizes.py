"""Every page on the demo as it is shipped, and on twenty thousand cases with an active flow and a map."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from core.demo_library import FOLDER, open_demo
from core.embedding_map import EmbeddingMap, key_of, save_map
from core.flow import Flow, FlowConfig
from core.library import Library
from core.manifest import CaseFacts
from core.settings import get_settings
from core.sources import Source, SourceItem
from core.vector_field import VectorField
from pages.ui import drawer, map_marks, resources
from pages.ui.text import number
from tests.conftest import DIMENSION, FakeEncoder, picture, png
from tests.pages.conftest import words
from training.bench.enlarged import enlarge

pytestmark = pytest.mark.slow
PAGES = ("search", "gallery", "embedding_map", "evaluation", "training", "library")
CASES = 20_000
FLOW = "f" * 12
SPLITS = ("train", "train", "val", "test")
LABELS = ("ear-left", "ear-right", "throat", "vc-open")


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of libraries with the bundled demo in it, its encoder and its flow."""
    home = tmp_path_factory.mktemp("demo") / "libraries"
    open_demo(home / FOLDER).close()
    return home


@pytest.fixture(scope="session")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of libraries with one of 20 000 cases; only what UMAP would lay out on its map is made up."""
    folder = tmp_path_factory.mktemp("large")
    small = Library.create(folder / "small", name="Large", encoder=FakeEncoder())
    items = tuple(
        SourceItem(
            f"{LABELS[at % len(LABELS)]}/{at:03}.png",
            CaseFacts(label=LABELS[at % len(LABELS)], patient=f"p{at}", split=SPLITS[at % 3]),
            lambda at=at: png(picture(at + 1)),
        )
        for at in range(20)
    )
    small.ingest(Source("small", items, (), ()))
    small.flows.put(Flow(VectorField(dim=DIMENSION), FlowConfig(steps=1), flow_id=FLOW, name="test"))
    small.activate(FLOW)
    small.close()
    root = folder / "libraries" / "large"
    root.parent.mkdir()
    enlarge(folder / "small", root, CASES)
    ids = resources.OpenLibrary(root).catalog.ids()
    draw, times = np.random.default_rng(0), np.linspace(0, 1, 3, dtype=np.float32)
    positions = draw.normal(size=(len(times), CASES, 2)).astype(np.float32)
    nearest = draw.integers(0, CASES, (2, CASES))
    save_map(root, key_of(root, FLOW), EmbeddingMap(FLOW, "2026-01-02", 0, CASES, ids, times, positions, nearest, {}))
    return root.parent


@pytest.fixture
def start(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Path], AppTest]]:
    """Starts the app on another folder of libraries."""

    def on(libraries: Path) -> AppTest:
        monkeypatch.setenv("ENT_LIBRARIES", str(libraries))
        get_settings.cache_clear()
        return AppTest.from_file(Path(__file__).parents[2] / "pages" / "ui" / "shell.py", default_timeout=60).run()

    yield on
    for library in [*resources._opened.values()]:
        library.close()


@pytest.fixture
def at_large(start: Callable[[Path], AppTest], large: Path, monkeypatch: pytest.MonkeyPatch) -> AppTest:
    monkeypatch.setattr("pages.ui.engine.make", lambda root, catalog: Library(root, FakeEncoder()))
    return start(large)


def well(app: AppTest, cases: int) -> AppTest:
    """Nothing went wrong, and the page is of that library."""
    assert not app.exception
    assert not app.error
    assert number(cases) in words(app)
    return app


def data_of(app: AppTest, name: str) -> dict[str, object]:
    """What the page gives a component whose data hold `name`."""
    found = (json.loads(e.proto.json) for e in app.main if e.type == "bidi_component")
    return next(data for data in found if name in data)


def test_every_page_runs_on_the_demo(start: Callable[[Path], AppTest], demo: Path) -> None:
    app = start(demo)
    for page in PAGES:
        well(app.switch_page(f"../{page}.py").run(), 700)
        assert "Demo (synthetic)" in app.selectbox(key="library").options
        if page == "embedding_map":
            assert data_of(app, "points")["titles"] == ["Before the flow", "After the flow"]


def test_every_page_runs_on_a_large_library(at_large: AppTest) -> None:
    for page in PAGES:
        well(at_large.switch_page(f"../{page}.py").run(), CASES)


def test_a_large_map_leads_to_cases_and_a_case_to_its_neighbours(at_large: AppTest) -> None:
    app = well(at_large.switch_page("../embedding_map.py").run(), CASES)
    library = next(iter(resources._opened.values()))
    assert data_of(app, "points")["titles"] == ["Before the flow", "After the flow"]
    assert f"{number(CASES)} cases, laid out on 2 January 2026" in words(app)
    some = library.catalog.ids()[1000:6000]
    app.session_state[map_marks.SELECTED] = some
    well(app.run(), CASES)
    assert f"{number(5000)} of {number(CASES)} cases selected" in words(app)

    next(button for button in app.button if button.label == "Show in Gallery").click().run()
    assert f"{number(5000)} cases of {number(CASES)}" in words(well(app, CASES))
    app.session_state[drawer.CASE.key] = some[0]
    well(app.run(), CASES)
    assert some[0] in words(app)
    assert "Of the 5 nearest, the flow brought in" in words(app)


def test_a_large_gallery_is_gone_through_to_its_end(at_large: AppTest) -> None:
    app = well(at_large.switch_page("../gallery.py").run(), CASES)
    for order in ("typical", "random", "label"):
        app.selectbox(key="gallery_sort").set_value(order).run()
        app.session_state["gallery_page"] = CASES
        well(app.run(), CASES)
        assert app.session_state["gallery_page"] == -(-CASES // 48)
        app.session_state["gallery_page"] = 1


@pytest.fixture(autouse=True)
def _forget() -> Iterator[None]:
    yield
    st.cache_resource.clear()
    resources._opened.clear()
