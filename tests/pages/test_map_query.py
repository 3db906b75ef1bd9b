"""The point of the query on the map is that of what Search asks: a part of a picture, its mirror image, marks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core.library import Library
from core.query import Query
from core.region import Region
from pages.ui import current_query
from tests.conftest import picture, png
from tests.pages.test_map_data import lay_out


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
