"""Every page, without a library, with an empty one and with a filled one."""

from __future__ import annotations

import re
import shutil
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

import core
from core.flow import Flow
from core.library import Library
from core.settings import get_settings
from core.sources import open_source
from core.vector_field import VectorField
from pages.ui import resources
from pages.ui.jobs import Job
from pages.ui.query_state import QueryState
from tests.conftest import DIMENSION, FakeEncoder, picture, png
from tests.pages.conftest import go_back, here, visible, wait_for_jobs, words

PAGES = ("search", "gallery", "embedding_map", "evaluation", "training", "library")


def visit(app: AppTest, page: str) -> AppTest:
    app.run()
    return app.switch_page(f"../{page}.py").run()


@pytest.mark.parametrize("page", PAGES)
def test_without_a_library_every_page_leads_to_one(app: AppTest, page: str) -> None:
    visit(app, page)

    assert not app.exception
    labels = [button.label for button in app.button]
    assert ("Make library" in labels) if page == "library" else ("Make or open a library" in labels)
    assert core.NOTICE in words(app)


@pytest.mark.parametrize("page", PAGES)
def test_an_empty_library_leads_to_the_import(app: AppTest, home: Path, page: str) -> None:
    Library.create(home / "clinic", name="Clinic", encoder=FakeEncoder()).close()

    visit(app, page)

    assert not app.exception
    labels = [button.label for button in app.button]
    assert ("Import files" in labels) if page == "library" else ("Import images" in labels)


@pytest.mark.parametrize("page", PAGES)
def test_every_page_runs_on_a_filled_library(app: AppTest, make_library: Callable[..., Path], page: str) -> None:
    make_library("clinic", {"ear-left": 4, "throat": 3})

    visit(app, page)

    assert not app.exception
    assert not app.error


def test_the_empty_state_takes_one_to_the_library_page(app: AppTest) -> None:
    app.run()
    next(button for button in app.button if button.label == "Make or open a library").click().run()

    assert "Library" in [title.value for title in app.title]


def test_a_search_with_an_image_shows_ranked_neighbours_and_evidence(
    app: AppTest, make_library: Callable[..., Path]
) -> None:
    make_library("clinic", {"ear-left": 8, "throat": 8}, finding="normal")
    app.run()

    app.file_uploader[0].upload("query.png", png(picture(500)), "image/png")
    app.run()

    assert not app.exception
    assert "of 6" in words(app)  # three patients, two classes
    assert "6 cases, 10 more folded into them, by cosine similarity of embeddings before the flow" in words(app)
    assert not re.search(r"\d\s*%|confiden", visible(app))
    assert "query.png" in words(app)


def test_a_picture_that_is_stored_already_is_pointed_out(app: AppTest, make_library: Callable[..., Path]) -> None:
    make_library("clinic", {"ear-left": 3})
    app.run()

    app.file_uploader[0].upload("again.png", png(picture(2)), "image/png")
    app.run()

    assert any("Identical image already in the library" in info.value for info in app.info)


@pytest.mark.parametrize(("data", "said"), [(b"", "empty"), (b"not a picture", "image")])
def test_a_bad_upload_is_refused_in_words(
    app: AppTest, make_library: Callable[..., Path], data: bytes, said: str
) -> None:
    make_library("clinic", {"ear-left": 3})
    app.run()

    app.file_uploader[0].upload("*bad*.png", data, "image/png")
    app.run()

    assert not app.exception
    assert len(app.error) == 1
    assert "\\*bad\\*\\.png" in app.error[0].value
    assert said in app.error[0].value
    assert app.file_uploader  # one can try again at once


def test_gallery_filters_narrow_what_is_shown_and_can_be_taken_back(
    app: AppTest, make_library: Callable[..., Path]
) -> None:
    make_library("clinic", {"ear-left": 4, "throat": 3})
    visit(app, "gallery")
    assert "7 cases" in words(app)

    app.multiselect(key="gallery_label").select("throat").run()
    assert "3 cases of 7" in words(app)

    app.multiselect(key="gallery_patient").select("p0").run()
    assert "1 case of 7" in words(app)
    next(button for button in app.button if button.label == "Clear filters").click().run()
    assert "7 cases" in words(app)


