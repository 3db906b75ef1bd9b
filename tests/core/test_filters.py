"""Filters as people write them, and what they leave."""

from __future__ import annotations

import pytest

from core.errors import QueryError
from core.filters import Filters
from core.taxonomy import ENT


def test_terms_of_one_field_are_alternatives() -> None:
    filters = Filters.parse(["label=ear-left", "label=throat", "finding=polyp"], ENT)
    assert filters == Filters(label=("ear-left", "throat"), finding=("polyp",))


@pytest.mark.parametrize(
    ("term", "said"),
    [
        ("label", "FIELD=VALUE"),
        ("colour=red", "fields: label, region"),
        ("label=elbow", "unknown label 'elbow'.*ear-left"),
        ("region=knee", "unknown region"),
        ("side=up", "unknown side.*left, right"),
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
