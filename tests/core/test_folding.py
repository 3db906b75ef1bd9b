"""Folding results that show the same: by patient and structure, by look, and never more than that."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from core.case import Case
from core.comparison import card_moves
from core.folding import Folding, fold, groups_of
from core.imaging import mirror
from core.library import Library
from core.manifest import CaseFacts
from core.near_duplicates import look
from core.query import Query
from core.search import SearchHit
from core.sources import Source, SourceItem
from tests.conftest import picture, png

CASE = Case("0", "throat", "a.png", 64, 48, "png", "0", "0", None, None, None, None, None, None, "2026-01-01")


def hits(*facts: tuple[str | None, str]) -> list[SearchHit]:
    """Results of those patients and labels, in that order."""
    return [
        SearchHit(rank, replace(CASE, case_id=str(rank), patient=patient, label=label), 0.9, False)
        for rank, (patient, label) in enumerate(facts, 1)
    ]


def ranks(found: list[SearchHit], seeds: list[int]) -> list[tuple[list[int], str]]:
    groups = groups_of([hit.case for hit in found], np.stack([look(picture(seed)) for seed in seeds]))
    return [([hit.rank for hit in f.hits], f.reason) for f in fold(found, groups)]


def test_frames_of_one_patient_and_structure_are_one() -> None:
    found = hits(
        ("a", "throat"), ("b", "throat"), ("a", "throat"), ("a", "vc-open"), (None, "throat"), (None, "throat")
    )
    assert [rows for rows, _ in ranks(found, [1, 2, 3, 4, 5, 6])] == [[1, 3], [2], [4], [5], [6]]


def test_nearly_the_same_picture_is_one_whoever_it_is_of() -> None:
    found = hits((None, "throat"), ("b", "throat"), ("b", "throat"), (None, "throat"))
    assert ranks(found, [1, 2, 3, 1]) == [([1, 4], "look"), ([2, 3], "patient")]
    assert ranks(found, [1, 1, 2, 3]) == [([1, 2, 3], "both"), ([4], "look")]


def test_a_mirrored_copy_shows_another_side_and_stands_for_itself() -> None:
    found = hits((None, "ear-left"), (None, "ear-right"))
    groups = groups_of([hit.case for hit in found], np.stack([look(picture(1)), look(mirror(picture(1)))]))
    assert [len(f.hits) for f in fold(found, groups)] == [1, 1]


def test_the_results_of_a_library_are_folded_by_their_thumbnails(library: Library) -> None:
    large = png(picture(1, (320, 240)))
    files = {"a.png": png(picture(1)), "b.png": large, "c.png": png(picture(2))}
    items = tuple(SourceItem(name, CaseFacts(label="throat"), lambda data=data: data) for name, data in files.items())
    library.ingest(Source("made up", items, (), ()))
    result = library.search(Query((png(picture(1)),)))
    folded = Folding(library.store)(result.hits)
    assert [[hit.case.filename for hit in f.hits] for f in folded] == [["a.png", "b.png"], ["c.png"]]
    assert Folding(library.store)(()) == ()


def test_rankings_folded_together_have_the_same_cards(library: Library) -> None:
    files = {"a.png": png(picture(1)), "b.png": png(picture(1, (320, 240))), "c.png": png(picture(2))}
    items = tuple(SourceItem(name, CaseFacts(label="throat"), lambda data=data: data) for name, data in files.items())
    library.ingest(Source("made up", items, (), ()))
    by_name = {hit.case.filename: hit for hit in library.search(Query((png(picture(1)),))).hits}
    one, other = ([by_name[name] for name in names] for names in (("a.png", "c.png"), ("c.png", "b.png")))
    left, right, none = Folding(library.store).together(one, other, ())
    assert [fold.group for fold in left] == [fold.group for fold in right][::-1]
    assert ([len(fold.hits) for fold in (*left, *right)], none) == ([1, 1, 1, 1], ())


def test_a_card_has_the_rank_of_its_first_wherever_it_stands() -> None:
    before, after = hits(("a", "throat"), ("a", "throat"), ("b", "throat"), (None, "nose")), []
    for rank, at in enumerate((2, 1, 0), 1):
        after.append(replace(before[at], rank=rank))
    cases = [hit.case for hit in before]
    groups = groups_of(cases, np.stack([look(picture(seed)) for seed in range(len(cases))]))
    moved = card_moves(fold(before, groups), fold(after, groups))
    # that of patient a is led by its second image after the flow: it has gone to rank 2, not to 3
    assert [(move.rank, move.other, move.by) for move in moved.values()] == [(1, 2, "2"), (3, 1, None), (4, None, None)]
    assert {move.depth for move in moved.values()} == {3}
    back = card_moves(fold(after, groups), fold(before, groups))
    assert {case_id: (move.up, move.by) for case_id, move in back.items()} == {"3": (2, None), "2": (-1, "1")}