def test_filters_come_back_after_a_visit_to_another_page(app: AppTest, make_library: Callable[..., Path]) -> None:
    make_library("clinic", {"ear-left": 4, "throat": 3})
    visit(app, "gallery")
    app.multiselect(key="gallery_region").select("throat").run()

    app.switch_page("../search.py").run()
    app.switch_page("../gallery.py").run()

    assert "3 cases of 7" in words(app)


def test_a_url_brings_the_filters_and_the_open_case(app: AppTest, make_library: Callable[..., Path]) -> None:
    root = make_library("clinic", {"ear-left": 4, "throat": 3})
    case = Library.open(root, encoder=FakeEncoder()).catalog.cases()[0]
    app.query_params["gallery_label"] = "Throat"
    app.query_params["case"] = case.case_id
    app.run()
    app.query_params["gallery_label"] = "Throat"
    app.query_params["case"] = case.case_id
    app.switch_page("../gallery.py").run()

    assert "3 cases of 7" in words(app)
    assert case.case_id in words(app)


def test_an_unknown_case_in_the_url_is_met_with_words(app: AppTest, make_library: Callable[..., Path]) -> None:
    make_library("clinic", {"ear-left": 3})
    app.query_params["case"] = "<script>"
    app.run()

    assert not app.exception
    assert any("not in the library in use" in info.value for info in app.info)


def test_text_of_cases_is_shown_as_text(app: AppTest, make_library: Callable[..., Path]) -> None:
    evil = "<img src=x onerror=alert(1)> **bold** ![x](http://example.org/x.png)"
    root = make_library("clinic", {"ear-left": 3}, finding=evil, description=evil)
    case = Library.open(root, encoder=FakeEncoder()).catalog.cases()[0]
    app.query_params["case"] = case.case_id
    app.run()

    assert "&lt;img src=x onerror" in words(app)
    assert "<img src=x" not in words(app)


def test_what_runs_is_named_as_text_in_the_sidebar(app: AppTest, make_library: Callable[..., Path]) -> None:
    root = make_library("clinic", {"ear-left": 3})
    job = resources.jobs().start(
        "import",
        "Import of **a** ![x](http://b.c).png",
        resources.library_id_of(root),
        lambda job: job._stop.wait(60),
    )
    app.run()
    job.stop()

    labels = [link.proto.label for link in app.sidebar.get("page_link")]
    assert r"Import of \*\*a\*\* \!\[x\]\(http\:\/\/b\.c\)\.png" in labels


def test_an_import_by_path_runs_as_a_job_and_tells_what_it_did(
    app: AppTest, make_library: Callable[..., Path], folder_of: Callable[..., Path]
) -> None:
    make_library("clinic", {"ear-left": 3})
    source = folder_of({"throat": 2}, seed=700)
    (source / "throat" / "broken.png").write_bytes(b"no picture")
    visit(app, "library")

    app.text_input(key="import_path").set_value(str(source)).run()
    next(button for button in app.button if button.label == "Import from this machine").click().run()
    wait_for_jobs(app)

    assert not app.exception
    assert {metric.label: metric.value for metric in app.metric} == {
        "Added": "2",
        "Known, or there twice": "0",
        "Failed": "1",
    }


def test_uploads_are_imported_with_the_class_that_was_chosen(app: AppTest, make_library: Callable[..., Path]) -> None:
    root = make_library("clinic", {"ear-left": 3})
    visit(app, "library")

    app.file_uploader[0].upload("new.png", png(picture(900)), "image/png")
    app.file_uploader[0].upload("twin.png", png(picture(1)), "image/png")
    app.selectbox(key="import_label").set_value("throat").run()
    next(button for button in app.button if button.label == "Import files").click().run()
    wait_for_jobs(app)

    assert [metric.value for metric in app.metric] == ["1", "1", "0"]
    cases = Library.open(root, encoder=FakeEncoder()).catalog.cases()
    assert [case.label for case in cases if case.filename == "new.png"] == ["throat"]


