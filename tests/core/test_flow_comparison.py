"""One flow against another on the same queries."""

from __future__ import annotations

from dataclasses import replace

import pytest

from core.case import Case
from core.confusion import Confusion, Laterality
from core.errors import QueryError
from core.evaluation import Outcome, SpaceReport
from core.flow_comparison import compare, is_right
from core.taxonomy import ENT

BLANK = Case("", None, "", 1, 1, "png", "", "", None, None, None, None, None, None, "")


def outcome(number: int, label: str, nearest: str, patient: int) -> Outcome:
    case = replace(BLANK, case_id=f"q{number}", label=label, patient=f"p{patient}")
    return Outcome(case, replace(BLANK, case_id="r", label=nearest), 0.5, 1 if label == nearest else 4)


def space(nearest: list[str]) -> SpaceReport:
    outcomes = tuple(outcome(number, "ear-left", found, number // 2) for number, found in enumerate(nearest))
    return SpaceReport({}, Confusion((), ()), Laterality(0, 0, 0), (), outcomes)


def test_what_is_right_depends_on_the_level() -> None:
    taken = outcome(0, "ear-left", "ear-right", 0)
    assert not is_right(taken, "class", ENT)
    assert is_right(taken, "region", ENT)
    assert not is_right(replace(taken, nearest=None, rank=None), "region", ENT)
    assert is_right(outcome(0, "throat", "throat", 0), "class", ENT)


def test_the_difference_is_paired_and_sure_of_itself_when_it_is_everywhere() -> None:
    good, bad = space(["ear-left"] * 20), space(["ear-right"] * 20)
    found = compare(good, bad, "class", ENT)
    assert (found.difference, found.p < 0.01) == (1.0, True)
    assert compare(bad, good, "class", ENT).difference == -1.0
    assert compare(good, bad, "region", ENT).p == 1.0


def test_other_queries_are_refused() -> None:
    with pytest.raises(QueryError, match="different queries"):
        compare(space(["ear-left"] * 4), space(["ear-left"] * 5), "class", ENT)
