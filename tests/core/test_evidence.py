"""What the neighbours say of a class: small classes are not outnumbered, and what is far from all has no side."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from PIL import Image

from core.errors import QueryError
from core.evidence import NOBODY, Evidence, few_said
from core.library import Library
from core.manifest import CaseFacts
from core.query import Query
from core.sides import said, side_of
from core.sources import Source, SourceItem
from core.taxonomy import ENT
from tests.conftest import picture, png
from tests.core.test_ingest import ingest

MANY = {"ear-left": 12, "ear-right": 12, "throat": 12}


def test_where_every_class_has_enough_all_are_judged() -> None:
    evidence = Evidence.of(["ear-left"] * 5 + ["ear-right"] * 6 + ["throat"], MANY)
    assert evidence.judged == evidence.counts == {"ear-right": 6, "ear-left": 5, "throat": 1}
    assert (evidence.supply, few_said(evidence)) == (0, "")
    assert Evidence.of([], {}) == NOBODY


def test_a_class_with_fewer_cases_than_are_asked_is_not_outnumbered() -> None:
    evidence = Evidence.of(["ear-left"] * 6 + ["ear-right"] * 5 + ["throat"], {**MANY, "ear-left": 6})
    assert (evidence.judged, evidence.supply, evidence.neighbours) == ({"ear-left": 6}, 6, 12)
    assert evidence.counts == {"ear-left": 6, "ear-right": 5, "throat": 1}
    assert side_of((), (), evidence.judged, ENT).agreed
    assert "only 6 of this class to compare with: all are among the 12 nearest" in few_said(evidence)


def test_a_small_class_behind_another_one_changes_nothing() -> None:
    evidence = Evidence.of(["throat"] * 8 + ["ear-left"] * 4, {**MANY, "ear-left": 4})
    assert (evidence.judged, evidence.supply) == ({"throat": 8, "ear-left": 4}, 0)


def test_a_single_case_does_not_decide_by_lying_nearest() -> None:
    evidence = Evidence.of(["throat"] + ["ear-left"] * 11, {**MANY, "throat": 1})
    assert (evidence.judged, evidence.supply) == ({"ear-left": 11, "throat": 1}, 0)


def test_a_library_tells_how_many_of_a_class_it_can_supply(library: Library) -> None:
    facts = [("throat", "p1"), ("throat", "p1"), ("throat", None), ("ear-left", "p1")]
    items = [
        SourceItem(f"{n}.png", CaseFacts(label, patient=patient), partial(png, picture(n)))
        for n, (label, patient) in enumerate(facts)
    ]
    library.ingest(Source("made", tuple(items)))
    known = {case.patient: case.case_id for case in library.catalog.cases() if case.label == "throat"}
    assert library.catalog.supply("throat", (), 12) == 2
    assert library.catalog.supply("throat", (), 1) == 1
    assert library.catalog.supply("throat", (known["p1"],), 12) == 2  # the other frame of that patient is left
    assert library.catalog.supply("throat", (known[None],), 12) == 1


def test_what_is_far_from_everything_has_no_side_but_that_of_its_words(
    library: Library, folder_of: Callable[..., Path]
) -> None:
    ingest(library, folder_of({"ear-left": 60}))
    black = png(Image.new("RGB", (64, 48)))
    far = library.search(Query((black,)))
    assert far.far
    assert far.evidence.judged == {"ear-left": 12}
    assert far.side.side is None
    sided = library.search(Query((black,), texts=("left picture 3",)))
    assert (sided.far, sided.side.side, sided.side.told_by) == (False, "left", "words")
    near = library.search(Query((png(picture(3)),)))
    assert (near.far, near.side.side) == (False, "left")


def test_the_side_that_the_person_says_is_taken_before_any_guess(filled_sides: Library) -> None:
    black = png(Image.new("RGB", (64, 48)))
    stated = filled_sides.search(Query((black,), top_k=60, side="right", same_side=True))
    assert (stated.side.side, stated.side.told_by) == ("right", "person")
    assert {hit.case.label for hit in stated.hits} == {"ear-right"}
    assert said(stated.side, stated.evidence) == "taken as right: from what you said"
    mirrored = filled_sides.search(Query((black,), side="right", mirror=True))
    assert mirrored.side.side == "left"
    case = next(case.case_id for case in filled_sides.catalog.cases() if case.label == "ear-left")
    assert filled_sides.search(Query(cases=(case,), side="right")).side.side == "right"
    with pytest.raises(QueryError, match="no side 'top': give one of left, right"):
        filled_sides.search(Query((black,), side="top"))


@pytest.fixture
def filled_sides(library: Library, folder_of: Callable[..., Path]) -> Library:
    ingest(library, folder_of({"ear-left": 8, "ear-right": 8}))
    return library
