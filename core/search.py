"""A query answered: encode, move by the flow, find neighbours, weigh what they say."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace

import numpy as np

from core.aim import Aim
from core.blend import SAMPLE, blend, spread
from core.case import Case
from core.catalog import Catalog
from core.closeness import Closeness
from core.encoder_spec import words_of
from core.errors import QueryError
from core.evidence import NOBODY, Evidence, Witnesses
from core.filters import Filters
from core.flow import Flow
from core.index import WHOLE, ChromaIndex, Neighbour, Space
from core.neighbours import NeighbourFinder
from core.query import Query as Query  # for those who ask
from core.query_encoder import Asked, QueryEncoder
from core.refine import rocchio
from core.rerank import Reranker
from core.sides import Side, side_of
from core.timings import Clock, Timings
from core.vectors import PLAIN, Matrix

RERANKED = 100
"""The nearest cases among which class evidence may change the order."""


@dataclass(frozen=True)
class SearchHit:
    """One result: its rank from 1, cosine similarity in [-1, 1], and whether it is the query's picture itself."""

    rank: int
    case: Case
    similarity: float
    identical: bool


@dataclass(frozen=True)
class SearchResult:
    """Ranked hits, class evidence, and the stored cases that have exactly the pixels of a query image.

    `reranked`: the hits are in the order of their scores by `core.rerank`, not of their similarities. `side` is the
    query's, as far as anything tells it. `comparable`: the similarities are those of pairs of whole images.

    `nearest` are the similarities of each whole picture of the query to the case that is nearest to it before the flow,
    images first, then cases: after a flow, which draws everything towards its classes, also what is unlike anything in
    the library has neighbours that are close. `together` is that of the mean of several pictures, where nothing else is
    asked. Both are empty in a library without other cases; `core.yardstick` judges them.

    `far`: the query is nothing but whole pictures, and nothing is close to them: what the nearest are says little of
    it, and its side is not theirs.

    `unknown_words` of the query were never read by the encoder, and count for nothing; `meaningless`: nor does anything
    else, so that the order of the hits is chance, and nobody is asked for the class.
    """

    hits: tuple[SearchHit, ...]
    evidence: Evidence
    identical: tuple[str, ...]
    space: Space
    milliseconds: Timings
    reranked: bool
    side: Side
    comparable: bool
    nearest: tuple[float, ...]
    together: float | None
    unknown_words: tuple[str, ...] = ()
    meaningless: bool = False
    far: bool = False


Judge = Callable[[tuple[float, ...], float | None], Closeness]
"""What tells whether anything is close, by `nearest` and `together` of a result, as `core.yardstick` does."""


