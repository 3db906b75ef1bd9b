"""Checks a library from end to end: catalogue, files, embeddings and index against each other."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from core.catalog import Catalog
from core.errors import EntError, IndexUnavailable
from core.index import WHOLE, ChromaIndex, Space
from core.indexer import Indexer
from core.schema import DatabaseError, damage
from core.selection import ACTIVE
from core.store import ImageStore
from core.vectors import PLAIN, VectorChunk

PAGE = 1000
PROBES = 50
"""Vectors a collection is asked to find again; a damaged graph loses some."""


@dataclass(frozen=True)
class VerifyReport:
    """What was found: `problems` in words; ok when there are none. Counts are of active cases and indexed vectors."""

    ok: bool
    cases: int
    indexed_before: int
    indexed_after: int
    problems: tuple[str, ...]


class _Count:
    """Images read and vectors compared so far, out of all there are."""

    def __init__(self, total: int, on_progress: Callable[[int, int], None]) -> None:
        self.done, self.total = 0, total
        self._on_progress = on_progress

    def add(self, number: int = 1) -> None:
        self.done += number
        self._on_progress(self.done, self.total)


def verify(
    catalog: Catalog,
    store: ImageStore,
    indexer: Indexer,
    on_progress: Callable[[int, int], None],
    load_flow: Callable[[], object],
) -> VerifyReport:
    """Read everything the library holds and compare, for the holder of the writer's lock.

    `load_flow` raises EntError where the active flow cannot be used.
    Changes nothing but what opening an index mends by itself. `on_progress` is told (steps done, steps in all) and
    may raise to end it. Raises LibraryError when the catalogue cannot be read just now.
    """
    try:
        if said := damage(catalog.engine):
            return _damaged(said)
        views, kept = _views(catalog), catalog.cases_kept()
        steps = _Count(len(kept) + catalog.count() * len(views), on_progress)
        problems = [*_check_files(kept, store, steps), *_check_embeddings(catalog), *_check_flow(load_flow)]
        before, after, found = _check_indexes(catalog, indexer, views, steps)
        problems.extend(found)
        return VerifyReport(not problems, catalog.count(), before, after, tuple(problems))
    except DatabaseError as error:
        return _damaged(str(error.orig))


def _damaged(said: str) -> VerifyReport:
    return VerifyReport(False, 0, 0, 0, (f"the catalogue is damaged ({said}); restore a backup",))


def _views(catalog: Catalog) -> dict[Space, str]:
    flow_id = catalog.active_flow
    return {"before": PLAIN} if flow_id is None else {"before": PLAIN, "after": flow_id}


def _check_indexes(
    catalog: Catalog, indexer: Indexer, views: dict[Space, str], steps: _Count
) -> tuple[int, int, list[str]]:
    try:
        indexer.catch_up()
        with indexer.reading() as index:
            checks = [_check_index(catalog, index, space, view, steps) for space, view in views.items()]
            problems = [said for check in checks for said in check]
            return index.count("before"), index.count("after") if "after" in views else 0, problems
    except IndexUnavailable as error:
        return 0, 0, [f"{error}; run repair"]


def _check_files(kept: list[tuple[str, str]], store: ImageStore, steps: _Count) -> Iterator[str]:
    for sha256, extension in kept:
        steps.add()
        image = store.image_path(sha256, extension)
        if not image.is_file():
            yield f"image file {image.name} is missing; restore it from a backup"
        elif (found := _hash_of(image)) != sha256:
            how = "was altered" if found else "cannot be read"
            yield f"image file {image.name} {how}; restore it from a backup"
        if not store.thumbnail_path(sha256).is_file():
            yield f"the thumbnail of {image.name} is missing; run repair"
    expected = {store.image_path(*names) for names in kept} | {store.thumbnail_path(sha256) for sha256, _ in kept}
    if orphans := store.files() - expected:
        such = f"{len(orphans)} files belong to no case (such as {min(orphans).name})"
        yield f"{such}; run repair, which moves images to orphans/"


def _hash_of(image: Path) -> str | None:
    try:
        return hashlib.sha256(image.read_bytes()).hexdigest()
    except OSError:
        return None


def _check_embeddings(catalog: Catalog) -> Iterator[str]:
    dimension = catalog.state().encoder.dimension
    for chunk in catalog.vectors.chunks(PLAIN):
        if chunk.vectors.shape[1] != dimension:
            yield f"embeddings have {chunk.vectors.shape[1]} numbers where the encoder makes {dimension}"
            return
        lengths = np.linalg.norm(chunk.vectors, axis=1)
        for row in np.flatnonzero(~(np.abs(lengths - 1) < 1e-3)):
            yield f"case {chunk.case_ids[row]}: its embedding has length {lengths[row]:.3f}, not 1"


def _check_flow(load_flow: Callable[[], object]) -> Iterator[str]:
    try:
        load_flow()
    except EntError as error:
        yield str(error)


def _check_index(catalog: Catalog, index: ChromaIndex, space: Space, view: str, steps: _Count) -> Iterator[str]:
    if (found := catalog.vectors.count(view, [ACTIVE])) != (wanted := catalog.count()):
        way = "run repair" if space == "after" else "put a backup back, or import them into a new library"
        yield f"{wanted - found} of {wanted} cases have no embedding {space} the flow; {way}"
    expected: dict[str | None, set[str]] = {WHOLE: set()}
    for chunk in catalog.vectors.chunks(view, [ACTIVE], PAGE):
        steps.add(len(chunk.case_ids))
        yield from _check_chunk(index, space, chunk)
        for case_id, label in zip(chunk.case_ids, chunk.labels, strict=True):
            expected[WHOLE].add(case_id)
            expected.setdefault(label or "", set()).add(case_id)
    for label, ids in expected.items():
        if index.case_ids(space, label) != ids:
            where = "" if label is WHOLE else f" of class {label or 'unlabelled'}"
            yield f"the index {space} the flow{where} does not hold the cases of the catalogue; run repair"


def _check_chunk(index: ChromaIndex, space: Space, chunk: VectorChunk) -> Iterator[str]:
    held = index.vectors(space, chunk.case_ids)
    for case_id, vector in zip(chunk.case_ids, chunk.vectors, strict=True):
        if case_id not in held:
            yield f"case {case_id} is not in the index {space} the flow; run repair"
        elif not np.allclose(held[case_id], vector, atol=1e-5):
            yield f"case {case_id} has another vector in the index {space} the flow than in the catalogue; run repair"
    for row in range(0, len(chunk.case_ids), max(1, len(chunk.case_ids) // PROBES)):
        near = index.nearest(space, WHOLE, chunk.vectors[row], 5)
        if not any(n.case_id == chunk.case_ids[row] or n.similarity > 1 - 1e-5 for n in near):
            yield f"the index {space} the flow does not find case {chunk.case_ids[row]} by its own vector; run repair"
