"""The point of the query on the map is that of what Search asks: a part of a picture, its mirror image, marks."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from core.library import Library
from core.query import Query
from core.region import Region
from pages.ui import current_query
from tests.conftest import picture, png
from tests.pages.conftest import visible
from tests.pages.test_map_data import lay_out
from tests.pages.test_search_ways import with_flow


def test_the_query_on_the_map_has_the_region_the_marks_and_the_mirror_of_the_search(
    app: AppTest, make_library: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    root = make_library("clinic", {"ear-left": 6, "throat": 4})
    marked = lay_out(root)[0]
    asked: list[Query] = []
    search = Library.search
    monkeypatch.setattr(Library, "search", lambda library, query: (asked.append(query), search(library, query))[1])
    app.run()
    app.file_uploader[0].upload("query.png", png(picture(500)), "image/png")
    app.run()
    app.session_state[current_query.QUERY] = replace(
        app.session_state[current_query.QUERY], region=Region(0.1, 0.1, 0.6, 0.9), rounds=(((marked, "more"),),)
    )
    app.selectbox(key="search_side_mode").set_value("mirror").run()
    assert not app.exception
    searched = asked[-1]
    assert (searched.region, searched.more, searched.mirror) == (Region(0.1, 0.1, 0.6, 0.9), (marked,), True)

    app.switch_page("../embedding_map.py").run()

    assert not app.exception
    placed = asked[-1]
    assert placed is not searched
    assert replace(placed, top_k=searched.top_k, rerank=searched.rerank) == searched


def test_the_map_says_what_the_diamond_is_and_hides_it(app: AppTest, make_library: Callable[..., Path]) -> None:
    lay_out(make_library("clinic", {"ear-left": 6, "throat": 4}))
    app.switch_page("../embedding_map.py").run()
    assert "Your query" not in visible(app)
    app.switch_page("../search.py").run()
    app.text_input(key="search_field").set_value("picture 3").run()
    app.switch_page("../embedding_map.py").run()
    assert not app.exception
    assert "\u25c7 Your query" in visible(app)
    assert drawn(app)["query"]

    app.button(key="map_query_hide").click().run()
    assert "Your query" not in visible(app)
    assert not drawn(app)["query"]
    assert app.query_params["map_query_hidden"] in ("1", ["1"])
    app.button(key="map_query_show").click().run()
    assert drawn(app)["query"]


def test_words_have_no_place_after_the_flow(app: AppTest, make_library: Callable[..., Path]) -> None:
    root = make_library("clinic", {"ear-left": 6, "throat": 4})
    with_flow(root)
    lay_out(root, flow_id="f" * 12)
    app.run()
    app.text_input(key="search_field").set_value("picture 3").run()
    app.switch_page("../embedding_map.py").run()
    assert not app.exception
    assert "Your query, compared before the flow only" in visible(app)
    assert drawn(app)["query_before"]

    app.switch_page("../search.py").run()
    app.text_input(key="search_field").set_value("").run()
    app.file_uploader[0].upload("query.png", png(picture(500)), "image/png")
    app.run()
    app.switch_page("../embedding_map.py").run()
    assert not drawn(app)["query_before"]


def drawn(app: AppTest) -> dict[str, Any]:
    """What the maps were given to draw."""
    return next(json.loads(e.proto.json) for e in app.get("bidi_component") if '"query_before"' in e.proto.json)
