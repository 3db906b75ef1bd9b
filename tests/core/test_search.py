"""Searching: by image, by case, by several; filters, evidence, identical pictures, flows."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from core.errors import EncoderError, EncoderMismatch, ImageError, LibraryError, QueryError
from core.filters import Filters
from core.flow import Flow
from core.library import Library
from core.manifest import CaseFacts
from core.search import Query
from core.sources import Source, SourceItem
from core.vector_field import VectorField
from core.vectors import PLAIN
from tests.conftest import DIMENSION, FakeEncoder, picture, png
from tests.core.test_ingest import ingest


@pytest.fixture
def filled(library: Library, folder_of: Callable[..., Path]) -> Library:
    ingest(library, folder_of({"ear-left": 8, "ear-right": 6, "throat": 6, "other": 2}))
    return library


def test_a_stored_picture_is_pointed_out_and_does_not_vote(filled: Library) -> None:
    result = filled.search(Query((png(picture(3)),), top_k=5))
    first = result.hits[0]
    assert first.identical
    assert first.similarity == pytest.approx(1.0, abs=1e-5)
    assert result.identical == (first.case.case_id,)
    assert result.evidence.neighbours == 12
    assert sum(result.evidence.shares.values()) == pytest.approx(1.0)
    assert [hit.rank for hit in result.hits] == [1, 2, 3, 4, 5]


def test_a_case_never_returns_itself(filled: Library) -> None:
    for case in filled.catalog.cases():
        hits = filled.search(Query(cases=(case.case_id,), top_k=22)).hits
        assert case.case_id not in {hit.case.case_id for hit in hits}
        assert len(hits) == 21


def test_several_are_searched_by_their_mean(filled: Library) -> None:
    first, second = filled.catalog.cases(limit=2)
    vectors = filled.catalog.vectors.get(PLAIN, [first.case_id, second.case_id])
    mean = vectors.mean(axis=0) / np.linalg.norm(vectors.mean(axis=0))
    hits = filled.search(Query(cases=(first.case_id, second.case_id), top_k=3)).hits
    found = filled.catalog.vectors.get(PLAIN, [hit.case.case_id for hit in hits])
    assert [hit.similarity for hit in hits] == pytest.approx((found @ mean).tolist(), abs=1e-5)
    mixed = filled.search(Query((png(picture(99)),), (first.case_id,), top_k=3))
    assert first.case_id not in {hit.case.case_id for hit in mixed.hits}


def test_words_find_the_picture_they_mean_and_bring_evidence(filled: Library) -> None:
    result = filled.search(Query(texts=("picture 3",), top_k=22))
    vectors = filled.catalog.vectors.get(PLAIN, [hit.case.case_id for hit in result.hits])
    words = filled.encoder.encode_texts(["picture 3"])[0]
    assert [hit.similarity for hit in result.hits] == pytest.approx(sorted(vectors @ words, reverse=True), abs=1e-5)
    assert (result.space, result.identical, result.evidence.neighbours) == ("before", (), 12)
    assert filled.search(Query(texts=("picture 3",), filters=Filters(label=("throat",)))).hits[0].case.label == "throat"


def test_several_texts_are_searched_by_their_mean(filled: Library) -> None:
    words = filled.encoder.encode_texts(["picture 3", "picture 9"]).mean(axis=0)
    hits = filled.search(Query(texts=("picture 3", "picture 9"), top_k=4)).hits
    found = filled.catalog.vectors.get(PLAIN, [hit.case.case_id for hit in hits])
    assert [hit.similarity for hit in hits] == pytest.approx((found @ words / np.linalg.norm(words)).tolist(), abs=1e-5)


def test_words_and_pictures_have_the_same_say(filled: Library) -> None:
    """Either part ranks the picture it means first, and together they rank both before all others."""
    three, nine = (filled.search(Query((png(picture(seed)),), top_k=1)).hits[0].case.case_id for seed in (3, 9))
    both = filled.search(Query((png(picture(3)),), texts=("picture 9",), top_k=2))
    assert {hit.case.case_id for hit in both.hits} == {three, nine}
    assert both.identical == (three,)
    stored = filled.search(Query(cases=(three,), texts=("picture 9",), top_k=1))
    assert stored.hits[0].case.case_id == nine


def test_words_are_searched_before_the_flow_and_only_there(filled: Library) -> None:
    filled.flows.put(Flow(VectorField(dim=DIMENSION), flow_id="a-flow"))
    filled.activate("a-flow")
    assert filled.search(Query(texts=("picture 3",))).space == "before"
    assert filled.search(Query((png(picture(3)),), texts=("picture 3",))).space == "before"
    with pytest.raises(QueryError, match="words are compared with images before the flow"):
        filled.search(Query(texts=("picture 3",), space="after"))


def test_an_encoder_that_cannot_read_words_says_so(filled: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_text_tower(self: FakeEncoder, texts: object) -> None:
        raise EncoderError("encoder fake cannot read words")

    monkeypatch.setattr(FakeEncoder, "encode_texts", no_text_tower)
    with pytest.raises(EncoderError, match="cannot read words"):
        filled.search(Query(texts=("left ear",)))


def test_filters_leave_the_evidence_unfiltered(filled: Library) -> None:
    result = filled.search(Query((png(picture(99)),), filters=Filters(label=("throat",))))
    assert {hit.case.label for hit in result.hits} == {"throat"}
    assert len(result.evidence.shares) > 1


def test_evidence_counts_labelled_neighbours(filled: Library) -> None:
    result = filled.search(Query((png(picture(99)),), top_k=22))
    labelled = [hit.case.label for hit in result.hits if hit.case.label is not None][:12]
    expected = {label: labelled.count(label) / 12 for label in set(labelled)}
    assert dict(result.evidence.shares) == pytest.approx(expected)
    assert list(result.evidence.shares.values()) == sorted(result.evidence.shares.values(), reverse=True)


def test_unlabelled_neighbours_do_not_thin_the_evidence(library: Library, folder_of: Callable[..., Path]) -> None:
    ingest(library, folder_of({"throat": 6, "ear-left": 6, "other": 60}))
    narrow, wide = (library.search(Query((png(picture(999)),), top_k=top_k)) for top_k in (3, 72))
    assert narrow.evidence.neighbours == 12
    assert narrow.evidence == wide.evidence


def test_a_filter_given_twice_filters_once(filled: Library) -> None:
    hits = filled.search(Query((png(picture(99)),), filters=Filters(label=("throat", "throat")))).hits
    assert len({hit.case.case_id for hit in hits}) == len(hits) == 6


def test_the_flow_moves_query_and_cases_alike(filled: Library) -> None:
    flow = Flow(VectorField(dim=DIMENSION), flow_id="a-flow")
    filled.flows.put(flow)
    filled.activate("a-flow")
    case = filled.catalog.cases(limit=1)[0]
    after = filled.search(Query(cases=(case.case_id,), top_k=21))
    assert after.space == "after"
    ids = [hit.case.case_id for hit in after.hits]
    moved = flow.transform(filled.catalog.vectors.get(PLAIN, [case.case_id, *ids]))
    assert [hit.similarity for hit in after.hits] == pytest.approx((moved[1:] @ moved[0]).tolist(), abs=1e-4)
    before = filled.search(Query(cases=(case.case_id,), space="before"))
    assert before.space == "before"


def test_words_that_the_encoder_never_read_are_named(filled: Library) -> None:
    assert filled.search(Query(texts=("unseen picture 3", "picture 4"))).unknown_words == ("unseen",)
    assert filled.search(Query(images=(png(picture(3)),))).unknown_words == ()


def test_where_no_word_is_known_nobody_is_asked_for_the_class(filled: Library) -> None:
    lost = filled.search(Query(texts=("unseen un3",)))
    assert lost.hits
    assert (lost.meaningless, lost.evidence.neighbours, lost.side.side) == (True, 0, None)
    assert not filled.search(Query(texts=("unseen 3",))).meaningless
    alone, both = (filled.search(Query((png(picture(99)),), texts=texts)) for texts in ((), ("unseen un3",)))
    assert not both.meaningless
    assert [hit.case for hit in both.hits] == [hit.case for hit in alone.hits]


def test_frames_of_one_patient_are_one_witness(library: Library) -> None:
    near = [SourceItem(f"{n}.png", CaseFacts("throat", patient="p1"), partial(png, picture(n))) for n in range(1, 30)]
    others = [SourceItem(f"{n}.png", CaseFacts("ear-left"), partial(png, picture(n))) for n in range(30, 36)]
    library.ingest(Source("made", (*near, *others)))
    evidence = library.search(Query(cases=(library.catalog.ids()[0],))).evidence
    assert evidence.neighbours == 6
    assert evidence.shares == {"ear-left": 5 / 6, "throat": 1 / 6}


def test_stages_are_timed(filled: Library) -> None:
    times = filled.search(Query((png(picture(1)),))).milliseconds
    assert times.total == pytest.approx(times.decode + times.encode + times.flow + times.index, abs=0.1)


@pytest.mark.parametrize(
    ("query", "said"),
    [
        (Query(), "nothing to search with"),
        (Query(cases=("nope",)), "no case nope"),
        (Query(cases=("nope",), top_k=0), "between 1 and 1000"),
        (Query(cases=("nope",), space="after"), "no active flow"),
        (Query(texts=("  ",)), "1 to 1000 letters, got 0"),
        (Query(texts=("left ear", "x" * 1001)), "1 to 1000 letters, got 1001"),
    ],
)
def test_a_query_that_cannot_be_answered_is_refused_in_words(filled: Library, query: Query, said: str) -> None:
    with pytest.raises(QueryError, match=said):
        filled.search(query)


def test_a_bad_query_image_is_refused(filled: Library) -> None:
    with pytest.raises(ImageError):
        filled.search(Query((b"not an image",)))


def test_an_empty_library_answers_with_nothing(library: Library) -> None:
    result = library.search(Query((png(picture(1)),)))
    assert result.hits == ()
    assert result.evidence.neighbours == 0


def test_another_encoder_is_refused(filled: Library) -> None:
    from dataclasses import replace

    other = FakeEncoder()
    other.spec = replace(FakeEncoder.spec, weights_sha256="1" * 64)
    with pytest.raises(EncoderMismatch, match="bound to the encoder fake"):
        Library.open(filled.root, encoder=other)


def test_a_folder_in_use_is_not_made_a_library(tmp_path: Path, encoder: FakeEncoder) -> None:
    (tmp_path / "note.txt").write_text("mine")
    with pytest.raises(LibraryError, match="already in use"):
        Library.create(tmp_path, encoder=encoder)
    with pytest.raises(LibraryError, match="is not a library"):
        Library.open(tmp_path, encoder=encoder)
    assert [path.name for path in tmp_path.iterdir()] == ["note.txt"]


def test_a_library_can_be_moved(filled: Library, encoder: FakeEncoder, tmp_path: Path) -> None:
    filled.close()
    moved = filled.root.rename(tmp_path / "elsewhere")
    library = Library.open(moved, encoder=encoder)
    assert library.verify().ok
    library.close()
