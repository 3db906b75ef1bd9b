"""The Embedding map page: without a map, with one, with and without a flow, and when it is out of date."""

from __future__ import annotations

import base64
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import streamlit as st
from starlette.applications import Starlette
from starlette.testclient import TestClient
from streamlit.testing.v1 import AppTest

from core.embedding_map import EmbeddingMap, key_of, load_map, path_of, save_map
from core.flow import Flow
from core.library import Library
from core.mapping import make_map
from core.vector_field import VectorField
from pages.ui import commands, current_query, map_component, map_marks, media, resources, state
from pages.ui.jobs import Job
from tests.conftest import DIMENSION, FakeEncoder
from tests.pages.conftest import go_back, here, visible, wait_for_jobs, words

FLOW = "f" * 12
COUNTS = {"ear-left": 6, "throat": 6}


def visit(app: AppTest) -> AppTest:
    app.run()
    return app.switch_page("../embedding_map.py").run()


@pytest.fixture
def root(make_library: Callable[..., Path]) -> Path:
    """A library of few cases, whose map is laid out in a moment."""
    return make_library("clinic", COUNTS, finding="<b>normal</b>")


def lay_out(root: Path, flow: bool = False) -> EmbeddingMap:
    library = Library.open(root, encoder=FakeEncoder())
    if flow:
        library.flows.put(Flow(VectorField(dim=DIMENSION), flow_id=FLOW, name="test"))
        library.activate(FLOW)
    made = make_map(library.root, library.catalog, library.flows)
    library.close()
    return made


def drawn(app: AppTest) -> SimpleNamespace:
    """What the page gives the component to draw."""
    return SimpleNamespace(**app.session_state["drawn"])


@pytest.fixture(autouse=True)
def _watch(monkeypatch: pytest.MonkeyPatch) -> None:
    component = map_component._component

    def watched(**given: object) -> object:
        st.session_state["drawn"] = given["data"]
        return component(**given)

    monkeypatch.setattr(map_component, "_component", watched)


def test_without_a_map_the_page_offers_to_make_one(app: AppTest, root: Path) -> None:
    visit(app)

    assert not app.exception
    assert "No map yet" in words(app)
    assert "Make the map" in [button.label for button in app.button]


