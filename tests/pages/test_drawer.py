"""The case drawer without a browser: labels corrected and taken back, neighbours before and after the flow."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core.flow import Flow
from core.library import Library
from core.relabel import relabel
from core.vector_field import VectorField
from pages.ui import resources
from tests.conftest import DIMENSION, FakeEncoder
from tests.pages.conftest import follow_link, here, visible, words


@pytest.fixture
def opened(app: AppTest, make_library: Callable[..., Path]) -> AppTest:
    """The app with one of seven cases in the drawer."""
    root = make_library("clinic", {"ear-left": 4, "throat": 3}, finding="normal")
    resources.open_library(root)
    app.query_params["case"] = library().catalog.cases(order="label")[0].case_id
    return app.run()


def library() -> resources.OpenLibrary:
    return next(iter(resources._opened.values()))


def press(app: AppTest, label: str) -> AppTest:
    return next(button for button in app.button if button.label == label).click().run()


def select(app: AppTest, label: str) -> object:
    return next(box for box in app.selectbox if box.label == label)


def test_labels_are_corrected_shown_at_once_and_taken_back(opened: AppTest) -> None:
    case_id = opened.session_state["case"]
    select(opened, "Class").set_value("throat")
    press(opened, "Save")

    assert not opened.exception
    assert library().catalog.case(case_id).label == "throat"
    assert "corrected label" in visible(opened)
    assert "Left ear → Throat" in visible(opened)
    assert select(opened, "Class").value == "throat"

    press(opened, "Undo the last change")

    assert library().catalog.case(case_id).label == "ear-left"
    assert "dataset label" in visible(opened)
    assert "undone: Throat → Left ear" in visible(opened)
    assert "Undo the last change" not in [button.label for button in opened.button]


def test_a_url_opens_the_drawer_on_a_page_that_ends_early(app: AppTest, make_library: Callable[..., Path]) -> None:
    root = make_library("clinic", {"ear-left": 4})
    app.run()
    app.switch_page("../embedding_map.py").run()
    case_id = resources.open_library(root).catalog.ids()[0]
    linked = follow_link(replace(here(app), parameters={"case": case_id}))

    assert not linked.exception
    assert "No map yet" in visible(linked)
    assert "dataset label" in visible(linked)


def test_a_description_that_may_not_fit_a_corrected_label_is_marked(
    app: AppTest, make_library: Callable[..., Path]
) -> None:
    resources.open_library(make_library("clinic", {"ear-left": 2, "ear-right": 2}, description="left side"))
    app.query_params["case"] = library().catalog.cases(order="label")[0].case_id
    app.run()
    assert "left side" in visible(app)
    assert "may not fit the corrected label" not in visible(app)
    select(app, "Class").set_value("ear-right")
    press(app, "Save")
    assert "came with the import and may not fit the corrected label" in visible(app)
    press(app, "Undo the last change")
    assert "may not fit the corrected label" not in visible(app)


def test_a_label_can_be_taken_away(opened: AppTest) -> None:
    select(opened, "Class").set_value("")
    select(opened, "Finding").set_value("")
    press(opened, "Save")

    case = library().catalog.case(opened.session_state["case"])
    assert (case.label, case.finding) == (None, None)
    assert "Not labelled" in visible(opened)


def test_while_another_program_writes_nothing_is_changed_and_it_says_so(
    opened: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pages.ui.case_labels.PATIENCE", 0.0)
    select(opened, "Class").set_value("throat")
    with library().engine.lock.held():
        press(opened, "Save")

    assert not opened.exception
    assert "Nothing was changed" in opened.error[0].value
    assert library().catalog.facets("label") == {"ear-left": 4, "throat": 3}
    assert select(opened, "Class").value == "throat"  # to be saved as soon as the other has finished


def test_what_was_chosen_is_saved_also_when_something_else_has_changed_meanwhile(opened: AppTest) -> None:
    case_id = opened.session_state["case"]
    other = next(found for found in library().catalog.ids() if found != case_id)
    select(opened, "Class").set_value("throat")
    select(opened, "Finding").set_value("")
    relabel(library().engine, other, label="vc-open", finding="scar")
    press(opened, "Save")

    case = library().catalog.case(case_id)
    assert (case.label, case.finding) == ("throat", None)
    assert "Left ear → Throat" in visible(opened)


def test_labels_that_somebody_else_has_changed_meanwhile_are_not_changed_unseen(opened: AppTest) -> None:
    case_id = opened.session_state["case"]
    select(opened, "Class").set_value("throat")
    relabel(library().engine, case_id, label="vc-open")
    press(opened, "Save")

    assert "somebody else has changed these labels" in opened.error[0].value
    assert library().catalog.case(case_id).label == "vc-open"
    assert select(opened, "Class").value == "vc-open"
    select(opened, "Class").set_value("throat")
    press(opened, "Save")
    assert library().catalog.case(case_id).label == "throat"


def test_neighbours_before_and_after_the_flow_and_how_far_it_moved_the_case(
    app: AppTest, make_library: Callable[..., Path]
) -> None:
    made = Library.open(make_library("clinic", {"ear-left": 9, "throat": 9}), encoder=FakeEncoder())
    made.flows.put(Flow(VectorField(dim=DIMENSION), flow_id="f" * 12, name="test"))
    made.activate("f" * 12)
    app.query_params["case"] = made.catalog.cases()[0].case_id
    made.close()
    app.run()

    assert not app.exception
    said = visible(app)
    assert "Nearest after the flow" in said
    assert "Nearest before the flow" in said
    assert "the cosine between its embeddings before and after is" in said
    assert "Of the 5 nearest, the flow brought in" in said


def test_a_neighbour_is_followed_and_a_way_leads_back(opened: AppTest) -> None:
    here = opened.session_state["case"]
    other = next(case_id for case_id in library().catalog.ids() if case_id != here)
    opened.session_state["case_trail"] = ((here, (here, other)),)
    opened.session_state["case"] = other
    opened.run()
    press(opened, f"Back to {here[:6]}")

    assert opened.session_state["case"] == here
    assert "1 of 2" in visible(opened)
    assert not [button for button in opened.button if button.label.startswith("Back")]


def test_without_a_flow_there_is_one_list_and_no_word_of_a_flow(opened: AppTest) -> None:
    assert "Nearest cases" in visible(opened)
    assert "flow brought in" not in words(opened)
