"""The macro scores, the counts of a class and what two flows differ in open their queries like every other figure."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from streamlit.testing.v1 import AppTest

from core.evaluate import evaluate
from core.evaluation import Evaluation
from core.flow import Flow
from core.library import Library
from core.report_store import ReportStore
from core.vector_field import VectorField
from pages.ui.evaluation_queries import SHOWN
from tests.conftest import DIMENSION, FakeEncoder
from tests.pages.conftest import follow_link, go_back, here, visible
from tests.pages.test_evaluation_queries import CASES, cards, look, measure, measured, pages
from tests.pages.test_flow_pages import tables

__all__ = ["measured"]


@pytest.fixture
def other(measured: Evaluation, home: Path) -> str:
    """A second flow of that library, as random weights have it, measured on the same queries."""
    torch.manual_seed(7)
    library = Library.open(home / "clinic", encoder=FakeEncoder())
    library.flows.put(Flow(VectorField(dim=DIMENSION), flow_id="b-flow"))
    ReportStore(library.root).put(evaluate(library, "all", flow=library.flows.get("b-flow")), library.catalog)
    library.close()
    return "b-flow"


def beside(app: AppTest, measured: Evaluation, other: str, pick: str = "", **more: str) -> AppTest:
    flows = {"evaluation_flow": str(measured.flow), "evaluation_other": other}
    return look(app, pick, **flows, **more)


def figures(app: AppTest, measured: Evaluation, other: str) -> list[list[dict[str, Any]]]:
    rows: list[list[dict[str, Any]]] = tables(app)[f"{measured.flow} beside {other}"]["rows"]
    return rows


def pick(app: AppTest, cell: dict[str, Any]) -> AppTest:
    app.query_params["evaluation_pick"] = cell["pick"]
    app.run()
    assert not app.exception
    return app


def test_a_macro_score_opens_what_the_overall_one_does_and_is_picked_by_itself(
    app: AppTest, measured: Evaluation
) -> None:
    app = look(app)
    for row in tables(app)["Scores of each kind of embedding"]["rows"]:
        overall, macro = row[1:3]
        assert macro["said"].startswith(f"Macro Recall@1 {macro['text']}, {row[0]['text']}")
        assert macro["pick"] != overall["pick"]
        whole = pages(pick(app, overall))
        app.query_params.pop("evaluation_page")
        assert pages(pick(app, macro)) == whole
        assert f"{CASES} queries" in visible(app)
        assert tables(app)["Scores of each kind of embedding"]["picked"][1] == macro["pick"]
        app.query_params.pop("evaluation_page")
    assert cards(follow_link(here(app))) == whole[0]


@pytest.mark.parametrize("level", ["class", "region"])
def test_the_count_of_a_class_opens_as_many_queries(app: AppTest, measured: Evaluation, level: str) -> None:
    app = look(app, evaluation_level=level.capitalize())
    rows = tables(app)[f"Recall@1 by {level}"]["rows"]
    assert sum(int(row[1]["text"]) for row in rows) == CASES
    for row in rows:
        assert row[1]["pick"] not in [cell.get("pick") for cell in row[2:]]
        shown = visible(pick(app, row[1]))
        assert "The queries behind it" in shown
        assert f"{row[1]['text']} queries, {row[0]['text']}; those found last first." in shown
        assert len(cards(app)) == min(SHOWN, int(row[1]["text"]))


def test_a_difference_of_two_flows_opens_the_queries_that_only_one_finds(
    app: AppTest, measured: Evaluation, other: str
) -> None:
    app = beside(app, measured, other)
    rows = figures(app, measured, other)
    assert len(rows) == 2
    changed = 0
    for row in rows:
        shown = visible(pick(app, row[3]))
        assert "The queries behind it" in shown
        won = sum(card["badges"][0].startswith("other flow: ") for card in cards(app))
        assert len(cards(app)) < SHOWN
        assert (2 * won - len(cards(app))) / CASES == pytest.approx(float(row[3]["text"]), abs=0.006)
        if cards(app):
            lost = len(cards(app)) - won
            assert f"right with {other} and not with {measured.flow}, then {won} the other way round." in shown
            assert f"{lost} quer" in shown
        changed += len(cards(app))
        assert tables(app)[f"{measured.flow} beside {other}"]["picked"] == [row[3]["pick"]]
    assert changed
    assert cards(follow_link(here(app))) == cards(app)


def test_the_scores_of_two_flows_open_their_own_queries(app: AppTest, measured: Evaluation, other: str) -> None:
    app = beside(app, measured, other)
    after = figures(app, measured, other)[1]
    own = pages(pick(app, after[1]))
    app.query_params.pop("evaluation_page")
    its = pages(pick(app, after[2]))
    assert own != its
    assert sorted(card["case_id"] for page in own for card in page) == sorted(
        card["case_id"] for page in its for card in page
    )
    wrong = sum(any("first right" in badge for badge in card["badges"]) for page in its for card in page)
    assert 1 - wrong / CASES == pytest.approx(float(after[2]["text"]), abs=0.006)
    assert f"{CASES} queries with {other}, {wrong} of them whose nearest neighbour is not right" in visible(app)


def test_another_comparison_forgets_what_the_two_differed_in_and_nothing_else(
    app: AppTest, measured: Evaluation, other: str
) -> None:
    app = beside(app, measured, other, f"flows|after|{other}|")
    assert "The queries behind it" in visible(app)
    former, shown = here(app), cards(app)
    app.selectbox(key="evaluation_other").set_value(None).run()
    assert not app.exception
    assert "Worst queries" in visible(app)
    assert "evaluation_pick" not in app.query_params
    go_back(app, former)
    assert cards(app) == shown
    assert app.query_params["evaluation_pick"] == f"flows|after|{other}|"
    app.selectbox(key="evaluation_other").set_value(None).run()
    pick(app, {"pick": "score|after|mrr|"})
    app.selectbox(key="evaluation_other").set_value(other).run()
    assert app.query_params["evaluation_pick"] == "score|after|mrr|"


@pytest.mark.parametrize("text", ["flows|after|x|", "flows|LDA|OTHER|", "flows|after|OTHER|x", "flows|x|OTHER|"])
def test_a_link_to_flows_that_means_nothing_shows_the_worst(
    app: AppTest, measured: Evaluation, other: str, text: str
) -> None:
    app = beside(app, measured, other, text.replace("OTHER", other))
    assert not app.exception
    assert "The queries behind it" not in visible(app)


def test_a_report_of_before_says_that_it_must_be_made_again_to_tell_two_flows_apart(
    app: AppTest, measured: Evaluation, other: str, home: Path
) -> None:
    path = ReportStore(home / "clinic").path(other, "all")
    data = json.loads(path.read_text())
    for spaces in (data["spaces"], *(protocol["spaces"] for protocol in data["other_protocols"].values())):
        for space in spaces.values():
            del space["found"]
    path.write_text(json.dumps(data))
    app = beside(app, measured, other, f"flows|after|{other}|", evaluation_level="Region")
    assert not app.exception
    assert f"evaluate {other} again to see the queries that only one of the two finds." in visible(app)
    assert "The queries behind it" not in visible(app)
    for row in figures(app, measured, other):
        assert [("pick" in cell) for cell in row[1:]] == [True, False, False]
    app.button_group(key="evaluation_level").set_value("class").run()
    assert "again to see" not in visible(app)  # which of them are right by class it has kept
    assert all("pick" in row[3] for row in figures(app, measured, other))


def test_where_two_flows_find_the_same_the_page_says_so(app: AppTest, measured: Evaluation, home: Path) -> None:
    store = ReportStore(home / "clinic")
    twin = json.loads(store.path(measured.flow, "all").read_text()) | {"flow": "twin"}
    flows = home / "clinic" / "flows"
    shutil.copytree(flows / str(measured.flow), flows / "twin")
    store.path("twin", "all").parent.mkdir(parents=True, exist_ok=True)
    store.path("twin", "all").write_text(json.dumps(twin))
    app = beside(app, measured, "twin", "flows|after|twin|")
    assert f"After the flow: every query is right with both {measured.flow} and twin, or with neither." in visible(app)
    assert cards(app) == []


def test_a_class_of_one_image_has_no_score_and_opens_that_image(
    app: AppTest, make_library: Callable[..., Path]
) -> None:
    measure(make_library("clinic", {"ear-left": 12, "ear-right": 12, "throat": 1}))
    app = look(app)
    alone = tables(app)["Recall@1 by class"]["rows"][-1]
    assert [(cell["text"], cell["note"]) for cell in alone[2:]] == 2 * [("–", "none to find")]
    assert not any("bar" in cell for cell in alone[2:])
    pick(app, alone[2])
    assert [card["title"] for card in cards(app)] == ["Throat"]