class Searcher:
    """Answers queries on one library; safe to share between threads."""

    def __init__(
        self,
        catalog: Catalog,
        reading: Callable[[], AbstractContextManager[ChromaIndex]],
        encode: QueryEncoder,
        judge: Judge,
    ) -> None:
        self.catalog = catalog
        self._judge = judge
        self._reading = reading
        self._encode = encode
        self._finder = NeighbourFinder(catalog)
        self._witnesses = Witnesses(catalog, self._finder)

    def search(self, query: Query, flow: Flow | None, reranker: Reranker | None = None) -> SearchResult:
        """The cases nearest to `query`, re-ranked by `reranker`, the flow's own, where the query asks for it.

        Raises QueryError, ImageError or EncoderError when it cannot be answered.
        """
        query.check(flow)
        clock = Clock()
        asked = self._encode(query, clock)
        aim = self._aim(query, asked, flow)
        clock.lap("flow")
        reranker = _wanted(query, aim.space, reranker)
        with self._reading() as index:
            evidence, wide = self._witnesses.heard(index, aim, query.top_k)
            evidence = NOBODY if asked.meaningless else evidence
            nearest = self._nearest(index, aim, asked.whole)
            means = self._nearest(index, aim, _mean(asked.pictures)[None]) if query.only_pictures else ()
            together = next(iter(means), None)
            far = (query.whole_picture or query.only_pictures) and self._judge(nearest, together).far
            side = self._side(query, asked, NOBODY if far else evidence)
            found = self._found(index, aim, query, side, wide, 0 if reranker is None else RERANKED)
        if reranker is not None:
            found = self._reranked(found, aim.vector, flow, reranker)[: query.top_k]
        hits = self._hits(found, asked.identical)
        clock.lap("index")
        return SearchResult(
            hits=hits,
            evidence=evidence,
            identical=asked.identical,
            space=aim.space,
            milliseconds=clock.timings(),
            reranked=reranker is not None,
            side=side,
            comparable=query.whole_picture,
            nearest=nearest,
            together=together,
            unknown_words=asked.unknown,
            meaningless=asked.meaningless,
            far=far,
        )

    def _aim(self, query: Query, asked: Asked, flow: Flow | None) -> Aim:
        space: Space = query.space or ("before" if flow is None or query.texts else "after")
        pictures, view = asked.pictures, PLAIN
        if flow is not None and space == "after":
            pictures, view = flow.transform(pictures) if len(pictures) else pictures, flow.flow_id
        vector = self._moved(self._vector(pictures, asked.words), query, view)
        hidden = {*query.cases}
        if query.other_patients:
            hidden |= self._of_same_patients(asked)
        return Aim(space, vector, frozenset(hidden), frozenset((*asked.identical, *query.more, *query.less)))

    def _side(self, query: Query, asked: Asked, evidence: Evidence) -> Side:
        own = [case.label for case in asked.cases] if not (query.images or query.texts) else []
        words, taxonomy = words_of(query.texts), self.catalog.taxonomy
        return side_of(own, words, evidence.judged, taxonomy, mirrored=query.mirror, stated=query.side)

    def _vector(self, pictures: Matrix, words: Matrix | None) -> Matrix:
        """What to look for (D,): the mean of the pictures (Q, D), of the words (T, D), or of both means."""
        if words is None:
            return _mean(pictures)
        if not len(pictures):
            return _mean(words)
        return blend(_mean(words), _mean(pictures), self.catalog.vectors.sample(PLAIN, SAMPLE))

    def _moved(self, vector: Matrix, query: Query, view: str) -> Matrix:
        """The vector moved by the query's marks; words are first made to count as much as a picture would."""
        if not (query.more or query.less):
            return vector
        known = self.catalog.vectors.known(view, (*query.more, *query.less))
        if missing := [case_id for case_id in (*query.more, *query.less) if case_id not in known]:
            raise QueryError(f"there is no case {', '.join(missing)} with an embedding in this library")
        more, less = ([known[case_id] for case_id in ids] for ids in (query.more, query.less))
        if query.texts:
            likeness = spread(np.stack([*more, *less]), self.catalog.vectors.sample(PLAIN, SAMPLE)).mean()
            own = spread(vector[None], self.catalog.vectors.sample(PLAIN, SAMPLE))[0]
            vector = vector * np.float32(likeness / own)
        return rocchio(vector, np.array(more, np.float32), np.array(less, np.float32))

    def _of_same_patients(self, asked: Asked) -> set[str]:
        known = (*asked.cases, *self.catalog.cases_by_id(asked.identical))
        patients = tuple(dict.fromkeys(case.patient for case in known if case.patient))
        if not patients:
            return set()
        return set(self.catalog.ids(Filters(patient=patients)))

    def _nearest(self, index: ChromaIndex, aim: Aim, vectors: Matrix) -> tuple[float, ...]:
        """How near the nearest case before the flow is to each of `vectors` (Q, D); nothing where there is none.

        Asked of the index itself: only how near it is matters, not close ties.
        """
        near = (index.nearest("before", WHOLE, vector, 1 + len(aim.hidden)) for vector in vectors)
        found = [[n.similarity for n in neighbours if n.case_id not in aim.hidden] for neighbours in near]
        return tuple(similarities[0] for similarities in found) if all(found) else ()

    def _found(
        self, index: ChromaIndex, aim: Aim, query: Query, side: Side, wide: list[Neighbour], at_least: int
    ) -> list[Neighbour]:
        """The hits, `at_least` so many where there are; `wide` are the nearest cases of all."""
        wanted, filters = max(query.top_k, at_least), query.filters
        if query.same_side and side.side and not filters.side:
            filters = replace(filters, side=(side.side,))
        if not filters and len(wide) >= wanted:
            return wide[:wanted]
        return self._finder.find(index, aim.space, aim.vector, wanted, filters, aim.hidden)

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

    def _hits(self, found: list[Neighbour], identical: tuple[str, ...]) -> tuple[SearchHit, ...]:
        cases = {case.case_id: case for case in self.catalog.cases_by_id([n.case_id for n in found])}
        kept = [n for n in found if n.case_id in cases]
        return tuple(
            SearchHit(rank, cases[n.case_id], n.similarity, n.case_id in identical) for rank, n in enumerate(kept, 1)
        )


def _wanted(query: Query, space: Space, reranker: Reranker | None) -> Reranker | None:
    """The re-ranker if this query is to be re-ranked. Raises QueryError where it asks for what there is not."""
    usable = reranker if space == "after" else None
    if query.rerank and usable is None:
        raise QueryError(
            "this search cannot be re-ranked: that takes an active flow that was trained in this library, and a search "
            "after it; train and activate one, or search without re-ranking"
        )
    if query.rerank is None and usable is not None and not usable.helps:
        return None
    return None if query.rerank is False else usable


def _mean(vectors: Matrix) -> Matrix:
    """The normalised mean (D,) of the rows of (Q, D)."""
    mean = vectors.mean(axis=0)
    length = float(np.linalg.norm(mean))
    if not length > 1e-6:
        raise QueryError("the parts of the query cancel each other out; search with fewer of them")
    return np.asarray(mean / length, dtype=np.float32)
