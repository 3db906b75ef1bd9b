"""Folding results that show the same: by patient and structure, by look, and never more than that."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from core.case import Case
from core.folding import Folding, fold
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
    looks = np.stack([look(picture(seed)) for seed in seeds])
    return [([hit.rank for hit in (f.lead, *f.rest)], f.reason) for f in fold(found, looks)]


def test_frames_of_one_patient_and_structure_are_one() -> None:
    found = hits(
        ("a", "throat"), ("b", "throat"), ("a", "throat"), ("a", "vc-open"), (None, "throat"), (None, "throat")
    )
    assert [rows for rows, _ in ranks(found, [1, 2, 3, 4, 5, 6])] == [[1, 3], [2], [4], [5], [6]]


def test_nearly_the_same_picture_is_one_whoever_it_is_of() -> None:
    found = hits((None, "throat"), ("b", "throat"), ("b", "throat"), (None, "throat"))
    assert ranks(found, [1, 2, 3, 1]) == [([1, 4], "look"), ([2, 3], "patient")]
    assert ranks(found, [1, 1, 2, 3]) == [([1, 2, 3], "both"), ([4], "look")]


def test_the_results_of_a_library_are_folded_by_their_thumbnails(library: Library) -> None:
    large = png(picture(1, (320, 240)))
    files = {"a.png": png(picture(1)), "b.png": large, "c.png": png(picture(2))}
    items = tuple(SourceItem(name, CaseFacts(label="throat"), lambda data=data: data) for name, data in files.items())
    library.ingest(Source("made up", items, (), ()))
    result = library.search(Query((png(picture(1)),)))
    folded = Folding(library.store)(result.hits)
    assert [[hit.case.filename for hit in (f.lead, *f.rest)] for f in folded] == [["a.png", "b.png"], ["c.png"]]
    assert Folding(library.store)(()) == ()
