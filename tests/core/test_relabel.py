"""Corrected labels: every filter and search follows, each change is on record, and the last one can be taken back."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa

from core.errors import LibraryBusy, QueryError, TaxonomyError
from core.filters import Filters
from core.flow import Flow
from core.library import Library
from core.relabel import relabel, undo
from core.schema import audit
from core.search import Query
from core.sources import open_source
from core.vector_field import VectorField
from tests.conftest import DIMENSION


@pytest.fixture
def filled(library: Library, folder_of: Callable[..., Path]) -> Library:
    """Three left ears and two throats, searched through a flow."""
    with open_source(folder_of({"ear-left": 3, "throat": 2}), library.taxonomy) as source:
        library.ingest(source)
    library.flows.put(Flow(VectorField(dim=DIMENSION), flow_id="f" * 12, name="test"))
    library.activate("f" * 12)
    return library


def found(library: Library, label: str, space: str) -> set[str]:
    other = library.catalog.cases(order="label")[-1].case_id
    result = library.search(Query(cases=(other,), filters=Filters(label=(label,)), space=space))
    return {hit.case.case_id for hit in result.hits}


def test_filters_searches_and_index_follow_a_change(filled: Library) -> None:
    case = filled.catalog.cases(order="label")[0]
    generation = filled.catalog.state().generation

    change = relabel(filled, case.case_id, label="Ear Right", finding=" wax\n")

    assert change is not None
    assert (change.old, change.new) == (
        {"label": "ear-left", "finding": None},
        {"label": "ear-right", "finding": "wax"},
    )
    assert filled.catalog.facets("label") == {"ear-left": 2, "ear-right": 1, "throat": 2}
    assert filled.catalog.facets("finding") == {"wax": 1, "": 4}
    assert filled.catalog.state().generation > generation
    for space in ("before", "after"):
        assert found(filled, "ear-right", space) == {case.case_id}
        assert case.case_id not in found(filled, "ear-left", space)
    assert filled.verify().ok


def test_changes_are_taken_back_one_by_one_and_the_record_only_grows(filled: Library) -> None:
    case = filled.catalog.cases(order="label")[0]
    relabel(filled, case.case_id, label="throat")
    relabel(filled, case.case_id, label="", finding="polyp")
    states = []
    for _ in range(2):
        undo(filled, case.case_id)
        now = filled.catalog.case(case.case_id)
        states.append((now.label, now.finding))

    assert states == [("throat", None), ("ear-left", None)]
    assert found(filled, "ear-left", "after") >= {case.case_id}
    with pytest.raises(QueryError, match="no change"):
        undo(filled, case.case_id)
    history = filled.catalog.labels.history(case.case_id)
    assert [change.undoes for change in history] == [1, 2, None, None]
    assert all(change.at.endswith("+00:00") and change.who is None for change in history)


def test_what_changes_nothing_is_not_recorded(filled: Library) -> None:
    case = filled.catalog.cases()[0]
    generation = filled.catalog.state().generation

    assert relabel(filled, case.case_id, label=case.label, finding="") is None
    assert filled.catalog.labels.history(case.case_id) == ()
    assert filled.catalog.state().generation == generation


@pytest.mark.parametrize(
    ("values", "error"),
    [({"label": "knee"}, TaxonomyError), ({}, QueryError), ({"finding": "x" * 201}, QueryError)],
)
def test_what_cannot_be_is_refused_and_leaves_no_trace(filled: Library, values: dict, error: type) -> None:
    case = filled.catalog.cases()[0]
    with pytest.raises(error):
        relabel(filled, case.case_id, **values)
    assert filled.catalog.case(case.case_id) == case
    assert filled.catalog.labels.history(case.case_id) == ()


def test_an_unknown_case_is_named(filled: Library) -> None:
    with pytest.raises(QueryError, match="no case 'nope'"):
        relabel(filled, "nope", label="throat")
    with pytest.raises(QueryError, match="no case 'nope'"):
        undo(filled, "nope")


def test_nothing_is_changed_while_another_writes(filled: Library) -> None:
    case = filled.catalog.cases(order="label")[0]
    with filled.lock.held(), pytest.raises(LibraryBusy):
        relabel(filled, case.case_id, label="throat", timeout=0)
    assert filled.catalog.case(case.case_id) == case


def test_a_library_from_before_changes_were_recorded_records_them_from_now_on(filled: Library) -> None:
    case = filled.catalog.cases(order="label")[0]
    audit.drop(filled.catalog.engine)
    assert filled.catalog.labels.history(case.case_id) == ()

    relabel(filled, case.case_id, label="throat")

    assert len(filled.catalog.labels.history(case.case_id)) == 1
    assert sa.inspect(filled.catalog.engine).has_table(audit.name)
