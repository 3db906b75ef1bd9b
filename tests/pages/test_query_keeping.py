"""Images that were searched with become cases when a person asks for it, and not before."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from streamlit.testing.v1 import AppTest

from core.catalog import Catalog
from pages.ui import query_keeping
from tests.conftest import picture, png
from tests.pages.conftest import visible, wait_for_jobs


def searched(app: AppTest, *names: str) -> AppTest:
    app.run()
    for number, name in enumerate(names):
        app.file_uploader[0].upload(name, png(picture(500 + number)), "image/png")
        app.run()
    return app


def keep(app: AppTest) -> AppTest:
    next(button for button in app.button if button.label == "Add").click().run()
    return wait_for_jobs(app)


def test_an_image_is_added_with_its_class_and_patient(make_library: Callable[..., Path], app: AppTest) -> None:
    root = make_library("clinic", {"ear-left": 3, "throat": 3})
    searched(app, "mine.png")
    catalog = Catalog(root / "catalog.db")
    assert catalog.count() == 6
    app.selectbox(key=query_keeping.LABEL).set_value("throat")
    app.text_input(key=query_keeping.PATIENT).set_value(" p7 ")
    keep(app)
    newest = catalog.cases()[0]
    assert (catalog.count(), newest.label, newest.patient, newest.filename) == (7, "throat", "p7", "mine.png")
    assert "Identical image already in the library" in visible(app)
    assert not [button for button in app.button if button.label == "Add"]


def test_several_images_are_added_at_once_without_a_class(make_library: Callable[..., Path], app: AppTest) -> None:
    root = make_library("clinic", {"ear-left": 3})
    searched(app, "one.png", "two.png")
    assert "2 images of this search will be kept" in visible(app)
    keep(app)
    newest = Catalog(root / "catalog.db").cases()[:2]
    assert [(case.label, case.patient) for case in newest] == [(None, None)] * 2


def test_a_class_chosen_for_one_image_does_not_become_that_of_several(
    make_library: Callable[..., Path], app: AppTest
) -> None:
    make_library("clinic", {"ear-left": 3, "throat": 3})
    searched(app, "one.png")
    app.selectbox(key=query_keeping.LABEL).set_value("throat").run()
    app.file_uploader[0].upload("two.png", png(picture(777)), "image/png")
    app.run()
    box = next(box for box in app.selectbox if box.label == "Class of all 2")
    assert box.value == ""
    assert "applies to all of them" in visible(app)


def test_nothing_is_offered_for_stored_cases_and_words(make_library: Callable[..., Path], app: AppTest) -> None:
    root = make_library("clinic", {"ear-left": 3})
    app.query_params["like"] = Catalog(root / "catalog.db").ids()[0]
    app.run()
    assert not [button for button in app.button if button.label == "Add"]