def test_the_map_is_made_in_a_job_that_other_pages_do_not_disturb(
    app: AppTest, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[list[str]] = []

    def run(job: Job, arguments: list[str]) -> dict[str, object]:
        asked.append(arguments)
        time.sleep(0.5)
        lay_out(root)
        return {}

    monkeypatch.setattr(commands, "run", run)
    visit(app)
    next(button for button in app.button if button.label == "Make the map").click().run()
    assert "The map is being laid out" in words(app)
    app.switch_page("../gallery.py").run()
    wait_for_jobs(app.switch_page("../embedding_map.py"))

    assert asked == [["core", "map", str(root.resolve()), "--json"]]
    assert not app.exception
    assert "12 cases, laid out on" in words(app)


def test_a_failed_job_says_why_and_can_be_tried_again(
    app: AppTest, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (root / "maps").write_text("in the way", encoding="utf-8")
    monkeypatch.setattr(commands, "run", lambda job, arguments: lay_out(root) and {})
    visit(app)
    next(button for button in app.button if button.label == "Make the map").click().run()
    wait_for_jobs(app)

    assert not app.exception
    assert len(app.error) == 1
    assert "Make the map" in [button.label for button in app.button]


def test_without_a_flow_there_is_one_map_and_the_way_to_a_flow(app: AppTest, root: Path) -> None:
    lay_out(root)
    visit(app)

    assert not app.exception
    assert drawn(app).titles == ["Embeddings"]
    assert len(drawn(app).figures) == 1
    assert "No flow is active" in visible(app)


def test_with_a_flow_there_are_two_maps_with_figures(app: AppTest, root: Path) -> None:
    lay_out(root, flow=True)
    visit(app)

    assert not app.exception
    assert drawn(app).titles == ["Before the flow", "After the flow"]
    assert [figure["title"] for figure in drawn(app).figures[0]] == ["Same class nearby", "Silhouette"]
    assert "No flow is active" not in visible(app)
    assert "Make the map anew" not in [button.label for button in app.button]


def test_a_map_of_before_the_flow_was_activated_is_shown_as_far_as_it_goes(app: AppTest, root: Path) -> None:
    lay_out(root)
    library = Library.open(root, encoder=FakeEncoder())
    library.flows.put(Flow(VectorField(dim=DIMENSION), flow_id=FLOW))
    library.activate(FLOW)
    library.close()
    visit(app)

    assert drawn(app).titles == ["Embeddings"]
    assert "made before the active flow" in words(app)
    assert "Make the map anew" in [button.label for button in app.button]


def test_new_cases_lie_between_their_neighbours_and_a_new_map_is_offered(
    app: AppTest, root: Path, make_library: Callable[..., Path]
) -> None:
    made = lay_out(root, flow=True)
    some = made.case_ids[:9]
    part = EmbeddingMap(
        made.flow_id, made.created, 0, 9, some, made.times, made.positions[:, :9], made.nearest[:, :9] % 9, {}
    )
    save_map(root, key_of(root, FLOW), part)
    visit(app)

    assert not app.exception
    assert "3 came and 0 went since" in words(app)
    view = resources.map_view(*view_arguments(root))
    assert len(view.case_ids) == 12
    low, high = part.positions.min(axis=(0, 1)) - 1e-3, part.positions.max(axis=(0, 1)) + 1e-3
    assert ((view.positions[:, 9:] >= low) & (view.positions[:, 9:] <= high)).all()


def view_arguments(root: Path) -> tuple[object, ...]:
    library, path = resources.open_library(root), path_of(root, key_of(root, FLOW))
    return library.library_id, library.version, path, path.stat().st_mtime_ns, True


def test_a_damaged_map_is_told_in_words(app: AppTest, root: Path) -> None:
    lay_out(root)
    path_of(root, "before").write_bytes(b"no map")
    visit(app)

    assert not app.exception
    assert "cannot be shown" in app.warning[0].value
    assert "Make the map" in [button.label for button in app.button]


def test_selected_cases_are_a_grid_to_go_on_from(app: AppTest, root: Path) -> None:
    made = lay_out(root)
    app.run()
    app.session_state[map_marks.SELECTED] = made.case_ids[:9]
    app.switch_page("../embedding_map.py").run()

    assert "9 of 12 cases selected" in words(app)
    by_label = {button.label: button for button in app.button}
    assert by_label["Search with all"].disabled
    by_label["Show in Gallery"].click().run()
    assert "9 cases of 12" in words(app)
    next(button for button in app.button if button.label == "Clear filters").click().run()
    assert "12 cases" in visible(app)


def test_a_few_selected_cases_can_be_searched_with(app: AppTest, root: Path) -> None:
    made = lay_out(root, flow=True)
    app.run()
    app.session_state[map_marks.SELECTED] = made.case_ids[:3]
    app.switch_page("../embedding_map.py").run()
    next(button for button in app.button if button.label == "Search with all").click().run()

    assert not app.exception
    assert app.session_state[current_query.QUERY].cases == made.case_ids[:3]
    app.switch_page("../embedding_map.py").run()
    assert np.array(drawn(app).query).shape == (11, 2)


def test_case_colour_and_time_come_from_the_url(app: AppTest, root: Path) -> None:
    made = lay_out(root, flow=True)
    app.run()
    app.query_params["case"] = made.case_ids[4]
    app.query_params["map_colour"] = "Colour by region"
    app.query_params["map_time"] = "0.30"
    app.switch_page("../embedding_map.py").run()

    assert not app.exception
    assert (drawn(app).marked, drawn(app).time) == (4, 0.3)
    assert drawn(app).colour == "region"
    app.query_params["map_time"] = "soon"
    assert not app.run().exception


def test_another_page_can_show_a_case_on_the_map(app: AppTest, root: Path) -> None:
    made = lay_out(root)
    app.run()
    app.session_state[map_marks.CASE.key] = made.case_ids[7]
    app.session_state[state.GO_TO] = state.MAP_PAGE
    app.run()

    assert drawn(app).marked == 7


def test_a_mark_is_taken_away_by_its_button_and_by_back(app: AppTest, root: Path) -> None:
    made = lay_out(root)
    visit(app)
    plain = here(app)
    app.session_state[map_marks.CASE.key] = made.case_ids[7]
    app.run()
    marked = here(app)
    assert drawn(app).marked == 7
    assert marked.parameters == {"map_case": made.case_ids[7]}

    next(button for button in app.button if button.label == "Clear the mark").click().run()
    assert (drawn(app).marked, app.query_params) == (-1, {})
    assert "Clear the mark" not in [button.label for button in app.button]

    go_back(app, marked)
    assert drawn(app).marked == 7
    go_back(app, plain)
    assert (drawn(app).marked, app.query_params) == (-1, {})


def test_back_brings_the_time_before(app: AppTest, root: Path) -> None:
    lay_out(root, flow=True)
    visit(app)
    plain = here(app)
    app.session_state["map_time"] = 0.25
    app.run()
    assert app.query_params == {"map_time": "0.25"}

    go_back(app, plain)
    assert drawn(app).time == 1.0
    app.switch_page("../gallery.py").run()
    app.session_state["map_time"] = 0.5
    app.switch_page("../embedding_map.py").run()
    assert drawn(app).time == 0.5


def test_what_is_shown_in_the_gallery_is_all_of_it_whatever_was_looked_for_there(app: AppTest, root: Path) -> None:
    made = lay_out(root)
    app.run()
    app.switch_page("../gallery.py").run()
    app.multiselect(key="gallery_label").select("throat").run()
    app.session_state["gallery_page"] = 3
    app.session_state[map_marks.SELECTED] = made.case_ids[:9]
    app.switch_page("../embedding_map.py").run()
    next(button for button in app.button if button.label == "Show in Gallery").click().run()

    assert not app.exception
    assert "9 cases of 12" in words(app)
    assert not app.session_state["gallery_label"]
    assert app.session_state["gallery_page"] == 1


def test_bits_and_cases_are_each_other() -> None:
    ids = tuple(f"{n:016x}" for n in range(21))
    view = SimpleNamespace(case_ids=ids, row_of={case_id: row for row, case_id in enumerate(ids)})
    chosen = (ids[0], ids[7], ids[8], ids[20])

    assert map_component._cases(view, map_component._bits(view, chosen)) == chosen
    assert map_component._bits(view, ()) == ""
    assert map_component._cases(view, "") == ()
    assert map_component._cases(view, base64.b64encode(b"\xff" * 9).decode()) == ids
    assert map_component._cases(view, "no base64!") == ()


@pytest.fixture
def client() -> Iterator[TestClient]:
    with TestClient(Starlette(routes=media.routes()), base_url="http://localhost") as client:
        yield client


def test_thumbnails_of_a_library_are_served_by_one_signature_and_of_no_other(
    client: TestClient, root: Path, make_library: Callable[..., Path]
) -> None:
    library = resources.open_library(root)
    case = library.catalog.cases()[0]
    url = media.thumbnails_url(library.library_id)
    other = resources.open_library(make_library("other", {"throat": 1}))

    assert client.get(url.replace("CASE", case.case_id)).content == library.store.thumbnail(case.sha256)
    assert client.get(url.replace("CASE", "f" * 16)).status_code == 404
    assert client.get(url.replace("CASE", "*")).status_code == 404
    assert (
        client.get(url.replace(library.library_id, other.library_id).replace("CASE", case.case_id)).status_code == 403
    )
    assert client.get(url.replace("/hover/", "/image/").replace("CASE", case.case_id)).status_code == 403


def test_numbers_are_served_by_signed_links_only(client: TestClient) -> None:
    blob = media.blob_url(media.Blob(b"numbers"))
    assert client.get(blob).content == b"numbers"
    assert client.get(blob.partition("?")[0]).status_code == 403


def test_a_stored_map_is_found_by_its_flow(root: Path) -> None:
    lay_out(root, flow=True)
    assert load_map(path_of(root, key_of(root, FLOW))).flow_id == FLOW
