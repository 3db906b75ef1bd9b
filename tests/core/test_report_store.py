"""Evaluations kept in a library: read back as they were, and known to be out of date."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from core.errors import QueryError
from core.evaluate import evaluate
from core.evaluation import LEAVE_ONE_OUT, Evaluation
from core.flow import Flow
from core.library import Library
from core.recipe import DEFAULT
from core.report import headline, report_json
from core.report_store import ReportStore
from core.training_run import TrainingRuns
from core.vector_field import VectorField
from tests.conftest import DIMENSION
from tests.core.test_ingest import ingest


@pytest.fixture
def filled(library: Library, folder_of: Callable[..., Path]) -> Library:
    ingest(library, folder_of({"ear-left": 12, "ear-right": 12, "throat": 12}))
    return library


def same(one: Evaluation, other: Evaluation) -> bool:
    return report_json(one, with_outcomes=True) == report_json(other, with_outcomes=True)


def test_what_was_kept_is_read_back_as_it_was(filled: Library) -> None:
    filled.flows.put(Flow(VectorField(dim=DIMENSION), flow_id="a-flow"))
    store = ReportStore(filled.root)
    made = evaluate(filled, "all", flow=filled.flows.get("a-flow"))
    assert store.get("a-flow", "all", filled.catalog) is None
    assert store.put(made, filled.catalog) == filled.root / "flows" / "a-flow" / "report-all.json"
    kept = store.get("a-flow", "all", filled.catalog)
    assert kept is not None
    assert kept.current
    assert same(kept.evaluation, made)
    assert kept.evaluation.protocols[LEAVE_ONE_OUT].spaces["after"].outcomes[0].case in filled.catalog.cases()


def test_without_a_flow_it_lies_in_a_folder_of_its_own(filled: Library) -> None:
    made = evaluate(filled, "all")
    assert ReportStore(filled.root).put(made, filled.catalog) == filled.root / "reports" / "report-all.json"


def test_other_labelled_cases_make_it_out_of_date_and_others_do_not(
    filled: Library, folder_of: Callable[..., Path]
) -> None:
    store = ReportStore(filled.root)
    store.put(evaluate(filled, "all"), filled.catalog)
    ingest(filled, folder_of({"who-knows": 1}, "unlabelled", seed=500))
    assert store.get(None, "all", filled.catalog).current
    ingest(filled, folder_of({"throat": 1}, "more", seed=600))
    assert not store.get(None, "all", filled.catalog).current


def test_a_damaged_one_is_as_none_and_a_stranger_is_refused(filled: Library) -> None:
    store = ReportStore(filled.root)
    path = store.put(evaluate(filled, "all"), filled.catalog)
    path.write_text(path.read_text().replace(filled.catalog.cases()[0].case_id, "0" * 16))
    with pytest.raises(QueryError, match="evaluate again"):
        store.get(None, "all", filled.catalog)
    path.write_text("{")
    assert store.get(None, "all", filled.catalog) is None


def test_going_on_with_a_training_forgets_what_was_measured_of_it(filled: Library) -> None:
    runs, store = TrainingRuns(filled), ReportStore(filled.root)
    run = runs.start(DEFAULT.changed(epochs=2, hidden=8, heads=2, batch_size=16))
    next(iter(run))
    run.finish()
    flow = filled.flows.get(run.run_id)
    for split in ("all", "val"):
        store.put(evaluate(filled, split, flow=flow, rerank=filled.flows.reranker(run.run_id)), filled.catalog)
    kept = store.get(run.run_id, "all", filled.catalog)
    assert kept is not None
    assert kept.evaluation.seen == len(run.folder.split()["train"])
    assert kept.evaluation.calibration is not None
    assert store.figures(run.run_id) == headline(report_json(store.get(run.run_id, "val", filled.catalog).evaluation))
    resumed = runs.resume(run.run_id)
    list(resumed)
    resumed.finish()
    assert store.get(run.run_id, "all", filled.catalog) is None
    assert store.figures(run.run_id) is None


def test_a_flow_has_no_figures_where_its_report_says_none(filled: Library) -> None:
    filled.flows.put(Flow(VectorField(dim=DIMENSION), flow_id="a-flow"))
    filled.catalog.splits.put(dict.fromkeys(filled.catalog.ids(), "val"))
    store = ReportStore(filled.root)
    path = store.put(evaluate(filled, "val", flow=filled.flows.get("a-flow")), filled.catalog)
    figures = store.figures("a-flow")
    assert figures is not None
    assert figures["queries"] == 36
    path.write_text(path.read_text().replace('"other_protocols"', '"protocols_of_another_version"'))
    assert store.figures("a-flow") is None
