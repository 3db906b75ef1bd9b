"""What the Evaluation page works out of tens of thousands of queries is worked out once, not at every click."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core import behind, flow_comparison
from core.evaluate import evaluate
from core.flow import Flow
from core.library import Library
from core.report_store import ReportStore
from core.vector_field import VectorField
from pages.ui.evaluation_choice import FLOW, OTHER, SPLIT
from tests.conftest import DIMENSION, FakeEncoder
from tests.pages.conftest import visible
from tests.pages.test_flow_pages import cells, tables

ONE, ANOTHER = "a" * 12, "b" * 12


def measure(root: Path, *names: str) -> None:
    library = Library.open(root, encoder=FakeEncoder())
    for name in names:
        ReportStore(root).put(evaluate(library, "all", flow=library.flows.get(name)), library.catalog)
    library.close()


def test_flows_are_compared_and_confusions_counted_once_for_two_reports(
    app: AppTest, make_library: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    root = make_library("clinic", {"ear-left": 6, "throat": 6})
    library = Library.open(root, encoder=FakeEncoder())
    for name in (ONE, ANOTHER):
        library.flows.put(Flow(VectorField(dim=DIMENSION), flow_id=name, name=name))
    library.close()
    measure(root, ONE, ANOTHER)
    compared, nearest = [], []
    compare, find = flow_comparison.compare, behind.pair_of
    monkeypatch.setattr(flow_comparison, "compare", lambda *given: (compared.append(1), compare(*given))[1])
    monkeypatch.setattr(behind, "pair_of", lambda *given: (nearest.append(1), find(*given))[1])
    app.run()
    app.switch_page("../evaluation.py").run()
    for key, value in ((SPLIT, "all"), (FLOW, ONE), (OTHER, ANOTHER)):
        app.selectbox(key=key).set_value(value).run()
    assert not app.exception
    assert len(cells(tables(app)[f"{ONE} beside {ANOTHER}"])) == len(compared) == 2

    counted = len(nearest)
    app.run()
    assert (len(compared), len(nearest)) == (2, counted)
    time.sleep(1.1)  # reports say to the second when they were made
    measure(root, ANOTHER)
    app.run()
    assert not app.exception
    assert (len(compared), len(nearest)) == (4, counted)


def test_what_was_measured_is_offered_where_the_choice_is_not_and_a_new_flow_does_not_take_its_place(
    app: AppTest, make_library: Callable[..., Path]
) -> None:
    root = make_library("clinic", {"ear-left": 6, "throat": 6}, patient="")
    library = Library.open(root, encoder=FakeEncoder())
    ReportStore(root).put(evaluate(library, "all"), library.catalog)
    library.flows.put(Flow(VectorField(dim=DIMENSION), flow_id=ONE, name=ONE))
    library.close()
    app.run()
    app.switch_page("../evaluation.py").run()
    assert app.selectbox(key=FLOW).value == "none"
    assert "Patients are unknown of all 12 images, which count singly" in visible(app)
    app.selectbox(key=FLOW).set_value(ONE).run()
    assert "Not measured yet" in visible(app)
    app.button(key="measured_none_all").click().run()
    assert not app.exception
    assert (app.selectbox(key=FLOW).value, app.selectbox(key=SPLIT).value) == ("none", "all")
    assert "Not measured yet" not in visible(app)
