"""Every figure of the Evaluation page opens the queries behind it, all of them, and a link brings them back."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from core.evaluate import evaluate
from core.evaluation import OTHER_PATIENTS, Evaluation
from core.library import Library
from core.report_store import ReportStore
from core.training_run import TrainingRuns
from pages.ui.evaluation_pick import Pick
from pages.ui.evaluation_queries import SHOWN
from tests.conftest import FakeEncoder
from tests.core.test_behind import make_old
from tests.pages.conftest import follow_link, go_back, here, visible
from tests.pages.test_flow_pages import TINY, tables

CASES = 2 * SHOWN + 10


@pytest.fixture
def measured(make_library: Callable[..., Path]) -> Evaluation:
    """The report of a flow of two epochs on all of a library that fills three pages."""
    return measure(make_library("clinic", {"ear-left": CASES // 2, "ear-right": CASES // 2}))


def measure(root: Path) -> Evaluation:
    library = Library.open(root, encoder=FakeEncoder())
    run = TrainingRuns(library).start(TINY)
    list(run)
    run.finish()
    flow, rerank = library.flows.get(run.run_id), library.flows.reranker(run.run_id)
    ReportStore(root).put(evaluate(library, "all", flow=flow, rerank=rerank), library.catalog)
    kept = ReportStore(root).get(run.run_id, "all", library.catalog)
    library.close()
    assert kept is not None
    return kept.evaluation


def look(app: AppTest, pick: str = "", **more: str) -> AppTest:
    """At what a link to the page shows."""
    app.run()
    place = here(app.switch_page("../evaluation.py").run())
    parameters = {"evaluation_split": "All cases", **({"evaluation_pick": pick} if pick else {}), **more}
    return follow_link(replace(place, parameters=parameters))


def parts(app: AppTest) -> list[dict[str, Any]]:
    return [json.loads(element.proto.json) for element in app.get("bidi_component") if element.proto.json]


def cards(app: AppTest) -> list[dict[str, Any]]:
    """The queries that are shown; none where there is no grid."""
    return next((part["cards"] for part in parts(app) if part.get("label") == "Queries"), [])


def dots(app: AppTest) -> list[dict[str, Any]]:
    return next(part["dots"] for part in parts(app) if "dots" in part)


def test_every_dot_of_the_reliability_curve_opens_as_many_queries_as_it_stands_for(
    app: AppTest, measured: Evaluation
) -> None:
    app = look(app)
    drawn = measured.calibration
    assert drawn is not None
    assert len(dots(app)) == len(drawn.bins)
    for dot, entry in zip(dots(app), drawn.bins, strict=True):
        app.query_params["evaluation_pick"] = dot["pick"]
        app.run()
        assert not app.exception
        assert f"{entry.count} quer" in visible(app)
        assert f"right for {round(entry.accuracy * entry.count)}. Wrong ones first." in visible(app)
        assert len(cards(app)) == min(SHOWN, entry.count)
        first = cards(app)[0]["badges"]
        assert any(badge.startswith("probability ") for badge in first)
        assert (len(first) == 2) == (entry.accuracy < 1)  # what it is taken for


@pytest.mark.parametrize("measure", ["recall@1", "recall@5", "recall@10", "mrr", "map@r"])
def test_a_score_opens_all_queries_worst_first_with_its_value(app: AppTest, measured: Evaluation, measure: str) -> None:
    app = look(app, f"score|after|{measure}|")
    rows = tables(app)["Scores of each kind of embedding"]["rows"]
    assert f"score|after|{measure}|" in [cell.get("pick") for cell in rows[2]]
    assert f"{CASES} queries" in visible(app)
    badges = [badge for page in pages(app) for card in page for badge in card["badges"]]
    names = {"mrr": "reciprocal rank ", "map@r": "average precision "}
    if measure in names:
        values = [float(badge.removeprefix(names[measure])) for badge in badges if badge.startswith(names[measure])]
        scores = measured.protocols[OTHER_PATIENTS].spaces["after"].levels["class"].overall
        assert values == sorted(values)
        assert len(values) == CASES
        assert sum(values) / CASES == pytest.approx(scores[measure].value, abs=0.01)
    else:
        ranks = [int(badge.removeprefix("first right at ")) for badge in badges if badge.startswith("first right at")]
        assert ranks == sorted(ranks, reverse=True)


def pages(app: AppTest) -> list[list[dict[str, Any]]]:
    """The cards of the three pages, one after another."""
    found = []
    for page in ("1", "2", "3"):
        app.query_params["evaluation_page"] = page
        found.append(cards(app.run()))
        assert not app.exception
    return found


def test_every_query_is_on_a_page_and_the_page_is_in_the_url(app: AppTest, measured: Evaluation) -> None:
    app = look(app, "score|after|mrr|")
    assert f"1 to {SHOWN} of {CASES}" in visible(app)
    shown = pages(app)
    assert [len(page) for page in shown] == [SHOWN, SHOWN, 10]
    assert len({card["case_id"] for page in shown for card in page}) == CASES
    assert f"{2 * SHOWN + 1} to {CASES} of {CASES}" in visible(app)

    again = follow_link(here(app))
    assert cards(again) == shown[2]
    again.query_params["evaluation_page"] = "99"
    again.run()
    assert cards(again) == shown[2]
    assert again.query_params["evaluation_page"] == "3"
    for nonsense in ("0", "-1", "x", "<b>"):
        again.query_params["evaluation_page"] = nonsense
        assert cards(again.run()) == shown[0]
        assert not again.exception


def test_another_pick_begins_at_its_first_page_and_back_leads_to_the_former(app: AppTest, measured: Evaluation) -> None:
    app = look(app, "score|after|mrr|", evaluation_page="2")
    former, shown = here(app), cards(app)
    app.button(key="evaluation_worst").click().run()
    assert "evaluation_page" not in app.query_params
    assert "Worst queries" in visible(app)
    go_back(app, former)
    assert cards(app) == shown
    app.button_group(key="evaluation_level").set_value("region").run()
    assert "evaluation_page" not in app.query_params
    assert "evaluation_pick" not in app.query_params


def test_every_count_of_sides_opens_its_queries(app: AppTest, measured: Evaluation) -> None:
    app = look(app)
    rows = tables(app)["Laterality errors"]["rows"]
    assert len(rows) == 4
    for row in rows:
        for cell in row[1:]:
            app.query_params["evaluation_pick"] = cell["pick"]
            app.run()
            assert not app.exception
            assert len(cards(app)) == min(SHOWN, int(cell["text"]))
            assert f"{cell['text']} quer" in visible(app)
    assert int(rows[0][4]["text"]) > 0


def test_where_no_side_is_wrong_the_page_says_so(app: AppTest, make_library: Callable[..., Path]) -> None:
    root = make_library("clinic", {"ear-left": 14, "throat": 14})
    measure(root)
    app = look(app)
    assert "There is none here: wherever the region is right, the side is too." in visible(app)
    cell = tables(app)["Laterality errors"]["rows"][0][4]
    assert cell["text"] == "0"
    app.query_params["evaluation_pick"] = cell["pick"]
    app.run()
    assert not app.exception
    assert "The queries behind it" in visible(app)
    assert "Before the flow: no query with the right region and the wrong side." in visible(app)
    assert cards(app) == []
    app.query_params["evaluation_pick"] = "sides|before|none|"
    app.run()
    assert not app.exception
    assert "The queries behind it" not in visible(app)


def test_a_difference_opens_the_queries_that_changed(app: AppTest, measured: Evaluation) -> None:
    app = look(app, "change|after|before|")
    report = measured.protocols[OTHER_PATIENTS].spaces["after"].levels["class"]
    lost = sum(not card["badges"][0].startswith("before: ") for card in cards(app))
    assert len(cards(app)) - 2 * lost == pytest.approx(report.tests["recall@1"].difference * report.queries, abs=0.01)
    assert f"right before and not now, then {len(cards(app)) - lost} the other way round." in visible(app)


@pytest.mark.parametrize(
    "pick",
    ["score|after|precision@5|", "score|after|x|", *(f"bin|reranked|{bin_}|" for bin_ in ("", "x", "77", 5000 * "7"))],
)
def test_a_link_that_means_nothing_shows_the_worst(app: AppTest, measured: Evaluation, pick: str) -> None:
    app = look(app, pick)
    assert not app.exception
    assert "The queries behind it" not in visible(app)


def test_a_report_of_before_says_how_to_get_what_it_lacks(app: AppTest, measured: Evaluation, home: Path) -> None:
    path = ReportStore(home / "clinic").path(measured.flow, "all")
    make_old(path)
    app = look(app)
    assert not app.exception
    assert "evaluate again to see the queries behind every figure" in visible(app)
    assert [dot["pick"] for dot in dots(app)] == [""] * len(dots(app))
    assert not [
        cell for row in tables(app)["Scores of each kind of embedding"]["rows"] for cell in row[1:] if "pick" in cell
    ]


def test_a_finding_is_picked_whatever_it_is_called() -> None:
    for finding in ("polyp", "polyp|cyst", "50 %", "50%7C", "a%25|", "ödem + 1"):
        asked = Pick("value", "after", f"nose: {finding}")
        assert Pick.parse(asked.text) == asked
    assert Pick.parse("value|after|nose: polyp|") == Pick("value", "after", "nose: polyp")
