"""The images of a query: how many a search takes, and what taking one out leaves."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from streamlit.testing.v1 import AppTest

from pages.ui import current_query, resources
from pages.ui.query_state import QueryState
from tests.conftest import picture, png


def drop(app: AppTest, *seeds: int) -> AppTest:
    """Drop images on the uploader, all at once."""
    for seed in seeds:
        app.file_uploader[0].upload(f"{seed}.png", png(picture(seed)), "image/png")
    return app.run()


def query(app: AppTest) -> QueryState:
    return app.session_state[current_query.QUERY]


def test_images_beyond_those_that_a_search_takes_are_named(app: AppTest, make_library: Callable[..., Path]) -> None:
    make_library("clinic", {"ear-left": 3})
    drop(app.run(), *range(500, 510))

    assert not app.exception
    assert len(query(app).images) == QueryState.MOST
    assert "takes up to 8 images; left out: 508.png, 509.png" in app.error[0].value.replace("\\", "")


def test_an_image_that_is_taken_out_leaves_the_refinement(app: AppTest, make_library: Callable[..., Path]) -> None:
    marked = resources.open_library(make_library("clinic", {"ear-left": 3})).catalog.ids()[0]
    drop(app.run(), 500, 501)
    app.session_state[current_query.QUERY] = query(app).with_mark("more", marked)
    app.run()
    app.button(key="refine").click().run()
    next(button for button in app.button if button.label == "Leave out").click().run()

    assert not app.exception
    assert [image.name for image in query(app).images] == ["501.png"]
    assert query(app).applied == ((marked, "more"),)


def test_where_nothing_is_left_to_refine_nothing_is_asked(app: AppTest, make_library: Callable[..., Path]) -> None:
    case_id, marked, _ = resources.open_library(make_library("clinic", {"ear-left": 3})).catalog.ids()
    app.query_params["like"] = f"{case_id},more:{marked}"
    app.query_params["search_words"] = "picture 2"
    app.run()
    assert query(app).applied == ((marked, "more"),)
    app.session_state["search_words"] = ""
    next(button for button in app.button if button.label == "Leave out").click().run()

    assert not app.exception
    assert query(app) == QueryState()
