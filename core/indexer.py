"""Keeps the vector index in step with the catalogue: checks it, catches it up, builds it anew, switches over."""

from __future__ import annotations

import shutil
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path
from typing import Any

from core.catalog import Catalog
from core.errors import CheckpointError, IndexUnavailable, LibraryBusy, QueryError, Stopped
from core.flow import Flow
from core.index import DATABASE, ChromaIndex, Entry, Space
from core.index_state import damage, stale
from core.lock import FileGuard, WriterLock
from core.selection import ACTIVE, Clauses, changed_since, lacking
from core.vectors import PLAIN, VectorChunk

Progress = Callable[[int, int], None]
"""Called with (vectors done, vectors in all) while the index is brought up to date; may raise to stop it."""

PATIENCE = 60.0
"""Seconds that a reader with nothing to read from waits for the process that is mending the index."""


class Indexer:
    """The index of one library. The catalogue is the truth; whatever is wrong with the index is mended from it.

    A write marks the index dirty in the catalogue, and clean again when it has ended, with the size of every file.
    So a reader can tell, without reading a vector, whether the index is whole (clean, no file missing or shrunk)
    and up to date (its generation is the catalogue's).
    """

    def __init__(self, folder: Path, catalog: Catalog, flow: Callable[[str], Flow], lock: WriterLock) -> None:
        folder.mkdir(exist_ok=True)
        self.folder = folder
        self.catalog = catalog
        self._flow = flow
        self._writer = lock
        self._guard = FileGuard(folder / "lock")  # held while index files are written, and while they are opened
        self._opening = threading.RLock()
        self._index: ChromaIndex | None = None
        self._seen: tuple[str | None, int] = (None, -1)  # epoch and generation that the open index reflects
        self._users: Counter[ChromaIndex] = Counter()

    @contextmanager
    def reading(self) -> Iterator[ChromaIndex]:
        """The index as of now, kept open while it is used: opened again when another process has changed it.

        It is mended first when it must be. While somebody is writing, it is the index of before the write. Raises
        IndexUnavailable when there is none to read from and the one who is making it does not finish in time.
        """
        now = self.catalog.index_progress()
        if self._index is None or self._seen != (now.epoch, now.indexed) or now.dirty or now.indexed < now.generation:
            self._mend_if_nobody_writes()
        with self._lease() as index:
            yield index

    @contextmanager
    def _lease(self) -> Iterator[ChromaIndex]:
        """The open index; one that has been replaced meanwhile is closed by the last who used it."""
        with self._opening:
            index = self._open()
            self._users[index] += 1
        try:
            yield index
        finally:
            with self._opening:
                self._users[index] -= 1
                if index is not self._index:
                    self._retire(index)

    def stale(self) -> bool:
        """Whether the index is damaged or behind the catalogue."""
        return stale(self.catalog, self.folder)

    def catch_up(self, on_progress: Progress | None = None, at_least: int = 1) -> None:
        """Bring the index up to the catalogue, or build it anew where it is damaged; for the holder of the lock.

        Nothing is done while fewer than `at_least` cases have changed.
        """
        now = self.catalog.index_progress()
        if self.damage() is not None:
            self.rebuild(on_progress)
        elif now.indexed < now.generation and self.catalog.changed_since(now.indexed) >= at_least:
            try:
                with self._lease() as index, self._guard:
                    self._update(index, now.indexed, on_progress)
            except IndexUnavailable:  # its files have their sizes but not their contents
                self.rebuild(on_progress)

    def rebuild(self, on_progress: Progress | None = None, **switch: Any) -> None:
        """Build the index anew beside the old one, then switch to it in one transaction; for the holder of the lock.

        `switch` are further columns of the library's row to set in that transaction: the active flow, say.
        """
        state = self.catalog.state()
        generation = state.generation + 1
        folder = self.folder / f"{generation:08d}"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        fresh = ChromaIndex(folder, nullcontext())  # nobody else knows of it yet
        try:
            self._fill(fresh, switch.get("active_flow", state.active_flow), [ACTIVE], on_progress)
        except BaseException:  # stopped, most likely; the old one stays in use
            fresh.close()
            shutil.rmtree(folder, ignore_errors=True)
            raise
        fresh.close()
        with self._guard:  # nobody opens the old one while it goes
            self._finish(fresh, generation=generation, index_epoch=folder.name, index_generation=generation, **switch)
            self._sweep(keep=folder.name)

    def damage(self) -> str | None:
        """What is wrong with the files of the index, in words; None when nothing is known to be."""
        return damage(self.catalog, self.folder)

    def distrust(self, epoch: str | None) -> None:
        """Have the index of that folder, which answered wrongly or not at all, built anew before it is next used."""
        with suppress(LibraryBusy), self._writer.held(timeout=0):
            if self.catalog.index_progress().epoch == epoch:
                self.catalog.update_state(index_dirty=True)

    def close(self) -> None:
        """Let go of the files; whoever is still searching finishes first."""
        with self._opening:
            index, self._index, self._seen = self._index, None, (None, -1)
            if index is not None:
                self._retire(index)

    def _retire(self, index: ChromaIndex) -> None:
        if not self._users[index]:
            del self._users[index]
            index.close()

    def _open(self) -> ChromaIndex:
        """For the holder of `_opening`, which is always taken before the guard."""
        now = self.catalog.index_progress()
        if self._index is not None and self._seen == (now.epoch, now.indexed):
            return self._index
        with self._guard:
            now = self.catalog.index_progress()
            if self._index is not None and self._seen == (now.epoch, now.indexed):
                return self._index  # the update that we waited for was our own
            if now.epoch is None or now.dirty or not (self.folder / now.epoch / DATABASE).is_file():
                raise IndexUnavailable("the index is being built by another program; try again in a moment")
            old, self._index = self._index, ChromaIndex(self.folder / now.epoch, self._guard)
            self._seen = (now.epoch, now.indexed)
        if old is not None:
            self._retire(old)
        return self._index

    def _mend_if_nobody_writes(self) -> None:
        unreadable = False
        if self._index is None:
            with self._guard:  # an update under way is as good as done: wait for it, not for the whole import
                unreadable = self.damage() is not None
        now = self.catalog.index_progress()
        if unreadable or now.dirty or now.indexed < now.generation:
            with suppress(LibraryBusy), self._writer.held(timeout=PATIENCE if unreadable else 0):
                self.catch_up()

    def _update(self, index: ChromaIndex, indexed: int, on_progress: Progress | None) -> None:
        state = self.catalog.state()
        self.catalog.update_state(index_dirty=True)
        changed = changed_since(indexed)
        for chunk in self.catalog.vectors.chunks(PLAIN, [changed]):
            for space in ("before", "after") if state.active_flow else ("before",):
                index.remove(space, chunk.case_ids)
        try:
            self._fill(index, state.active_flow, [changed, ACTIVE], on_progress)
        except Stopped:  # whole, if not up to date: what is in it already is taken out and put in again next time
            self._finish(index)
            raise
        self._finish(index, index_generation=state.generation)
        with self._opening:
            if self._index is index:  # not one that was opened meanwhile, and has not seen all of this
                self._seen = (state.index_epoch, state.generation)

    def _finish(self, index: ChromaIndex, **progress: Any) -> None:
        self.catalog.update_state(index_dirty=False, index_files=index.files(), **progress)
        self.catalog.optimize()

    def _fill(self, index: ChromaIndex, flow_id: str | None, clauses: Clauses, on_progress: Progress | None) -> None:
        views: dict[Space, str] = {"before": PLAIN} if flow_id is None else {"before": PLAIN, "after": flow_id}
        total, done = len(views) * self.catalog.vectors.count(PLAIN, clauses), 0
        if on_progress is not None:
            on_progress(done, total)  # applying a flow takes a while, and nobody is waited for any more
        if flow_id is not None:
            self._apply(flow_id, clauses)
        for space in views:
            index.prepare(space)
        for space, view in views.items():
            for chunk in self.catalog.vectors.chunks(view, clauses):
                index.add(space, self._entries(chunk))
                done += len(chunk.case_ids)
                if on_progress is not None:
                    on_progress(done, total)

    def _apply(self, flow_id: str, clauses: Clauses) -> None:
        """Keep, in the catalogue, what the flow makes of every embedding it has not been applied to yet.

        Nothing where the flow is lost or cannot be read: such a library can be opened, imported into and mended all the
        same. Searches through the flow say what is wrong, and so does a check.
        """
        table = self.catalog.vectors
        while chunk := next(table.chunks(PLAIN, [*clauses, lacking(flow_id)]), None):
            try:
                flow = self._flow(flow_id)
            except (CheckpointError, QueryError):
                return
            with self.catalog.engine.begin() as connection:
                table.put(connection, flow_id, chunk.case_ids, flow.transform(chunk.vectors))

    def _entries(self, chunk: VectorChunk) -> list[Entry]:
        found = {case.case_id: case for case in self.catalog.cases_by_id(chunk.case_ids)}
        return [
            Entry(case_id, label, vector, self.catalog.facts(found[case_id]))
            for case_id, label, vector in zip(chunk.case_ids, chunk.labels, chunk.vectors, strict=True)
        ]

    def _sweep(self, keep: str) -> None:
        for folder in self.folder.iterdir():
            if folder.is_dir() and folder.name != keep:
                shutil.rmtree(folder, ignore_errors=True)  # where a reader still has it open: next time
