"""Checks a library from end to end: catalogue, files, embeddings and index against each other."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import sqlalchemy as sa

from core.catalog import Catalog
from core.errors import IndexUnavailable
from core.index import WHOLE, ChromaIndex, Space
from core.indexer import Indexer
from core.schema import cases
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


def verify(catalog: Catalog, store: ImageStore, indexer: Indexer) -> VerifyReport:
    """Read everything the library holds and compare; changes nothing but what opening an index mends by itself."""
    problems = [*_check_database(catalog), *_check_files(catalog, store), *_check_embeddings(catalog)]
    before = after = 0
    try:
        index = indexer.index()
        before, after = index.count("before"), index.count("after")
        views: dict[Space, str | None] = {"before": PLAIN, "after": catalog.state().active_flow}
        for space, view in views.items():
            problems.extend(_check_index(catalog, index, space, view))
    except IndexUnavailable as error:
        problems.append(f"{error}; run repair")
    return VerifyReport(not problems, catalog.count(), before, after, tuple(problems))


def _check_database(catalog: Catalog) -> Iterator[str]:
    with catalog.engine.connect() as connection:
        said = connection.execute(sa.text("PRAGMA integrity_check")).scalar_one()
    if said != "ok":
        yield f"the catalogue is damaged ({said}); restore a backup"


def _check_files(catalog: Catalog, store: ImageStore) -> Iterator[str]:
    expected = set()
    for offset in range(0, catalog.count(), PAGE):
        for case in catalog.cases(offset=offset, limit=PAGE, order="oldest"):
            image, thumbnail = store.image_path(case.sha256, case.extension), store.thumbnail_path(case.sha256)
            expected |= {image, thumbnail}
            if not image.is_file():
                yield f"case {case.case_id} ({case.filename}): its image file is missing; restore it from a backup"
            elif hashlib.sha256(image.read_bytes()).hexdigest() != case.sha256:
                yield f"case {case.case_id} ({case.filename}): its image file was altered; restore it from a backup"
            if not thumbnail.is_file():
                yield f"case {case.case_id} ({case.filename}): its thumbnail is missing; run repair"
    if orphans := store.files() - expected:
        yield f"{len(orphans)} files belong to no case (such as {min(orphans).name}); run repair"


def _check_embeddings(catalog: Catalog) -> Iterator[str]:
    dimension, active = catalog.state().encoder.dimension, catalog.count()
    if (found := catalog.vectors.count(PLAIN, [cases.c.status == "active"])) != active:
        yield f"{active - found} of {active} cases have no embedding; export the library and import it again"
    for chunk in catalog.vectors.chunks(PLAIN):
        if chunk.vectors.shape[1] != dimension:
            yield f"embeddings have {chunk.vectors.shape[1]} numbers where the encoder makes {dimension}"
            return
        lengths = np.linalg.norm(chunk.vectors, axis=1)
        for row in np.flatnonzero(~(np.abs(lengths - 1) < 1e-3)):
            yield f"case {chunk.case_ids[row]}: its embedding has length {lengths[row]:.3f}, not 1"


def _check_index(catalog: Catalog, index: ChromaIndex, space: Space, view: str | None) -> Iterator[str]:
    active = [cases.c.status == "active"]
    chunks = catalog.vectors.chunks(view, active, PAGE) if view is not None else iter(())
    expected: dict[str | None, set[str]] = {}
    for chunk in chunks:
        yield from _check_chunk(index, space, chunk)
        for case_id, label in zip(chunk.case_ids, chunk.labels, strict=True):
            expected.setdefault(label, set()).add(case_id)
    everything = set().union(*expected.values())
    for label, wanted in [(WHOLE, everything), *((label or "", ids) for label, ids in expected.items())]:
        if index.case_ids(space, label) != wanted:
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
