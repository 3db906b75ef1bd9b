"""Words: counts against a plain sort, and phrases for any taxonomy."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest

from core.encoder_spec import Embeddings
from core.errors import QueryError
from core.library import Library
from core.taxonomy import ENT, AnatomyClass, Taxonomy
from core.vectors import PLAIN
from core.words import PHRASES, ask_in_words, phrases_of
from tests.conftest import DIMENSION, FakeEncoder
from tests.core.test_ingest import ingest


class Reader(FakeEncoder):
    """Reads each text as a fixed direction of its own, or as one that it was told."""

    def __init__(self) -> None:
        super().__init__()
        self.means: dict[str, Embeddings] = {}

    def encode_texts(self, texts: Sequence[str]) -> Embeddings:
        rows = [self.means.get(text, np.random.default_rng(len(text)).normal(size=DIMENSION)) for text in texts]
        return np.stack([row / np.linalg.norm(row) for row in rows]).astype(np.float32)


@pytest.fixture
def encoder() -> Reader:
    return Reader()


def test_hits_are_those_of_a_plain_sort(library: Library, folder_of: Callable[..., Path]) -> None:
    ingest(library, folder_of({"ear-left": 6, "ear-right": 4, "throat": 10, "other": 5}))
    report = ask_in_words(library)
    cases = [case for case in library.catalog.cases(order="oldest") if case.label]
    vectors = library.catalog.vectors.get(PLAIN, [case.case_id for case in cases])
    assert report.cases == 20
    assert [p.label for p in report.phrases] == ["ear-left"] * 3 + ["ear-right"] * 3 + ["throat"] * 3
    for phrase in report.phrases:
        order = np.argsort(-(vectors @ library.encoder.encode_texts([phrase.text])[0]))[:5]
        hits = sum(cases[i].label == phrase.label for i in order)
        assert (phrase.hits, phrase.top) == (hits, 5)
        assert phrase.base_rate == {"ear-left": 0.3, "ear-right": 0.2, "throat": 0.5}[phrase.label]
        assert phrase.ratio == pytest.approx(hits / 5 / phrase.base_rate)
    assert report.ratio == pytest.approx(np.mean([p.ratio for p in report.phrases]))
    assert report.by_class["throat"] == pytest.approx(np.mean([p.ratio for p in report.phrases[6:]]))


def test_words_that_mean_their_class_reach_the_most_there_can_be(
    library: Library, encoder: Reader, folder_of: Callable[..., Path]
) -> None:
    ingest(library, folder_of({"ear-left": 1, "throat": 4}))
    case = next(case for case in library.catalog.cases() if case.label == "ear-left")
    encoder.means["the ear"] = library.catalog.vectors.get(PLAIN, [case.case_id])[0]
    (phrase,) = ask_in_words(library, {"ear-left": ["the ear"]}, top=1).phrases
    assert (phrase.hits, phrase.ratio) == (1, 5.0)


def test_every_class_has_words() -> None:
    assert phrases_of(ENT).keys() == PHRASES.keys()
    own = Taxonomy("own", (AnatomyClass("knee-left", "Left knee", "knee"), AnatomyClass("elbow", "Elbow", "elbow")))
    assert phrases_of(own) == {"knee-left": ("left knee", "knee left"), "elbow": ("elbow",)}


def test_a_library_that_cannot_be_asked_says_so(library: Library, folder_of: Callable[..., Path]) -> None:
    with pytest.raises(QueryError, match="labelled cases"):
        ask_in_words(library)
    ingest(library, folder_of({"throat": 3}))
    with pytest.raises(QueryError, match="at least one nearest"):
        ask_in_words(library, top=0)
    assert ask_in_words(library, {"ear-left": ["left ear"]}).phrases == ()
