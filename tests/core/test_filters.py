"""Filters as people write them, and what they leave."""

from __future__ import annotations

import pytest

from core.errors import QueryError
from core.filters import Filters
from core.library import Library
from core.manifest import CaseFacts
from core.query import Query
from core.sources import Source, SourceItem
from core.taxonomy import ENT
from tests.conftest import picture, png


def test_terms_of_one_field_are_alternatives() -> None:
    filters = Filters.parse(["label=ear-left", "label=throat", "finding=polyp"], ENT)
    assert filters == Filters(label=("ear-left", "throat"), finding=("polyp",))


@pytest.mark.parametrize(
    ("term", "said"),
    [
        ("label", "FIELD=VALUE"),
        ("lable=throat", "no field 'lable'.*label"),
        ("colour=red", "fields: label, region"),
        ("label=elbow", "unknown label 'elbow'.*ear-left"),
        ("region=knee", "unknown region"),
        ("side=up", "unknown side.*left, right"),
        ("since=May", "'May' is no date"),
    ],
)
def test_a_wrong_term_is_refused_in_words(term: str, said: str) -> None:
    with pytest.raises(QueryError, match=said):
        Filters.parse([term], ENT)


@pytest.mark.parametrize(
    ("filters", "labels"),
    [
        (Filters(), None),
        (Filters(split=("test",)), None),
        (Filters(label=("throat",)), ("throat",)),
        (Filters(region=("larynx",)), ("vc-open", "vc-closed")),
        (Filters(region=("ear",), side=("left",)), ("ear-left",)),
        (Filters(label=("ear-left", "nose-left"), region=("ear",)), ("ear-left",)),
        (Filters(label=("", "throat")), ("", "throat")),
        (Filters(label=("",), side=("left",)), ()),
    ],
)
def test_labels_left_by_class_region_and_side(filters: Filters, labels: tuple[str, ...] | None) -> None:
    assert filters.labels(ENT) == labels


def test_only_restricting_filters_are_true() -> None:
    assert not Filters()
    assert Filters(side=("left",))
    assert not Filters(side=("left",)).beyond_class
    assert Filters(patient=("p1",)).beyond_class


def test_dates_of_the_examination_limit_what_is_found(library: Library) -> None:
    days = ("2024-01-31", "2024-02-01", "2024-03-05", None)
    items = tuple(
        SourceItem(f"{n}.png", CaseFacts(label="throat", exam_date=day), lambda n=n: png(picture(n)))
        for n, day in enumerate(days)
    )
    assert library.catalog.exam_dates() is None
    library.ingest(Source("made up", items, (), ()))
    assert library.catalog.exam_dates() == ("2024-01-31", "2024-03-05")

    def found(*terms: str) -> set[str | None]:
        filters = Filters.parse(terms, ENT)
        hits = library.search(Query((png(picture(9)),), filters=filters)).hits
        assert library.catalog.count(filters) == len(hits)
        return {hit.case.exam_date for hit in hits}

    assert found("since=2024-02-01") == {"2024-02-01", "2024-03-05"}
    assert found("until=2024-02-01") == {"2024-01-31", "2024-02-01"}
    assert found("since=2024-02-01", "until=2024-02-28") == {"2024-02-01"}


def test_filters_that_name_thousands_of_cases_are_told_apart_in_short() -> None:
    many = tuple(f"{number:016x}" for number in range(20_000))
    one, other = Filters(cases=many, split=("test",)), Filters(cases=many[1:], split=("test",))

    assert one.digest == Filters(cases=tuple(many), split=("test",)).digest
    assert len({one.digest, other.digest, Filters(cases=many).digest, Filters().digest}) == 4
    assert len(one.digest) < 500


def test_a_class_may_be_meant_by_its_title() -> None:
    assert Filters.parse(["label=Left ear", "label=throat", "label="], ENT).label == ("ear-left", "throat", "")
