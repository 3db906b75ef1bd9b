"""Images from a source into a library: decoded ahead in threads, encoded in batches, committed batch by batch."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass, field

import numpy as np

from core.case import Case, NewCase
from core.catalog import Catalog
from core.encoder_spec import Embeddings, Encoder
from core.imaging import Limits
from core.ingest_report import IngestProgress, IngestReport, Stage, Twin
from core.listing import SourceFailure
from core.preparation import Known, Outcome, Prepared, Preparer
from core.sources import Source
from core.speed import Speed
from core.store import ImageStore

AHEAD = 3
"""Batches decoded ahead of the encoder."""


@dataclass(frozen=True)
class Pace:
    """How an import goes about it: threads that decode, and images that are encoded and committed together."""

    workers: int
    batch_size: int


@dataclass(frozen=True)
class Watcher:
    """Who follows an import: is told how far it is, asked whether to stop, and called after each stored batch."""

    on_progress: Callable[[IngestProgress], None]
    should_stop: Callable[[], bool]
    on_batch: Callable[[], None]


@dataclass
class _Tally:
    """What an import has done so far."""

    added: int = 0
    unlabelled: int = 0
    failures: list[SourceFailure] = field(default_factory=list)
    twins: list[Twin] = field(default_factory=list)
    notes: list[SourceFailure] = field(default_factory=list)

    @property
    def done(self) -> int:
        return self.added + len(self.twins) + len(self.failures)


class Ingest:
    """One import. Whatever its watcher was told is added is stored for good, however the import ends."""

    def __init__(
        self, catalog: Catalog, store: ImageStore, encoder: Encoder, limits: Limits, pace: Pace, watcher: Watcher
    ) -> None:
        self.catalog, self.store, self.encoder = catalog, store, encoder
        self.pace, self.watcher = pace, watcher
        self._preparer = Preparer(catalog, encoder, limits)
        self._tally, self._speed = _Tally(), Speed()
        self._sources: list[tuple[str, str]] = []  # (hash of a twin's file, its case) still to be remembered

    def run(self, source: Source) -> IngestReport:
        """Take in every image of `source` that is not in the library yet; one bad image never stops the others.

        Raises EncoderError when there is something to encode and the encoder cannot be had.
        """
        self._started, self._total = time.perf_counter(), len(source.items) + len(source.failures)
        tally = self._tally
        tally.failures.extend(source.failures)
        tally.notes.extend(SourceFailure(source.name, note) for note in source.notes)
        stopped = False
        with ThreadPoolExecutor(self.pace.workers, thread_name_prefix="decode") as pool:
            batch: dict[str, Prepared] = {}  # by pixel hash
            for outcome in self._preparer.ahead(pool, source, AHEAD * self.pace.batch_size):
                self._sort(outcome, batch)
                if len(batch) >= self.pace.batch_size:
                    self._commit(pool, batch)
                if stopped := self.watcher.should_stop():
                    break
            self._commit(pool, batch)
        seconds = time.perf_counter() - self._started
        twins, failures, notes = tuple(tally.twins), tuple(tally.failures), tuple(tally.notes)
        counts = (tally.added, len(twins), len(failures))
        return IngestReport(*counts, failures, twins, notes, tally.unlabelled, stopped, round(seconds, 2))

    def _sort(self, outcome: Outcome, batch: dict[str, Prepared]) -> None:
        """Put a new image into `batch`, and anything else to its count."""
        if isinstance(outcome, SourceFailure):
            self._tally.failures.append(outcome)
        elif isinstance(outcome, Known):
            facts = outcome.item.facts
            self._add_twin(outcome.item.path, facts.label, self.catalog.case(outcome.case_id), outcome.source_sha256)
        elif (twin := self._twin(outcome.case, batch)) is not None:
            self._add_twin(outcome.case.filename, outcome.case.label, twin, outcome.source_sha256)
        else:
            if not (batch or self._tally.added):  # what was known before went by much faster
                self._speed.begin_anew()
                self._speed.tell(self._tally.done, self._total)
            batch[outcome.case.pixel_sha256] = outcome
        if self._tally.done % self.pace.batch_size == 0:
            self._report("importing")

    def _twin(self, case: Case, batch: dict[str, Prepared]) -> Case | None:
        """The case with the same pixels that waits in `batch`, or was stored since this one was decoded."""
        if (first := batch.get(case.pixel_sha256)) is not None:
            return first.case
        known = self.catalog.by_pixels(case.pixel_sha256)
        return None if known is None else self.catalog.case(known)

    def _add_twin(self, path: str, label: str | None, case: Case, source_sha256: str) -> None:
        self._sources.append((source_sha256, case.case_id))
        self._tally.twins.append(Twin(path, case.case_id, case.filename, label not in (None, case.label)))

    def _commit(self, pool: ThreadPoolExecutor, batch: dict[str, Prepared]) -> None:
        """Encode and store what is in `batch`, all of it in one transaction, and empty it."""
        if batch:
            ready = list(batch.values())
            files = [pool.submit(self._store_files, prepared) for prepared in ready]
            try:
                embeddings = self._embed(ready)
                for file in files:
                    file.result()
            except BaseException:
                wait(files)
                self._discard(ready)
                raise
            self._store_cases(ready, embeddings)
            batch.clear()
            self.watcher.on_batch()
        self.catalog.add_sources(self._sources)  # only now is every case that they name in the catalogue
        self._sources.clear()
        self._report("importing")

    def _embed(self, ready: list[Prepared]) -> list[Embeddings]:
        """The embeddings (D,) of `ready`, in that order."""
        import torch

        embeddings = {n: prepared.embedding for n, prepared in enumerate(ready) if prepared.embedding is not None}
        pixels = {n: prepared.pixels for n, prepared in enumerate(ready) if prepared.pixels is not None}
        if pixels:
            if not getattr(self.encoder, "loaded", True):
                self._report("loading")
            made = self.encoder.encode_batch(torch.stack(list(pixels.values())))
            embeddings.update(zip(pixels, made, strict=True))
        return [embeddings[n] for n in range(len(ready))]

    def _store_files(self, prepared: Prepared) -> None:
        self.store.put(prepared.case.sha256, prepared.case.extension, prepared.data, prepared.thumbnail)

    def _discard(self, refused: list[Prepared]) -> None:
        for prepared in refused:
            self.store.discard(prepared.case.sha256, prepared.case.extension)

    def _store_cases(self, ready: list[Prepared], embeddings: list[Embeddings]) -> None:
        new: list[NewCase] = []
        for prepared, embedding in zip(ready, embeddings, strict=True):
            if not np.isfinite(embedding).all():
                reason = "the encoder makes no finite embedding of this image; leave it out"
                self._tally.failures.append(SourceFailure(prepared.case.filename, reason))
                self._discard([prepared])
                continue
            new.append(NewCase(prepared.case, embedding, prepared.source_sha256))
            self._tally.notes.extend(SourceFailure(prepared.case.filename, note) for note in prepared.notes)
        if new:
            self.catalog.add(new)
        self._tally.added += len(new)
        self._tally.unlabelled += sum(entry.case.label is None for entry in new)

    def _report(self, stage: Stage) -> None:
        tally = self._tally
        self._speed.tell(tally.done, self._total)
        counts = (tally.done, self._total, tally.added, len(tally.twins), len(tally.failures))
        self.watcher.on_progress(IngestProgress(stage, *counts, self._speed.rate, self._speed.seconds_left))
