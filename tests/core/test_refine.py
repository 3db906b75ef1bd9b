"""Refining, mirroring, regions and sides: the query's vector against what its parts say it must be."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from core.comparison import moves
from core.errors import QueryError
from core.evidence import Evidence
from core.flow import Flow
from core.imaging import mirror
from core.library import Library
from core.query import Query
from core.refine import WEIGHTS, Weights, rocchio
from core.region import Region
from core.sides import Side, contradicts, said, side_of
from core.taxonomy import ENT
from core.vector_field import VectorField
from core.vectors import PLAIN, Matrix
from tests.conftest import DIMENSION, FakeEncoder, picture, png
from tests.core.test_ingest import ingest


@pytest.fixture
def filled(library: Library, folder_of: Callable[..., Path]) -> Library:
    ingest(library, folder_of({"ear-left": 8, "ear-right": 6, "throat": 6}))
    return library


def unit(vector: Matrix) -> Matrix:
    return np.asarray(vector / np.linalg.norm(vector), np.float32)


def similarities(library: Library, query: Query, vector: Matrix) -> tuple[list[float], list[float]]:
    """Those of the hits as told, and as they must be for that vector."""
    hits = library.search(query).hits
    found = library.catalog.vectors.get(PLAIN, [hit.case.case_id for hit in hits])
    assert hits
    return [hit.similarity for hit in hits], sorted((found @ vector).tolist(), reverse=True)


def test_rocchio_is_its_equation() -> None:
    rng = np.random.default_rng(0)
    query, more, less = (rng.normal(size=shape).astype(np.float32) for shape in (8, (3, 8), (2, 8)))
    moved = rocchio(query, more, less, Weights(2.0, 0.5, 0.25))
    plain = [2 * q + 0.5 * sum(m) / 3 - 0.25 * sum(n) / 2 for q, m, n in zip(query, more.T, less.T, strict=True)]
    assert moved == pytest.approx(np.array(plain) / np.sqrt(np.square(plain).sum()), abs=1e-6)
    nothing = np.empty((0, 8), np.float32)
    assert rocchio(query, nothing, nothing) == pytest.approx(unit(query), abs=1e-6)
    with pytest.raises(QueryError, match="cancel"):
        rocchio(query, nothing, 2 * query[None], Weights(1, 1, 0.5))


def test_marks_move_a_query_and_are_no_witnesses(filled: Library) -> None:
    first = filled.search(Query((png(picture(99)),), top_k=20))
    up, down = first.hits[5].case, first.hits[1].case
    query = Query((png(picture(99)),), top_k=20, more=(up.case_id,), less=(down.case_id,))
    own = filled.encoder.encode_images([picture(99)])[0]
    more, less = filled.catalog.vectors.get(PLAIN, [up.case_id, down.case_id])
    told, expected = similarities(filled, query, unit(own + WEIGHTS.more * more - WEIGHTS.less * less))
    assert told == pytest.approx(expected, abs=1e-5)
    moved = filled.search(query)
    ranks = {hit.case.case_id: hit.rank for hit in moved.hits}
    assert ranks[up.case_id] < 6
    assert ranks[down.case_id] > 2
    witnesses = [hit.case for hit in moved.hits if hit.case not in (up, down)][:12]
    assert moved.evidence.shares["throat"] == pytest.approx(sum(c.label == "throat" for c in witnesses) / 12)


def test_words_are_refined_on_the_scale_of_pictures(filled: Library) -> None:
    case = filled.catalog.cases(limit=1)[0].case_id
    refined = filled.search(Query(texts=("picture 3",), more=(case,), top_k=2))
    third = filled.search(Query((png(picture(3)),), top_k=1)).hits[0].case.case_id
    assert {hit.case.case_id for hit in refined.hits} == {case, third}


def test_marks_after_a_flow_are_taken_after_it(filled: Library) -> None:
    flow = Flow(VectorField(dim=DIMENSION), flow_id="a-flow")
    filled.flows.put(flow)
    filled.activate("a-flow")
    one, two = filled.catalog.cases(limit=2)
    hits = filled.search(Query(cases=(one.case_id,), more=(two.case_id,), top_k=18)).hits
    moved = flow.transform(filled.catalog.vectors.get(PLAIN, [one.case_id, two.case_id]))
    vector = unit(moved[0] + WEIGHTS.more * moved[1])
    found = flow.transform(filled.catalog.vectors.get(PLAIN, [hit.case.case_id for hit in hits]))
    assert [hit.similarity for hit in hits] == pytest.approx((found @ vector).tolist(), abs=1e-4)


def test_the_mirror_image_is_searched_with(filled: Library) -> None:
    own = filled.encoder.encode_images([mirror(picture(99))])[0]
    told, expected = similarities(filled, Query((png(picture(99)),), mirror=True), own)
    assert told == pytest.approx(expected, abs=1e-5)
    case = next(case for case in filled.catalog.cases() if case.label == "ear-left")
    stored = filled.search(Query(cases=(case.case_id,), mirror=True))
    assert stored.side == Side("right", "label", stored.side.agreed, stored.side.votes)
    assert filled.search(Query(cases=(case.case_id,))).side.side == "left"
    assert case.case_id not in {hit.case.case_id for hit in stored.hits}


def test_only_the_region_is_searched_with(filled: Library) -> None:
    region = Region(0.25, 0.0, 0.75, 1.0)
    own = filled.encoder.encode_images([region.crop(picture(99))])[0]
    told, expected = similarities(filled, Query((png(picture(99)),), region=region), own)
    assert told == pytest.approx(expected, abs=1e-5)
    case = filled.catalog.cases(limit=1)[0]
    whole, part = (filled.search(Query(cases=(case.case_id,), region=r)).hits for r in (None, region))
    assert [hit.similarity for hit in whole] != [hit.similarity for hit in part]


def test_a_region_is_cut_out_to_the_pixel() -> None:
    image = picture(1, (100, 80))
    cut = Region(0.1, 0.25, 0.9, 0.75).crop(image)
    assert cut.size == (80, 80)
    assert cut.crop((0, 20, 80, 60)).tobytes() == image.crop((10, 20, 90, 60)).tobytes()
    assert not np.asarray(cut)[:20].any()
    with pytest.raises(QueryError, match="5 x 80 pixels"):
        Region(0, 0, 0.05, 1).crop(image)


@pytest.mark.parametrize("text", ["", "0,0,1", "0,0,1,x", "0.5,0,0.5,1", "0,0.9,1,0.1", "0,0,1,1.1", "nan,0,1,1"])
def test_what_is_no_region_is_refused(text: str) -> None:
    with pytest.raises(QueryError, match="a region is"):
        Region.parse(text)


def test_a_picture_is_encoded_once_for_all_that_is_asked_of_it(filled: Library, encoder: FakeEncoder) -> None:
    query = Query((png(picture(99)),))
    filled.search(query)
    before = encoder.encoded
    filled.search(Query(query.images, top_k=3, more=(filled.catalog.cases(limit=1)[0].case_id,)))
    assert encoder.encoded == before
    filled.search(Query(query.images, mirror=True))
    assert encoder.encoded == before + 1


def test_the_side_comes_from_labels_or_most_neighbours() -> None:
    assert side_of((), (), {"ear-left": 9, "ear-right": 3}, ENT) == Side("left", "neighbours", True, 9)
    assert side_of((), (), {"ear-left": 6, "throat": 6}, ENT) == Side(None, "neighbours", True)
    assert side_of(("nose-left",), (), {"nose-right": 4}, ENT, mirrored=True) == Side("right", "label", True, 4)
    assert side_of(("throat",), (), {"ear-left": 4}, ENT) == Side(None, "label", True)
    assert side_of(("ear-left", None), (), {}, ENT) == Side(None, "neighbours", True)
    assert contradicts("ear-left", "right", ENT)
    assert not any(contradicts(*pair, ENT) for pair in (("ear-left", "left"), ("throat", "left"), ("ear-left", None)))


def test_neighbours_near_even_only_warn() -> None:
    assert side_of((), (), {"ear-left": 8, "ear-right": 4}, ENT) == Side(None, "neighbours", False)
    assert side_of(("ear-left",), (), {"ear-left": 8, "ear-right": 4}, ENT) == Side("left", "label", False, 8)


def test_words_name_the_side_before_neighbours_do() -> None:
    right = {"ear-right": 12}
    assert side_of((), ("left", "eardrum"), right, ENT) == Side("left", "words", True, 0)
    assert side_of((), ("left", "or", "right"), right, ENT) == Side("right", "neighbours", True, 12)


def test_a_region_without_sides_has_none_to_say_or_to_disagree_on() -> None:
    counts = {"vc-open": 6, "ear-left": 3, "ear-right": 3}
    assert side_of((), ("left", "vocal", "cord"), counts, ENT) == Side()
    assert side_of((), (), {"throat": 5, "ear-left": 4, "nose-right": 3}, ENT) == Side()


def test_what_the_side_is_from_is_said() -> None:
    asked = Evidence.of(["ear-left"] * 9 + ["throat"] * 3, {"ear-left": 50, "throat": 50})
    assert said(Side("left", "neighbours", True, 9), asked) == "taken as left: from 9 of 12 neighbours"
    assert said(Side("right", "words"), asked) == "taken as right: from your words"
    assert said(Side(None, "neighbours", False), asked) == ""


def test_the_same_side_is_kept_to(filled: Library) -> None:
    case = next(case for case in filled.catalog.cases() if case.label == "ear-right")
    result = filled.search(Query(cases=(case.case_id,), same_side=True, top_k=20))
    assert {hit.case.label for hit in result.hits} == {"ear-right"}
    throat = next(case for case in filled.catalog.cases() if case.label == "throat")
    assert len(filled.search(Query(cases=(throat.case_id,), same_side=True, top_k=20)).hits) == 19


def test_moves_are_those_of_ranks(filled: Library) -> None:
    one = filled.search(Query((png(picture(99)),), top_k=6)).hits
    other = filled.search(Query((png(picture(98)),), top_k=6)).hits
    naive = [hit.case.case_id for hit in other]
    for case_id, move in moves(one, other).items():
        place = naive.index(case_id) + 1 if case_id in naive else None
        assert (move.other, move.depth) == (place, 6)
        assert move.up == (None if place is None else place - move.rank)


@pytest.mark.parametrize(
    ("query", "said"),
    [
        (Query(texts=("picture 1",), mirror=True), "no mirror image"),
        (Query((b"1", b"2"), region=Region(0, 0, 0.5, 0.5)), "this query has 2"),
        (Query((b"1",), more=("a",), less=("a",)), "both more and less"),
        (Query((png(picture(1)),), more=("nope",)), "no case nope"),
    ],
)
def test_what_cannot_be_asked_is_refused_in_words(filled: Library, query: Query, said: str) -> None:
    with pytest.raises(QueryError, match=said):
        filled.search(query)
