"""The vector index on Chroma: nearest neighbours by cosine similarity, one folder, made anew at any time."""

from __future__ import annotations

import itertools
import threading
from collections import defaultdict
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from core.errors import IndexUnavailable
from core.vectors import Matrix

Space = Literal["before", "after"]
"""Embeddings as the encoder made them, or as the active flow moved them."""

HNSW = {"space": "cosine", "ef_construction": 200, "ef_search": 1000, "max_neighbors": 48}
"""Far above Chroma's 16 and 100: frames of one video lie so close together that a sparser graph leaves some of them
out of reach (`python -m training bench index --spread 0.02`: recall@10 0.997 and more; 0.988 with ef_search 400)."""

DATABASE = "chroma.sqlite3"

BATCH = 2000
WHOLE = None
"""Stands for the collection of all cases where a label would name the collection of one class."""


@dataclass(frozen=True)
class Entry:
    """One vector (D,) to be indexed: its case, its class (None: unlabelled) and the facts to keep beside it."""

    case_id: str
    label: str | None
    vector: Matrix
    facts: Mapping[str, str]


@dataclass(frozen=True)
class Neighbour:
    """One case found, with its cosine similarity to the query, in [-1, 1]."""

    case_id: str
    similarity: float


class ChromaIndex:
    """Two spaces, each held twice: whole, and as one collection a class.

    Chroma filters by walking its graph past what does not match, which costs both speed and recall; a class has a
    collection of its own instead, and everything else is filtered by the catalogue (see `core.neighbours`).

    One process may write while others read, but a reader must not open a collection while it is written:
    `guard` is held whenever one is opened. Errors of Chroma come out as IndexUnavailable.
    """

    def __init__(self, folder: Path, guard: AbstractContextManager[Any]) -> None:
        from chromadb import PersistentClient
        from chromadb.config import Settings

        self.folder = folder
        self._guard = guard
        self._collections: dict[str, Any] = {}
        with _translated(folder), guard, _starting:
            self._client = PersistentClient(_alias(folder), settings=Settings(anonymized_telemetry=False))

    def prepare(self, space: Space) -> None:
        """Make the whole collection of a space, so that an empty space can be told from a lost one."""
        with _translated(self.folder), self._guard:
            self._collection(space, WHOLE, create=True)

    def add(self, space: Space, entries: Sequence[Entry]) -> None:
        """Index entries whose cases are not in `space` yet."""
        groups: dict[str | None, list[Entry]] = defaultdict(list)
        for entry in entries:
            groups[_class_name(entry.label)].append(entry)
        with _translated(self.folder), self._guard:
            for start in range(0, len(entries), BATCH):
                batch = entries[start : start + BATCH]
                metadatas = [dict(entry.facts) or None for entry in batch]
                self._collection(space, WHOLE, create=True).add(**_columns(batch), metadatas=metadatas)
            for name, group in groups.items():
                for start in range(0, len(group), BATCH):
                    self._collection(space, name, create=True).add(**_columns(group[start : start + BATCH]))

    def remove(self, space: Space, case_ids: Sequence[str]) -> None:
        """Take cases out of `space`, whatever class they were indexed under; unknown ids do nothing."""
        with _translated(self.folder), self._guard:
            for name in self._names(space):
                collection = self._client.get_collection(name, embedding_function=None)
                known = collection.get(ids=list(case_ids), include=[])["ids"]
                if known:
                    collection.delete(ids=known)

    def nearest(self, space: Space, label: str | None, vector: Matrix, k: int) -> list[Neighbour]:
        """The `k` cases nearest to `vector` (D,) in a space, most similar first; of one class unless label is WHOLE.

        The label "" asks for the unlabelled.
        """
        with _translated(self.folder):
            collection = self._collection(space, label if label is WHOLE else _class_name(label or None))
            if collection is None:
                return []
            found = collection.query(query_embeddings=[vector], n_results=k, include=["distances"])
        pairs = zip(found["ids"][0], found["distances"][0], strict=True)
        return [Neighbour(case_id, min(1.0, max(-1.0, 1.0 - float(distance)))) for case_id, distance in pairs]

    def count(self, space: Space, label: str | None = WHOLE) -> int:
        """How many vectors a space holds, or one class of it."""
        with _translated(self.folder):
            collection = self._collection(space, label if label is WHOLE else _class_name(label or None))
            return 0 if collection is None else int(collection.count())

    def vectors(self, space: Space, case_ids: Sequence[str]) -> dict[str, Matrix]:
        """The indexed vectors (D,) of those of `case_ids` that are in the whole collection of a space."""
        with _translated(self.folder):
            found = self._collection(space, WHOLE).get(ids=list(case_ids), include=["embeddings"])
            return dict(zip(found["ids"], np.asarray(found["embeddings"], dtype=np.float32), strict=True))

    def case_ids(self, space: Space, label: str | None = WHOLE) -> set[str]:
        """The ids of all cases in a space, or in one class of it."""
        with _translated(self.folder):
            collection = self._collection(space, label if label is WHOLE else _class_name(label or None))
            return set() if collection is None else set(collection.get(include=[])["ids"])

    def files(self) -> dict[str, int]:
        """Every file of the index with its size in bytes."""
        found = sorted(path for path in self.folder.rglob("*") if path.is_file())
        return {path.relative_to(self.folder).as_posix(): path.stat().st_size for path in found}

    def close(self) -> None:
        """Let go of the files; the index must not be used afterwards."""
        self._collections.clear()
        with suppress(Exception):  # closing must not hide why it is being closed
            self._client.close()

    def _names(self, space: Space) -> list[str]:
        names = (collection.name for collection in self._client.list_collections())
        return [name for name in names if name.split(".")[0] == space]

    def _collection(self, space: Space, label: str | None, *, create: bool = False) -> Any:
        from chromadb.errors import NotFoundError

        name = space if label is WHOLE else f"{space}.{label}"
        if name in self._collections:
            return self._collections[name]
        with self._guard:
            if self._collections and not (self.folder / DATABASE).is_file():
                raise IndexUnavailable(f"the vector index {self.folder.name} has been replaced by a newer one")
            try:
                opened = self._client.get_collection(name, embedding_function=None)
            except NotFoundError:
                if not create:
                    if label is WHOLE:
                        raise
                    return None
                opened = self._client.create_collection(name, embedding_function=None, configuration={"hnsw": HNSW})
            opened.count()  # reads the files now, while nobody may write them
            self._collections[name] = opened
            return opened


def _class_name(label: str | None) -> str:
    return label or "_none"  # no label begins with an underscore


def _columns(entries: Sequence[Entry]) -> dict[str, Any]:
    return {"ids": [e.case_id for e in entries], "embeddings": np.stack([e.vector for e in entries])}


_starting = threading.Lock()
_aliases = itertools.count()


def _alias(folder: Path) -> str:
    """The same folder under a path of its own.

    Chroma shares one system between all clients of a path: such a client never sees what other processes write, and
    closing one stops them all. Under its own path each index is really opened, and really closed.
    """
    return f"{folder}/{'./' * (next(_aliases) % 500)}"


class _translated(AbstractContextManager[None]):  # noqa: N801 - reads as a verb where it is used
    """Errors of Chroma and its files, as IndexUnavailable."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> None:
        if isinstance(error, IndexUnavailable):
            return
        if isinstance(error, Exception) or _is_panic(error):  # of a damaged file, Chroma raises anything
            raise IndexUnavailable(f"the vector index {self.folder.name} cannot be read: {error}") from error


def _is_panic(error: BaseException | None) -> bool:
    return type(error).__name__ == "PanicException"  # Chroma's engine is Rust; a damaged file can make it panic
