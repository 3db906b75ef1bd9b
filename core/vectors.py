"""The embeddings kept in the catalogue, from which the index, every flow and every map are made again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import sqlalchemy as sa

from core.schema import cases, embeddings
from core.selection import Clauses

PLAIN, MIRROR = "plain", "mirror"
"""Views: of the image, and of its mirror image. The id of a flow is a view too: what that flow made of PLAIN."""

Matrix = npt.NDArray[np.float32]

PAGE = 5000
"""Cases asked for at once."""


@dataclass(frozen=True)
class VectorChunk:
    """Rows of one view: case_ids[i] and labels[i] (None: unlabelled) belong to vectors[i]; vectors is (B, D)."""

    case_ids: tuple[str, ...]
    labels: tuple[str | None, ...]
    vectors: Matrix


class VectorTable:
    """Embeddings by case and view, (D,) float32 and L2-normalised each."""

    def __init__(self, engine: sa.Engine) -> None:
        self.engine = engine

    def put(self, connection: sa.Connection, view: str, case_ids: Sequence[str], vectors: Matrix) -> None:
        """Keep `vectors` (B, D) as `view` of `case_ids`, replacing what was there, within the caller's transaction."""
        connection.execute(sa.delete(embeddings).where(embeddings.c.view == view, embeddings.c.case_id.in_(case_ids)))
        packed = np.ascontiguousarray(vectors, dtype="<f4")
        rows = [
            {"case_id": case_id, "view": view, "vector": vector.tobytes()}
            for case_id, vector in zip(case_ids, packed, strict=True)
        ]
        if rows:
            connection.execute(sa.insert(embeddings), rows)

    def get(self, view: str, case_ids: Sequence[str]) -> Matrix:
        """The vectors (B, D) of `case_ids`, in that order; ids without one are left out."""
        known = self.known(view, case_ids)
        found = [known[case_id] for case_id in case_ids if case_id in known]
        return np.stack(found) if found else np.empty((0, 0), np.float32)

    def known(self, view: str, case_ids: Sequence[str]) -> dict[str, Matrix]:
        """The vector (D,) of each of `case_ids` that has one."""
        found: dict[str, Matrix] = {}
        if not case_ids:
            return found
        query = sa.select(embeddings.c.case_id, embeddings.c.vector).where(embeddings.c.view == view)
        with self.engine.connect() as connection:
            for start in range(0, len(case_ids), PAGE):  # a database takes only so many values in one question
                rows = connection.execute(query.where(embeddings.c.case_id.in_(case_ids[start : start + PAGE])))
                found.update((case_id, np.frombuffer(vector, "<f4")) for case_id, vector in rows)
        return found

    def drop(self, view: str) -> None:
        """Forget every vector of a view."""
        with self.engine.begin() as connection:
            connection.execute(sa.delete(embeddings).where(embeddings.c.view == view))

    def sample(self, view: str, size: int) -> Matrix:
        """Up to `size` vectors (B, D) of this view, always the same: ids come from hashes, so their order is chance."""
        query = _select(view, ()).with_only_columns(embeddings.c.vector).order_by(embeddings.c.case_id).limit(size)
        with self.engine.connect() as connection:
            return _unpack(connection.execute(query).scalars().all())

    def count(self, view: str, clauses: Clauses = ()) -> int:
        """How many of the cases that meet `clauses` (on the `cases` table) have a vector of this view."""
        with self.engine.connect() as connection:
            return int(connection.execute(_select(view, clauses).with_only_columns(sa.func.count())).scalar_one())

    def chunks(self, view: str, clauses: Clauses = (), size: int = 4096) -> Iterator[VectorChunk]:
        """The vectors of the cases that meet `clauses` (on the `cases` table), oldest case first, `size` at a time."""
        query = _select(view, clauses).order_by(cases.c.seq)
        with self.engine.connect() as connection:
            for rows in connection.execution_options(yield_per=size).execute(query).partitions(size):
                case_ids, labels, blobs = zip(*rows, strict=True)
                yield VectorChunk(case_ids, labels, _unpack(blobs))


def _select(view: str, clauses: Clauses) -> sa.Select[tuple[str, str | None, bytes]]:
    joined = cases.join(embeddings, sa.and_(embeddings.c.case_id == cases.c.case_id, embeddings.c.view == view))
    return sa.select(cases.c.case_id, cases.c.label, embeddings.c.vector).select_from(joined).where(*clauses)


def _unpack(blobs: Sequence[bytes]) -> Matrix:
    if not blobs:
        return np.empty((0, 0), np.float32)
    return np.frombuffer(b"".join(blobs), dtype="<f4").reshape(len(blobs), -1).astype(np.float32, copy=False)
