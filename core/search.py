"""A query answered: encode, move by the flow, find neighbours, weigh what they say."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass

import numpy as np

from core.blend import SAMPLE, blend
from core.case import Case
from core.catalog import Catalog
from core.encoder_spec import Encoder
from core.errors import QueryError
from core.filters import EVERYTHING, Filters
from core.flow import Flow
from core.imaging import Limits, SafeImage, load_image
from core.index import ChromaIndex, Neighbour, Space
from core.neighbours import NeighbourFinder
from core.rerank import Reranker
from core.timings import Clock, Timings
from core.vectors import PLAIN, Matrix

EVIDENCE_NEIGHBOURS = 12
"""How many labelled neighbours are asked for their class."""

MOST_RESULTS = 1000
RERANKED = 100
"""The nearest cases among which class evidence may change the order."""
MOST_LETTERS = 1000
"""Length of one text of a query; encoders read a sentence or two and no further."""


@dataclass(frozen=True)
class Query:
    """What to search with (image files' bytes, ids of stored cases, words; their mean), where, and for how many.

    Images and cases together have as much say as all texts together. `space` None means after the flow where one is
    active, before it otherwise. With words it is before the flow, and only there: the encoder's text tower was trained
    to meet the images in that space, and the flow has only ever learnt to move images.
    """

    images: tuple[bytes, ...] = ()
    cases: tuple[str, ...] = ()
    texts: tuple[str, ...] = ()
    top_k: int = 10
    filters: Filters = EVERYTHING
    space: Space | None = None
    rerank: bool | None = None  # weigh in how likely the classes are the same; None: where validation says it helps


@dataclass(frozen=True)
class SearchHit:
    """One result: its rank from 1, cosine similarity in [-1, 1], and whether it is the query's picture itself."""

    rank: int
    case: Case
    similarity: float
    identical: bool


@dataclass(frozen=True)
class Evidence:
    """What class the nearest labelled cases of the whole library are of: shares sum to 1, largest first.

    `neighbours` is how many were asked; the query's own picture is not among them.
    """

    shares: Mapping[str, float]
    neighbours: int


@dataclass(frozen=True)
class SearchResult:
    """Ranked hits, class evidence, and the stored cases that have exactly the pixels of a query image.

    `reranked`: the hits are in the order of their scores by `core.rerank`, not of their similarities.
    """

    hits: tuple[SearchHit, ...]
    evidence: Evidence
    identical: tuple[str, ...]
    space: Space
    milliseconds: Timings
    reranked: bool = False


class Searcher:
    """Answers queries on one library; safe to share between threads."""

    def __init__(
        self,
        catalog: Catalog,
        reading: Callable[[], AbstractContextManager[ChromaIndex]],
        encoder: Encoder,
        limits: Limits,
    ) -> None:
        self.catalog = catalog
        self._reading = reading
        self._encoder = encoder
        self._limits = limits
        self._finder = NeighbourFinder(catalog)

    def search(self, query: Query, flow: Flow | None, reranker: Reranker | None = None) -> SearchResult:
        """The cases nearest to `query`, re-ranked by `reranker`, the flow's own, where the query asks for it.

        Raises QueryError, ImageError or EncoderError when it cannot be answered.
        """
        _check(query, flow)
        clock = Clock()
        images = [load_image(data, self._limits) for data in query.images]
        identical = self._identical(images)
        clock.lap("decode")
        pictures = self._embed(images, query.cases)
        words = self._encoder.encode_texts(query.texts) if query.texts else None
        clock.lap("encode")
        space: Space = query.space or ("before" if flow is None or query.texts else "after")
        if len(pictures) and flow is not None and space == "after":
            pictures = flow.transform(pictures)
        vector = self._vector(pictures, words)
        clock.lap("flow")
        reranker = _wanted(query, space, reranker)
        found, votes = self._neighbours(query, space, vector, identical, 0 if reranker is None else RERANKED)
        if reranker is not None:
            found = self._reranked(found, vector, flow, reranker)[: query.top_k]
        hits = self._hits(found, identical)
        evidence = _evidence(votes)
        clock.lap("index")
        return SearchResult(hits, evidence, identical, space, clock.timings(), reranker is not None)

    def _identical(self, images: list[SafeImage]) -> tuple[str, ...]:
        found = (self.catalog.by_pixels(image.pixel_sha256) for image in images)
        return tuple(dict.fromkeys(case_id for case_id in found if case_id is not None))

    def _embed(self, images: list[SafeImage], case_ids: tuple[str, ...]) -> Matrix:
        """(Q, D): one row an image, one a stored case."""
        stored = self.catalog.vectors.known(PLAIN, case_ids)
        if missing := [case_id for case_id in case_ids if case_id not in stored]:
            raise QueryError(f"there is no case {', '.join(missing)} with an embedding in this library")
        encoded: Sequence[Matrix] | Matrix = (
            self._encoder.encode_images([image.rgb for image in images]) if images else ()
        )
        rows = [*encoded, *(stored[case_id] for case_id in case_ids)]
        return np.stack(rows) if rows else np.empty((0, self._encoder.spec.dimension), np.float32)

    def _vector(self, pictures: Matrix, words: Matrix | None) -> Matrix:
        """What to look for (D,): the mean of the pictures (Q, D), of the words (T, D), or of both means."""
        if words is None:
            return _mean(pictures)
        if not len(pictures):
            return _mean(words)
        return blend(_mean(words), _mean(pictures), self.catalog.vectors.sample(PLAIN, SAMPLE))

    def _neighbours(
        self, query: Query, space: Space, vector: Matrix, identical: tuple[str, ...], at_least: int
    ) -> tuple[list[Neighbour], list[str]]:
        """The hits, `at_least` so many where there are, and the labels of the nearest labelled cases of the library."""
        excluded, wanted = set(query.cases), max(query.top_k, at_least)
        with self._reading() as index:
            wide = self._finder.find(index, space, vector, max(wanted, 2 * EVIDENCE_NEIGHBOURS), exclude=excluded)
            found = wide[:wanted]
            if query.filters:
                found = self._finder.find(index, space, vector, wanted, query.filters, excluded)
            votes = self._labels(wide, identical)
            if len(votes) < EVIDENCE_NEIGHBOURS:  # many unlabelled ones are in between: ask for the labelled alone
                labelled = Filters(label=self.catalog.taxonomy.labels)
                voters = (index, space, vector, EVIDENCE_NEIGHBOURS, labelled, {*excluded, *identical})
                votes = self._labels(self._finder.find(*voters), identical)
        return found, votes

    def _reranked(
        self, found: list[Neighbour], vector: Matrix, flow: Flow | None, reranker: Reranker
    ) -> list[Neighbour]:
        """The same neighbours by their scores, highest first; equal ones stay as they are."""
        known = self.catalog.vectors.known(flow.flow_id if flow else PLAIN, [n.case_id for n in found])
        kept = [n for n in found if n.case_id in known]
        if not kept:
            return []
        similarity = np.array([[n.similarity for n in kept]])
        scores = reranker(vector[None], np.stack([known[n.case_id] for n in kept]), similarity)[0]
        return [kept[row] for row in np.argsort(-scores, kind="stable")]

    def _labels(self, neighbours: list[Neighbour], identical: tuple[str, ...]) -> list[str]:
        cases = self.catalog.cases_by_id([n.case_id for n in neighbours if n.case_id not in identical])
        return [case.label for case in cases if case.label is not None][:EVIDENCE_NEIGHBOURS]

    def _hits(self, found: list[Neighbour], identical: tuple[str, ...]) -> tuple[SearchHit, ...]:
        cases = {case.case_id: case for case in self.catalog.cases_by_id([n.case_id for n in found])}
        kept = [n for n in found if n.case_id in cases]
        return tuple(
            SearchHit(rank, cases[n.case_id], n.similarity, n.case_id in identical) for rank, n in enumerate(kept, 1)
        )


def _evidence(votes: list[str]) -> Evidence:
    return Evidence({label: n / len(votes) for label, n in Counter(votes).most_common()}, len(votes))


def _check(query: Query, flow: Flow | None) -> None:
    if not (query.images or query.cases or query.texts):
        raise QueryError("nothing to search with: give an image, the id of a stored case, or words")
    for text in query.texts:
        if not 1 <= len(text.strip()) <= MOST_LETTERS:
            raise QueryError(f"words to search with must have 1 to {MOST_LETTERS} letters, got {len(text.strip())}")
    if not 1 <= query.top_k <= MOST_RESULTS:
        raise QueryError(f"top-k must lie between 1 and {MOST_RESULTS}, got {query.top_k}")
    if query.space == "after" and flow is None:
        raise QueryError("this library has no active flow: search before the flow, or activate one first")
    if query.space == "after" and query.texts:
        raise QueryError("words are compared with images before the flow, which moves only images: search before it")


def _wanted(query: Query, space: Space, reranker: Reranker | None) -> Reranker | None:
    """The re-ranker if this query is to be re-ranked. Raises QueryError where it asks for what there is not."""
    usable = reranker if space == "after" else None
    if query.rerank and usable is None:
        raise QueryError(
            "this search cannot be re-ranked: that takes an active flow that was trained in this library, and a search "
            "after it; train and activate one, or search without re-ranking"
        )
    if query.rerank is None and usable is not None and not usable.validation.helps:
        return None
    return None if query.rerank is False else usable


def _mean(vectors: Matrix) -> Matrix:
    """The normalised mean (D,) of the rows of (Q, D)."""
    mean = vectors.mean(axis=0)
    length = float(np.linalg.norm(mean))
    if not length > 1e-6:
        raise QueryError("the parts of the query cancel each other out; search with fewer of them")
    return np.asarray(mean / length, dtype=np.float32)
