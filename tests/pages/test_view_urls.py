"""What Evaluation and Training show follows their URL, by a link, a reload and back; choices that are none any more."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core.evaluate import evaluate
from core.flow import Flow
from core.library import Library
from core.report_store import ReportStore
from core.vector_field import VectorField
from pages.ui import resources
from tests.conftest import DIMENSION, FakeEncoder
from tests.pages.conftest import follow_link, go_back, here, visible

ACTIVE, OTHER = "a" * 12, "b" * 12
SPLITS = ("train", "train", "val", "test")


@pytest.fixture
def root(make_library: Callable[..., Path]) -> Path:
    """A library of three splits with two flows, of which one is active; "test" and "all" are measured for it."""
    root = make_library("clinic", {"ear-left": 16, "throat": 16})
    library = Library.open(root, encoder=FakeEncoder())
    ids = library.catalog.ids()
    library.catalog.splits.put({case_id: SPLITS[at % len(SPLITS)] for at, case_id in enumerate(ids)})
    flows = {name: Flow(VectorField(dim=DIMENSION), flow_id=name, name=name) for name in (ACTIVE, OTHER)}
    for flow in flows.values():
        library.flows.put(flow)
    library.activate(ACTIVE)
    for split in ("test", "val", "all"):
        ReportStore(root).put(evaluate(library, split, flow=flows[ACTIVE]), library.catalog)
    library.close()
    return root


@pytest.fixture
def evaluation(app: AppTest, root: Path) -> AppTest:
    app.run()
    return app.switch_page("../evaluation.py").run()


def as_a_browser_would(app: AppTest, name: str, title: str) -> None:
    """Write what a person is about to choose into the URL, which no browser does here."""
    app.query_params[f"evaluation_{name}"] = title


def chosen(app: AppTest, name: str) -> object:
    return app.session_state[f"evaluation_{name}"]


def test_a_protocol_that_the_next_report_lacks_gives_way_to_one_it_has(evaluation: AppTest) -> None:
    as_a_browser_would(evaluation, "protocol", "Against training images")
    evaluation.button_group(key="evaluation_protocol").set_value("gallery").run()
    assert chosen(evaluation, "protocol") == "gallery"

    as_a_browser_would(evaluation, "split", "All cases")
    evaluation.selectbox(key="evaluation_split").set_value("all").run()

    assert not evaluation.exception
    assert chosen(evaluation, "protocol") == "other-patients"
    assert evaluation.query_params == {"evaluation_split": "All cases"}


def test_where_patients_are_known_no_query_meets_its_own_at_first(evaluation: AppTest) -> None:
    assert chosen(evaluation, "protocol") == "other-patients"

    link = replace(here(evaluation), parameters={"evaluation_protocol": "Leave one out"})
    assert chosen(follow_link(link), "protocol") == "leave-one-out"


def test_picked_queries_are_forgotten_with_the_view_they_were_picked_in(evaluation: AppTest) -> None:
    evaluation.query_params["evaluation_pick"] = "value|before|throat|"
    evaluation.run()
    assert "The queries behind it" in visible(evaluation)

    evaluation.button_group(key="evaluation_protocol").set_value("leave-one-out").run()

    assert not evaluation.exception
    assert "The queries behind it" not in visible(evaluation)
    assert "evaluation_pick" not in evaluation.query_params


def test_a_level_that_no_report_has_gives_way_to_one_it_has(evaluation: AppTest) -> None:
    evaluation.session_state["evaluation_level"] = "finding"
    evaluation.run()

    assert not evaluation.exception
    assert chosen(evaluation, "level") == "class"


def test_a_flow_that_is_deleted_elsewhere_gives_way_to_the_active_one(evaluation: AppTest, root: Path) -> None:
    as_a_browser_would(evaluation, "flow", OTHER)
    evaluation.selectbox(key="evaluation_flow").set_value(OTHER).run()
    shutil.rmtree(root / "flows" / OTHER)

    evaluation.run()

    assert not evaluation.exception
    assert chosen(evaluation, "flow") == ACTIVE
    assert not evaluation.query_params


def test_a_link_shows_the_same_as_often_as_it_is_followed(evaluation: AppTest) -> None:
    place = replace(here(evaluation), parameters={"evaluation_split": "Validation", "evaluation_level": "Region"})

    once = follow_link(place)
    again = follow_link(here(once.run()))

    for app in (once, again):
        assert not app.exception
        assert (chosen(app, "split"), chosen(app, "level")) == ("val", "region")
        assert app.query_params == place.parameters


def test_a_link_to_a_flow_says_nothing_of_which_one_is_active(evaluation: AppTest, root: Path) -> None:
    assert not [title for title in evaluation.selectbox(key="evaluation_flow").options if "active" in title]
    library = Library.open(root, encoder=FakeEncoder())
    library.activate(OTHER)
    library.close()

    app = follow_link(replace(here(evaluation), parameters={"evaluation_flow": ACTIVE}))

    assert not app.exception
    assert chosen(app, "flow") == ACTIVE


def test_what_no_choice_is_called_is_passed_over(evaluation: AppTest) -> None:
    nonsense = {f"evaluation_{key}": "<b>nothing</b>" for key in ("flow", "split", "other", "protocol", "level")}
    app = follow_link(replace(here(evaluation), parameters=nonsense))

    assert not app.exception
    assert not app.query_params
    assert "The nearest neighbour is of the right class for" in visible(app)


def test_back_brings_the_former_view(evaluation: AppTest) -> None:
    before = here(evaluation)
    evaluation.selectbox(key="evaluation_split").set_value("val").run()
    evaluation.button_group(key="evaluation_level").set_value("region").run()

    go_back(evaluation, before)
    assert not evaluation.exception
    assert (chosen(evaluation, "split"), chosen(evaluation, "level")) == ("test", "class")
    assert chosen(evaluation, "flow") == ACTIVE

    go_back(evaluation, replace(before, parameters={"evaluation_split": "Validation", "evaluation_level": "Region"}))
    assert (chosen(evaluation, "split"), chosen(evaluation, "level")) == ("val", "region")


def test_training_shows_the_flow_and_recipe_of_its_url_and_back_takes_them_away(app: AppTest, root: Path) -> None:
    app.run()
    app.switch_page("../training.py").run()
    plain = here(app)
    assert app.subheader[1].value == ACTIVE

    linked = follow_link(replace(plain, parameters={"flow": OTHER, "training_recipe": "Reference"}))
    assert not linked.exception
    assert linked.subheader[1].value == OTHER
    assert linked.session_state["training_recipe"] == "reference"
    assert follow_link(here(linked.run())).subheader[1].value == OTHER

    go_back(linked, plain)
    assert not linked.exception
    assert linked.subheader[1].value == ACTIVE
    assert linked.session_state["training_recipe"] == "default"
    assert not linked.query_params


def test_a_flow_that_is_looked_at_on_training_is_evaluated(app: AppTest, root: Path) -> None:
    app.run()
    app.switch_page("../training.py").run()
    app = follow_link(replace(here(app), parameters={"flow": OTHER}))
    next(button for button in app.button if button.label == "Evaluate").click().run()

    assert not app.exception
    assert chosen(app, "flow") == OTHER


def test_a_link_to_a_library_that_is_not_there_says_so(app: AppTest, make_library: Callable[..., Path]) -> None:
    make_library("clinic", {"ear-left": 3})
    app.query_params["library"] = "Old *archive*"
    app.run()
    assert [warning.value for warning in app.sidebar.warning] == [r"There is no library “Old \*archive\*” here."]
    assert app.run().sidebar.warning


@pytest.mark.parametrize("by_title", [False, True])
def test_a_library_is_named_by_its_id_and_found_by_the_title_of_earlier_links(
    app: AppTest, make_library: Callable[..., Path], by_title: bool
) -> None:
    make_library("clinic", {"ear-left": 3})
    other = resources.library_id_of(make_library("other", {"ear-left": 3}))
    app.query_params["library"] = "other" if by_title else other
    app.run()

    assert app.session_state["library"] == other
    assert app.query_params["library"] == other
    assert not app.sidebar.warning
    assert app.selectbox(key="library").options == ["clinic", "other"]
    app.switch_page("../gallery.py").run()
    assert app.session_state["library"] == other
    assert here(app).parameters["library"] == other


def test_the_library_of_a_link_is_the_same_when_another_takes_its_name(
    app: AppTest, make_library: Callable[..., Path]
) -> None:
    make_library("a", {"ear-left": 3})
    root = make_library("clinic", {"ear-left": 3})
    app.run()
    app.selectbox(key="library").set_value(resources.library_id_of(root)).run()
    place = here(app)
    shutil.copytree(root, root.parent / "clinic-2")
    resources.name_of.clear()

    linked = follow_link(place)
    assert linked.session_state["library"] == resources.library_id_of(root)
    assert len(linked.selectbox(key="library").options) == 3
    assert str(root) not in "".join(place.parameters.values())


def test_back_leads_to_the_library_before(app: AppTest, make_library: Callable[..., Path]) -> None:
    first, second = (resources.library_id_of(make_library(name, {"ear-left": 3})) for name in ("a", "b"))
    before = here(app.run())
    app.selectbox(key="library").set_value(second).run()
    after = here(app)

    go_back(app, before)
    assert app.session_state["library"] == first
    go_back(app, after)
    assert app.session_state["library"] == second


def test_a_way_to_another_page_stays_in_the_library(app: AppTest, make_library: Callable[..., Path]) -> None:
    make_library("a", {"ear-left": 3})
    second = make_library("b", {"throat": 4})
    app.run()
    app.selectbox(key="library").set_value(resources.library_id_of(second)).run()
    app.switch_page("../gallery.py").run()
    app.session_state["selected_cases"] = resources.open_library(second).catalog.ids()[:2]
    app.run()
    next(button for button in app.button if button.label == "Search with all").click().run()

    assert not app.exception
    assert app.session_state["library"] == resources.library_id_of(second)
    assert app.session_state["search_query"].pictures == 2
    assert app.query_params["library"] == resources.library_id_of(second)


def test_the_plain_address_opens_the_library_that_was_used_last(
    app: AppTest, make_library: Callable[..., Path], home: Path
) -> None:
    first, other = (resources.library_id_of(make_library(name, {"ear-left": 3})) for name in ("clinic", "ward"))
    app.run()
    assert app.selectbox(key="library").value == first
    assert "library" not in app.query_params
    plain = here(app)
    app.selectbox(key="library").set_value(other).run()

    again = follow_link(plain)
    assert again.selectbox(key="library").value == other
    assert here(again).parameters["library"] == other
    again.selectbox(key="library").set_value(first).run()
    of_first = here(again)
    assert of_first.parameters["library"] == first
    go_back(again, plain)
    assert again.selectbox(key="library").value == other
    assert again.query_params["library"] == other
    go_back(again, of_first)
    assert again.selectbox(key="library").value == first
    assert not again.exception

    app.selectbox(key="library").set_value(first).run()
    app.selectbox(key="library").set_value(other).run()
    case = resources.open_library(home / "clinic").catalog.ids()[0]
    of_link = follow_link(
        replace(plain, parameters={"like": case})
    )  # made where the first was in use: then it is not said
    assert of_link.selectbox(key="library").value == first
    app.selectbox(key="library").set_value(first).run()
    app.selectbox(key="library").set_value(other).run()
    shutil.rmtree(home / "ward")
    assert follow_link(plain).selectbox(key="library").value == first