@pytest.mark.parametrize("path", ["", "/nowhere/at/all"])
def test_a_path_that_leads_nowhere_is_refused_in_words(
    app: AppTest, make_library: Callable[..., Path], path: str
) -> None:
    make_library("clinic", {"ear-left": 3})
    visit(app, "library")

    app.text_input(key="import_path").set_value(path).run()
    next(button for button in app.button if button.label == "Import from this machine").click().run()

    assert len(app.error) == 1


def test_verify_and_repair_report(app: AppTest, make_library: Callable[..., Path]) -> None:
    make_library("clinic", {"ear-left": 3})
    visit(app, "library")

    next(button for button in app.button if button.label == "Verify").click().run()
    wait_for_jobs(app)
    assert "Everything fits together" in app.success[0].value
    next(button for button in app.button if button.label == "Re-index").click().run()
    wait_for_jobs(app)
    assert len(app.success) == 2


def test_a_library_elsewhere_can_be_opened_and_is_remembered(
    app: AppTest, make_library: Callable[..., Path], tmp_path: Path
) -> None:
    make_library("clinic", {"ear-left": 3}).rename(tmp_path / "elsewhere")
    visit(app, "library")

    app.text_input(key="open_folder").set_value(str(tmp_path / "elsewhere")).run()
    next(button for button in app.button if button.label == "Open library").click().run()

    assert not app.exception
    assert app.selectbox(key="library").options == ["clinic"]


def test_an_ordinary_folder_is_refused_as_a_library_and_left_as_it_was(app: AppTest, tmp_path: Path) -> None:
    holidays = tmp_path / "holidays"
    holidays.mkdir()
    visit(app, "library")

    app.text_input(key="open_folder").set_value(str(holidays)).run()
    next(button for button in app.button if button.label == "Open library").click().run()

    assert not app.exception
    assert "is not a library" in app.error[0].value
    assert not list(holidays.iterdir())


def test_no_weights_and_no_network_are_told_with_the_ways_out(app: AppTest) -> None:
    visit(app, "library")

    app.text_input(key="new_name").set_value("Mine").run()
    next(button for button in app.button if button.label == "Make library").click().run()
    wait_for_jobs(app)

    assert "ways out" in app.error[0].value


def test_with_an_active_flow_one_can_search_before_and_after_it(
    app: AppTest, make_library: Callable[..., Path]
) -> None:
    library = Library.open(make_library("clinic", {"ear-left": 6}), encoder=FakeEncoder())
    library.flows.put(Flow(VectorField(dim=DIMENSION), flow_id="f" * 12, name="test"))
    library.activate("f" * 12)
    library.close()
    app.run()
    app.file_uploader[0].upload("query.png", png(picture(500)), "image/png")
    app.run()
    assert "embeddings after the flow" in words(app)

    app.segmented_control(key="search_space").set_value("before").run()

    assert not app.exception
    assert "embeddings before the flow" in words(app)


