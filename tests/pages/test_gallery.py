"""The gallery without a browser: its orders, what the URL brings back, and what is done with chosen cases."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core.arrangement import Arrangement
from core.flow import Flow
from core.vector_field import VectorField
from pages.ui import case_sets, gallery_page, gallery_view, resources
from tests.conftest import DIMENSION
from tests.pages.conftest import follow_link, go_back, here, words


@pytest.fixture
def gallery(app: AppTest, make_library: Callable[..., Path], monkeypatch: pytest.MonkeyPatch) -> AppTest:
    """The gallery of seven cases, four on a page."""
    monkeypatch.setattr(gallery_view, "PER_PAGE", {"small": 6, "medium": 4, "large": 2})
    resources.open_library(make_library("clinic", {"ear-left": 4, "throat": 3}))
    app.run()
    return app.switch_page("../gallery.py").run()


def library() -> resources.OpenLibrary:
    return next(iter(resources._opened.values()))


def shown(app: AppTest) -> list[str]:
    """Ids of the cases in the grid, in their order."""
    grids = [e.proto for e in app.main if e.type == "bidi_component"]
    data = next(grid.json for grid in grids if '"cards"' in grid.json)
    return [card["case_id"] for card in json.loads(data)["cards"]]


def dialogs(app: AppTest) -> list[str]:
    """The titles of the dialogs over the page."""
    return [block.proto.dialog.title for block in app.get("dialog")]


@pytest.mark.parametrize("order", ["newest", "oldest", "label", "typical", "unusual", "random"])
def test_every_order_shows_its_cases_page_by_page(gallery: AppTest, order: str) -> None:
    gallery.selectbox(key="gallery_sort").set_value(order).run()

    whole = library().arranged(Arrangement(order))
    assert not gallery.exception
    assert shown(gallery) == list(whole[:4])


def test_shuffling_gives_another_order_and_the_url_keeps_it(gallery: AppTest) -> None:
    gallery.selectbox(key="gallery_sort").set_value("random").run()
    assert "gallery_seed" not in gallery.query_params  # the first
    next(button for button in gallery.button if button.label == "Shuffle").click().run()

    assert "".join(gallery.query_params["gallery_seed"]) == "2"
    assert shown(gallery) == list(library().arranged(Arrangement("random", 2))[:4])


def test_a_chosen_class_without_a_case_left_keeps_its_chip(gallery: AppTest) -> None:
    link = replace(here(gallery), parameters={"gallery_region": "Ear", "gallery_label": "Throat"})
    gallery = follow_link(link)

    data = next(e.proto.json for e in gallery.main if e.type == "bidi_component" and '"chips"' in e.proto.json)
    assert [(chip["label"], chip["count"]) for chip in json.loads(data)["chips"]] == [
        ("ear-left", "4"),
        ("throat", "0"),
    ]
    assert "No case has all of this" in words(gallery)


def test_only_what_some_case_has_under_the_other_filters_is_offered(gallery: AppTest) -> None:
    assert gallery.multiselect(key="gallery_region").options == ["Ear", "Throat"]
    gallery.multiselect(key="gallery_label").set_value(["throat"]).run()

    assert gallery.multiselect(key="gallery_region").options == ["Throat"]
    assert len(gallery.multiselect(key="gallery_label").options) == 2  # its own choice does not narrow it

    ears = library().arranged(Arrangement("label"))[:2]
    app = follow_link(replace(here(gallery), parameters={"gallery_only": ",".join(ears)}))
    assert app.multiselect(key="gallery_region").options == ["Ear"]


def test_a_chosen_value_without_a_case_left_stays_and_says_so_after_a_reload_too(gallery: AppTest) -> None:
    link = replace(here(gallery), parameters={"gallery_region": "Throat", "gallery_label": "Left ear"})
    app = follow_link(link)
    for _ in range(2):
        assert not app.exception
        assert app.multiselect(key="gallery_region").value == ["throat"]
        assert "0 cases under the other filters: Left ear, Throat" in words(app)
        app.run()


@pytest.mark.parametrize("seed", ["-1", "many", "9" * 40, "٣"])
def test_a_seed_that_is_no_number_counts_as_the_first(gallery: AppTest, seed: str) -> None:
    gallery.query_params["gallery_seed"] = seed
    gallery.selectbox(key="gallery_sort").set_value("random").run()

    assert not gallery.exception
    assert shown(gallery) == list(library().arranged(Arrangement("random", 1))[:4])


def test_chosen_cases_are_searched_with_all_together(gallery: AppTest) -> None:
    chosen = library().catalog.ids()[:3]
    gallery.session_state["selected_cases"] = chosen
    gallery.run()
    assert "3 cases selected" in words(gallery)

    next(button for button in gallery.button if button.label == "Search with all").click().run()

    assert not gallery.exception
    assert gallery.session_state["search_query"].cases == chosen
    assert "3 cases, 1 more folded into them, by cosine similarity" in words(gallery)


def test_one_chosen_case_orders_the_others_by_likeness(gallery: AppTest) -> None:
    one = library().catalog.ids()[5]
    gallery.session_state["selected_cases"] = (one,)
    gallery.run()
    next(button for button in gallery.button if button.label == "Order by likeness to it").click().run()

    assert "".join(gallery.query_params["gallery_like"]) == one
    assert shown(gallery) == list(library().arranged(Arrangement("similar", case_id=one))[:4])
    assert shown(gallery)[0] == one


def test_likeness_to_a_case_that_is_not_there_is_no_order(gallery: AppTest) -> None:
    gallery.query_params["gallery_like"] = "<script>"
    gallery.run()

    assert not gallery.exception
    assert "Similar to one case" not in gallery.selectbox(key="gallery_sort").options


def test_likeness_to_a_case_that_the_flow_has_not_reached_is_told_before_it(gallery: AppTest) -> None:
    engine = library().engine
    engine.flows.put(Flow(VectorField(dim=DIMENSION), flow_id="f" * 12, name="test"))
    engine.activate("f" * 12)
    one = library().catalog.ids()[5]
    with library().catalog.engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM embeddings WHERE view = ? AND case_id = ?", ("f" * 12, one))
    gallery.session_state["selected_cases"] = (one,)
    gallery.run()
    next(button for button in gallery.button if button.label == "Order by likeness to it").click().run()

    assert not gallery.exception
    assert shown(gallery)[0] == one
    assert "before the flow, which has not reached it yet" in words(gallery)


def test_the_bar_goes_when_nothing_is_chosen_any_more(gallery: AppTest) -> None:
    gallery.session_state["selected_cases"] = library().catalog.ids()[:2]
    gallery.run()
    next(button for button in gallery.button if button.label == "Clear").click().run()

    assert "selected" not in words(gallery)


def test_chosen_cases_are_looked_at_beside_each_other(gallery: AppTest) -> None:
    gallery.session_state["selected_cases"] = tuple(shown(gallery)[:2])
    gallery.run()
    next(button for button in gallery.button if button.label == "Compare").click().run()
    assert not gallery.exception
    assert gallery.session_state["compare_chosen"] == gallery.session_state["selected_cases"]
    assert dialogs(gallery) == ["Compare"]
    assert gallery.query_params["compare"] == ",".join(gallery.session_state["selected_cases"])
    assert dialogs(follow_link(here(gallery))) == ["Compare"]


def test_a_comparison_is_left_behind_with_its_page(gallery: AppTest) -> None:
    before = here(gallery)
    gallery.session_state["selected_cases"] = tuple(shown(gallery)[:2])
    gallery.run()
    next(button for button in gallery.button if button.label == "Compare").click().run()
    compared = here(gallery)

    go_back(gallery, before)
    assert dialogs(gallery) == []
    go_back(gallery, compared)
    assert dialogs(gallery) == ["Compare"]
    gallery.query_params.clear()
    gallery.switch_page("../evaluation.py").run()
    gallery.switch_page("../gallery.py").run()
    assert dialogs(gallery) == []


def test_cases_that_were_set_apart_are_not_named_to_the_catalogue_at_every_click(
    gallery: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    some = library().catalog.ids(order="oldest")[:6]
    gallery.session_state[gallery_page.ONLY.key] = some
    gallery.run()
    assert "6 cases of 7" in words(gallery)
    assert shown(gallery) == list(some[:1:-1])
    asked: list[object] = []
    for name in ("cases", "ids", "count", "facets"):
        monkeypatch.setattr(library().catalog, name, lambda *given, **more: asked.append(given))

    gallery.run()

    assert not gallery.exception
    assert shown(gallery) == list(some[:1:-1])
    assert asked == []


@pytest.mark.parametrize("few", [20, 2])
def test_cases_that_were_set_apart_are_in_the_url(gallery: AppTest, monkeypatch: pytest.MonkeyPatch, few: int) -> None:
    monkeypatch.setattr(case_sets, "FEW", few)
    some = library().catalog.ids(order="oldest")[:3]
    gallery.session_state[gallery_page.ONLY.key] = some
    gallery.run()
    assert gallery.query_params["gallery_only"].startswith("set:") == (few == 2)

    again = follow_link(here(gallery))
    assert not again.exception
    assert "3 cases of 7" in words(again)
    assert sorted(shown(again)) == sorted(some)
    next(button for button in again.button if button.label == "Clear filters").click().run()
    assert "gallery_only" not in again.query_params
    assert "3 cases of 7" not in words(again)


def test_a_link_to_cases_that_are_held_no_more_says_so(gallery: AppTest) -> None:
    app = follow_link(replace(here(gallery), parameters={"gallery_only": "set:" + "0" * 32}))

    assert not app.exception
    assert "which the app holds no more" in words(app)
    assert len(shown(app)) == 4


@pytest.mark.parametrize(("said", "shown_page"), [("abc", 1), ("-3", 1), ("0", 1), ("2", 2), ("999", 2), ("9" * 40, 1)])
def test_a_page_of_the_url_is_one_that_there_is(gallery: AppTest, said: str, shown_page: int) -> None:
    parameters = {"gallery_page": said, "gallery_sort": "Typical first"}
    app = follow_link(replace(here(gallery), parameters=parameters))

    assert not app.exception
    start = 4 * (shown_page - 1)
    assert shown(app) == list(library().arranged(Arrangement("typical"))[start : start + 4])
    assert app.session_state["gallery_pages"] == shown_page
    assert app.query_params.get("gallery_page") == (None if shown_page == 1 else "2")


def test_back_leads_to_the_page_before(gallery: AppTest) -> None:
    first = here(gallery)
    gallery.session_state["gallery_page"] = 2
    gallery.run()
    assert gallery.query_params["gallery_page"] == "2"
    second = shown(gallery)

    assert shown(go_back(gallery, first)) != second
    assert shown(go_back(gallery, replace(first, parameters={"gallery_page": "2"}))) == second


def test_images_of_another_size_begin_with_the_page_of_the_case_that_was_first(gallery: AppTest) -> None:
    gallery.session_state["gallery_page"] = 2
    gallery.run()
    first = shown(gallery)[0]

    gallery.select_slider(key="gallery_size").set_value("large").run()
    assert not gallery.exception
    assert (shown(gallery)[0], gallery.query_params["gallery_page"]) == (first, "3")
    gallery.select_slider(key="gallery_size").set_value("small").run()
    assert first in shown(gallery)
    assert "gallery_page" not in gallery.query_params


def test_a_link_says_how_large_images_are_and_where_sharper_ones_are(gallery: AppTest) -> None:
    app = follow_link(replace(here(gallery), parameters={"gallery_size": "Large"}))

    assert not app.exception
    grid = json.loads(next(e.proto.json for e in app.main if e.type == "bidi_component" and '"cards"' in e.proto.json))
    assert (grid["size"], len(grid["cards"])) == ("large", 2)
    assert [side for side, _ in grid["pictures"]] == [768, 1280]
    assert all("/CASE?" in url for _, url in grid["pictures"])
    assert not follow_link(replace(here(gallery), parameters={"gallery_size": "enormous"})).exception


def test_another_library_begins_at_its_first_page(gallery: AppTest, make_library: Callable[..., Path]) -> None:
    gallery.session_state["gallery_page"] = 2
    gallery.run()
    other = resources.library_id_of(make_library("other", {"throat": 6}))
    gallery.run()
    gallery.selectbox(key="library").set_value(other).run()

    assert not gallery.exception
    assert len(shown(gallery)) == 4
    assert gallery.session_state["gallery_pages"] == 1
    assert "gallery_page" not in gallery.query_params


def test_back_from_a_search_leaves_nothing_of_it_in_the_url_of_the_gallery(gallery: AppTest) -> None:
    place = here(gallery)
    case_id = library().catalog.ids()[0]
    go_back(gallery, replace(place, parameters={**place.parameters, "like": case_id}))
    assert not gallery.exception
    assert len(shown(gallery)) == 4
    assert "like" not in gallery.query_params
