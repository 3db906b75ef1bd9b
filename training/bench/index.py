"""Recall and latency of the index, unfiltered and filtered, beside an exact scan in NumPy and in faiss."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from core.catalog import Catalog
from core.errors import QueryError
from core.filters import EVERYTHING, Filters
from core.flow import Flow
from core.indexer import Indexer
from core.lock import WriterLock
from core.neighbours import NeighbourFinder
from core.taxonomy import ENT
from training.bench.synthetic import FINDINGS, cloud, fill, spec
from training.bench.timing import Latency, timed

Vector = npt.NDArray[np.float32]


@dataclass(frozen=True)
class IndexResult:
    """One row of the table: recall@10 is against the exact scan under the same filter."""

    what: str
    cases: int
    recall: float
    index: Latency
    numpy: Latency
    faiss: Latency | None


def run(count: int, dimension: int, queries: int, seed: int, spread: float) -> list[IndexResult]:
    """Fill a library with a cloud and ask for 10 neighbours under every kind of filter."""
    made = cloud(count, dimension, seed, spread=spread)
    asked = cloud(queries, dimension, seed, spread=spread, queries_of=count).vectors
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        catalog = Catalog.create(root / "catalog.db", "bench", spec(dimension), ENT)
        ids = np.array(fill(catalog, made))
        indexer = Indexer(root / "index", catalog, _no_flow, WriterLock(root / "writer.lock"))
        indexer.catch_up()
        finder, rows = NeighbourFinder(catalog), []
        for what, filters in _filters(catalog):
            kept = catalog.passing(ids.tolist(), filters)
            mask = np.array([case_id in kept for case_id in ids])

            def ask(query: Vector, filters: Filters = filters) -> list[str]:
                with indexer.reading() as index:
                    return [n.case_id for n in finder.find(index, "before", query, 10, filters)]

            rows.append(_measure(what, ask, made.vectors[mask], ids[mask], asked))
        indexer.close()
        catalog.close()
    return rows


def _filters(catalog: Catalog) -> list[tuple[str, Filters]]:
    classes = [(f"label={label}", Filters(label=(label,))) for label in ENT.labels]
    patient = catalog.cases(limit=1)[0].patient or ""
    return [
        ("no filter", EVERYTHING),
        *classes,
        ("region=ear", Filters(region=("ear",))),
        ("side=left", Filters(side=("left",))),
        ("split=train", Filters(split=("train",))),
        (f"finding={FINDINGS[1]}", Filters(finding=(FINDINGS[1],))),
        (f"label=throat finding={FINDINGS[1]}", Filters(label=("throat",), finding=(FINDINGS[1],))),
        (f"patient={patient}", Filters(patient=(patient,))),
    ]


def _measure(
    what: str, ask: Callable[[Vector], Sequence[str]], vectors: Vector, ids: npt.NDArray[np.str_], queries: Vector
) -> IndexResult:
    k = min(10, len(ids))
    found, index = timed(ask, queries)
    exact, numpy = timed(lambda query: _exact(vectors, query, k), queries)
    shared = [len(set(got) & set(ids[want])) / k for got, want in zip(found, exact, strict=True)]
    return IndexResult(what, len(ids), float(np.mean(shared)), index, numpy, _faiss(vectors, queries, k))


def _exact(vectors: Vector, query: Vector, k: int) -> npt.NDArray[np.intp]:
    similarities = vectors @ query
    best = np.argpartition(-similarities, k - 1)[:k]
    return best[np.argsort(-similarities[best])]


def _faiss(vectors: Vector, queries: Vector, k: int) -> Latency | None:
    try:
        import faiss
    except ImportError:
        return None
    flat = faiss.IndexFlatIP(vectors.shape[1])
    flat.add(vectors)
    return timed(lambda query: flat.search(query[None], k), queries)[1]


def _no_flow(flow_id: str) -> Flow:
    raise QueryError(f"no flow {flow_id} here")
