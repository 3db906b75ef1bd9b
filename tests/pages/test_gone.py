"""What is chosen, or named by a link, and is there no more: pages go on, and say so."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core.library import Library
from core.mapping import make_map
from pages.ui import compare_tray, current_query, resources, state
from pages.ui.query_state import QueryState
from tests.conftest import FakeEncoder
from tests.pages.conftest import SHELL, visible, wait_for_jobs
from tests.pages.test_search_ways import with_flow

GONE = "0" * 16


@pytest.fixture
def root(make_library: Callable[..., Path]) -> Path:
    return make_library("clinic", {"ear-left": 6, "throat": 5})


@pytest.fixture
def stored(root: Path) -> list[str]:
    """The ids of the cases that are there."""
    return list(resources.open_library(root).catalog.ids())


def link(page: str = "", **said: str) -> AppTest:
    """A page as a link leads to it, in a session of its own."""
    app = AppTest.from_file(SHELL, default_timeout=60)
    if page:
        app.run()
        app.switch_page(page)
    for name, value in said.items():
        app.query_params[name] = value
    return app.run()


def told(app: AppTest) -> str:
    """The notices on a page that shows no error."""
    assert not app.exception
    assert not app.error
    return "\n".join(notice.value for notice in (*app.info, *app.warning))


def test_a_search_goes_on_without_a_case_that_is_gone(stored: list[str]) -> None:
    app = link(like=f"{stored[0]},{GONE}")
    assert "1 case of this search is not in the library in use and was left out" in told(app)
    assert "by cosine similarity" in visible(app)
    assert app.query_params["like"] == [stored[0]] or app.query_params["like"] == stored[0]
    assert told(app.run()) == ""


def test_a_search_of_nothing_else_begins_anew(stored: list[str]) -> None:
    app = link(like=GONE)
    assert "1 case of this search" in told(app)
    assert "What are you looking for?" in visible(app)
    assert "like" not in app.query_params


def test_marks_of_cases_that_are_gone_are_left_out(stored: list[str]) -> None:
    app = link(like=f"{stored[0]},more:{GONE},less:{stored[1]}")
    assert "1 marked case is not in the library in use" in told(app)
    assert app.session_state[current_query.QUERY].applied == ((stored[1], "less"),)
    assert "by cosine similarity" in visible(app)


def test_a_query_without_some_cases_keeps_the_rest() -> None:
    asked = QueryState(cases=("a", "b"), marks=(("c", "more"),), rounds=((("d", "less"),), (("c", "more"),)))
    assert asked.named == ("a", "b", "c", "d")
    assert asked.without({"a", "d"}) == QueryState(cases=("b",), marks=(("c", "more"),), rounds=((("c", "more"),),))
    assert asked.without({"a", "b"}) == QueryState()


@pytest.mark.parametrize("page", ["", "../gallery.py"])
def test_a_comparison_says_which_cases_are_missing(stored: list[str], page: str) -> None:
    for others in ([], [stored[1]]):
        app = link(page, compare=",".join([GONE, *others]), **({} if page else {"like": stored[0]}))
        assert "1 case to compare is not in the library in use" in told(app)
        drawn = [element for element in app.get("bidi_component") if '"tiles"' in element.proto.json]
        assert bool(drawn) == bool(others)


def test_a_comparison_is_shown_where_the_query_of_its_link_is_gone(stored: list[str]) -> None:
    app = link(like=GONE, compare=f"{stored[0]},{stored[1]}")
    assert "1 case of this search" in told(app)
    assert any('"tiles"' in element.proto.json for element in app.get("bidi_component"))


def test_what_lies_in_the_tray_and_is_gone_is_taken_out(stored: list[str]) -> None:
    app = link(like=stored[0])
    app.session_state[compare_tray.TO_COMPARE] = (GONE, stored[1])
    assert "1 case to compare is not in the library in use" in visible(app.run())
    assert app.session_state[compare_tray.TO_COMPARE] == (stored[1],)


def test_an_order_by_likeness_to_a_case_that_is_gone_says_so(stored: list[str]) -> None:
    app = link("../gallery.py", gallery_like=GONE, gallery_sort="similar")
    assert "The case that others were ordered by is not in this library any more" in told(app)
    assert "11 cases" in visible(app)
    assert told(app.run()) == ""
    assert told(link("../gallery.py", gallery_like=stored[0], gallery_sort="similar")) == ""


def test_a_mark_on_the_map_that_has_no_point_says_so(root: Path, stored: list[str]) -> None:
    library = Library.open(root, encoder=FakeEncoder())
    make_map(library.root, library.catalog, library.flows)
    library.close()
    assert "The case to be marked is not in the library in use" in visible(link("../embedding_map.py", map_case=GONE))
    assert "The case to be marked" not in visible(link("../embedding_map.py", map_case=stored[0]))


def test_side_by_side_goes_on_with_one_ranking_when_the_flow_is_gone(
    app: AppTest, root: Path, stored: list[str]
) -> None:
    with_flow(root)
    app.query_params["like"] = stored[0]
    app.run()
    app.segmented_control(key="search_space").set_value("both").run()
    assert "After the flow" in visible(app)

    library = Library.open(root, encoder=FakeEncoder())
    library.activate(None)
    library.close()
    app.run()
    assert told(app) == ""
    assert "This library has no active one, so there is only one ranking" in visible(app)
    assert "embeddings before the flow" in visible(app)


def test_a_library_removed_while_it_is_in_use_is_told_and_the_next_one_named(
    app: AppTest, root: Path, make_library: Callable[..., Path]
) -> None:
    make_library("ward", {"throat": 4})
    app.query_params["like"] = resources.open_library(root).catalog.ids()[0]
    app.run()
    assert app.selectbox(key=state.LIBRARY).value == resources.library_id_of(root)

    shutil.rmtree(root)
    app.run()
    assert told(app) == "The library “clinic” is not here any more. In use now: ward."
    assert "What are you looking for?" in visible(app)
    assert told(app.run()) == ""


def test_a_library_on_a_share_that_is_down_is_not_called_gone(
    app: AppTest, root: Path, make_library: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    make_library("ward", {"throat": 4})
    app.query_params[state.LIBRARY] = resources.library_id_of(root)
    app.run()
    wait_for_jobs(app)
    real = Path.stat

    def stale(self: Path, **options: bool) -> os.stat_result:
        if root in (self, *self.parents):
            raise OSError(errno.ESTALE, "Stale file handle")
        return real(self, **options)

    monkeypatch.setattr(Path, "stat", stale)
    assert told(app.run()) == "The library “clinic” cannot be reached just now. In use now: ward."
    assert told(app.run()) == ""


def test_the_only_library_removed_is_told_too(app: AppTest, root: Path) -> None:
    app.run()
    shutil.rmtree(root)
    assert told(app.run()) == "The library “clinic” is not here any more."
    assert "No library yet" in visible(app)