def test_an_import_can_be_stopped_and_says_that_what_was_added_stays(
    app: AppTest, make_library: Callable[..., Path], folder_of: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    root = make_library("clinic", {"ear-left": 3})
    monkeypatch.setenv("ENT_BATCH_SIZE", "1")
    get_settings.cache_clear()
    slow = FakeEncoder.encode_batch
    monkeypatch.setattr(FakeEncoder, "encode_batch", lambda self, pixels: (time.sleep(0.2), slow(self, pixels))[1])
    visit(app, "library")
    app.text_input(key="import_path").set_value(str(folder_of({"throat": 20}, seed=700))).run()
    next(button for button in app.button if button.label == "Import from this machine").click().run()

    next(button for button in app.button if button.label == "Stop").click().run()
    wait_for_jobs(app)

    assert "Stopped before the end" in words(app)
    assert 3 <= Library.open(root, encoder=FakeEncoder()).catalog.count() < 23


@pytest.mark.parametrize("button", ["Verify", "Re-index"])
def test_looking_after_a_library_can_be_stopped(
    app: AppTest, make_library: Callable[..., Path], monkeypatch: pytest.MonkeyPatch, button: str
) -> None:
    make_library("clinic", {"ear-left": 3})
    going = threading.Event()
    report = Job.report
    monkeypatch.setattr(Job, "report", lambda job, step: (report(job, step), step.done and going.wait(20)))
    visit(app, "library")
    next(b for b in app.button if b.label == button).click().run()

    next(b for b in app.button if b.label == "Stop").click().run()
    going.set()
    wait_for_jobs(app)

    assert ": stopped" in words(app)
    assert not app.success
    assert not app.error


def test_an_attempt_to_make_a_library_that_failed_goes_with_the_next(app: AppTest, home: Path) -> None:
    visit(app, "library")
    for _ in range(2):
        app.text_input(key="new_name").set_value("Clinic").run()
        next(button for button in app.button if button.label == "Make library").click().run()
        wait_for_jobs(app)
        assert visible(app).count("failed**") == 1


def test_an_empty_library_waits_for_the_import_that_fills_it(
    app: AppTest, home: Path, make_library: Callable[..., Path], folder_of: Callable[..., Path]
) -> None:
    root = make_library("clinic", {})
    app.run()
    assert "This library is empty" in visible(app)
    job = resources.jobs().start("import", "Import", resources.library_id_of(root), lambda job: job._stop.wait(20))
    assert "Images are being imported" in visible(app.run())
    library = resources.open_library(root)
    with open_source(folder_of({"throat": 2}), library.taxonomy) as source:
        library.engine.ingest(source)
    app.run()
    assert app.file_uploader
    job.stop()


def test_switching_the_library_drops_the_query_of_the_other(app: AppTest, make_library: Callable[..., Path]) -> None:
    make_library("first", {"ear-left": 3})
    second = make_library("second", {"throat": 2})
    app.run()
    app.file_uploader[0].upload("query.png", png(picture(500)), "image/png")
    app.run()

    app.selectbox(key="library").set_value(resources.library_id_of(second)).run()

    assert not app.exception
    assert "most similar of the 2 cases" in words(app)


def test_back_into_another_library_drops_what_belongs_to_the_one_that_is_left(
    app: AppTest, make_library: Callable[..., Path]
) -> None:
    first, second = make_library("first", {"ear-left": 3}), make_library("second", {"throat": 2})
    case_ids = resources.open_library(second).catalog.ids()
    visit(app, "gallery")
    gallery = here(app)
    app.switch_page("../search.py").run()
    app.selectbox(key="library").set_value(resources.library_id_of(second)).run()
    app.session_state["search_query"] = QueryState(cases=case_ids)
    app.session_state["search_words"] = "picture 2"
    for key in ("selected_cases", "compare_chosen", "map_selected", "gallery_only"):
        app.session_state[key] = case_ids
    app.run()
    assert app.session_state["search_history"]

    go_back(app, gallery)

    assert not app.exception
    assert app.session_state["library"] == resources.library_id_of(first)
    assert app.session_state["search_query"].empty
    for key in ("search_history", "selected_cases", "compare_chosen", "map_selected", "gallery_only"):
        assert not app.session_state[key]
    assert "3 cases" in visible(app)
    assert "What are you looking for?" in words(app.switch_page("../search.py").run())


def test_back_from_words_to_an_empty_search_asks_nothing(app: AppTest, make_library: Callable[..., Path]) -> None:
    make_library("clinic", {"ear-left": 3})
    empty = here(app.run())
    app.text_input(key="search_field").set_value("picture 2").run()
    assert "What are you looking for?" not in words(app)

    go_back(app, empty)

    assert not app.exception
    assert "What are you looking for?" in words(app)
    assert not app.session_state["search_words"]


def test_a_library_put_in_the_place_of_another_is_counted_anew(make_library: Callable[..., Path]) -> None:
    root = make_library("clinic", {"ear-left": 3})
    assert resources.open_library(root).count() == 3
    shutil.rmtree(root)
    make_library("clinic", {"ear-left": 2})
    assert resources.open_library(root).count() == 2


def test_uploads_beyond_the_limits_are_refused_in_words(
    app: AppTest, make_library: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    make_library("clinic", {"ear-left": 3})
    monkeypatch.setenv("ENT_MAX_BYTES", "100")
    get_settings.cache_clear()
    app.run()
    app.file_uploader[0].upload("big.png", png(picture(99)), "image/png")
    app.run()
    assert not app.exception
    assert len(app.error) == 1
    assert "100 are allowed" in app.error[0].value
    assert not app.session_state["search_query"].images
