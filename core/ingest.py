"""Images from a source into a library: decoded ahead in threads, encoded in batches, committed batch by batch."""

from __future__ import annotations

import hashlib
import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from core.catalog import Case, Catalog, NewCase, now
from core.encoder_spec import Embeddings, Encoder
from core.errors import EntError
from core.imaging import Limits, SafeImage, load_image, thumbnail
from core.ingest_report import IngestProgress, IngestReport, Stage, Twin
from core.listing import SourceFailure
from core.sources import Source, SourceItem
from core.store import ImageStore

if TYPE_CHECKING:
    import torch

AHEAD = 3
"""Batches decoded ahead of the encoder."""


@dataclass(frozen=True)
class _Prepared:
    """An image on its way to the encoder; not decoded any more, since many wait at once."""

    case: Case
    source_sha256: str
    data: bytes
    thumbnail: bytes
    pixels: torch.Tensor | None  # (3, H, W); None where the source came with the embedding (D,)
    embedding: Embeddings | None
    notes: tuple[str, ...]


@dataclass(frozen=True)
class _Known:
    """A file whose bytes, or whose very pixels, were taken in before."""

    item: SourceItem
    case_id: str
    source_sha256: str


_Outcome: TypeAlias = _Prepared | _Known | SourceFailure


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
    """One import. Whatever `on_progress` has reported as added is stored for good, however the import ends."""

    def __init__(
        self,
        catalog: Catalog,
        store: ImageStore,
        encoder: Encoder,
        limits: Limits,
        *,
        workers: int,
        batch_size: int,
        on_progress: Callable[[IngestProgress], None],
        should_stop: Callable[[], bool],
        on_batch: Callable[[], None],
    ) -> None:
        self.catalog, self.store, self.encoder, self.limits = catalog, store, encoder, limits
        self.workers, self.batch_size = workers, batch_size
        self._on_progress, self._should_stop, self._on_batch = on_progress, should_stop, on_batch
        self._tally = _Tally()
        self._sources: list[tuple[str, str]] = []  # (hash of a twin's file, its case) still to be remembered

    def run(self, source: Source) -> IngestReport:
        """Take in every image of `source` that is not in the library yet; one bad image never stops the others.

        Raises EncoderError when there is something to encode and the encoder cannot be had.
        """
        self._started, self._total = time.perf_counter(), len(source.items) + len(source.failures)
        self._embeddings = source.embeddings
        tally = self._tally
        tally.failures.extend(source.failures)
        tally.notes.extend(SourceFailure(source.name, note) for note in source.notes)
        stopped = False
        with ThreadPoolExecutor(self.workers, thread_name_prefix="decode") as pool:
            batch: dict[str, _Prepared] = {}  # by pixel hash
            for outcome in self._prepare_ahead(pool, source.items):
                self._sort(outcome, batch)
                if len(batch) >= self.batch_size:
                    self._commit(pool, batch)
                if stopped := self._should_stop():
                    break
            self._commit(pool, batch)
        seconds = time.perf_counter() - self._started
        twins, failures, notes = tuple(tally.twins), tuple(tally.failures), tuple(tally.notes)
        counts = (tally.added, len(twins), len(failures))
        return IngestReport(*counts, failures, twins, notes, tally.unlabelled, stopped, round(seconds, 2))

    def _prepare_ahead(self, pool: ThreadPoolExecutor, items: tuple[SourceItem, ...]) -> Iterator[_Outcome]:
        """The outcomes in the order of `items`, with a bounded number of images decoded ahead."""
        window: deque[Future[_Outcome]] = deque()
        try:
            for item in items:
                window.append(pool.submit(self._prepare, item))
                if len(window) >= AHEAD * self.batch_size:
                    yield window.popleft().result()
            while window:
                yield window.popleft().result()
        finally:
            for future in window:
                future.cancel()

    def _prepare(self, item: SourceItem) -> _Outcome:
        try:
            data = item.read()
            source_sha256 = hashlib.sha256(data).hexdigest()
            if (known := self.catalog.by_source(source_sha256)) is not None:
                return _Known(item, known, source_sha256)
            image = load_image(data, self.limits)
            if (known := self.catalog.by_pixels(image.pixel_sha256)) is not None:
                return _Known(item, known, source_sha256)
            embedding = self._embeddings.get(image.pixel_sha256)
            pixels = self.encoder.preprocess(image.rgb) if embedding is None else None
            case, small = _case(item, image), thumbnail(image.rgb)
            return _Prepared(case, source_sha256, image.data, small, pixels, embedding, image.notes)
        except EntError as error:
            return SourceFailure(item.path, str(error))
        except OSError as error:
            return SourceFailure(item.path, f"cannot be read: {error.strerror or error}")
        except MemoryError:
            return SourceFailure(item.path, "there is not enough memory to decode this image; make it smaller")

    def _sort(self, outcome: _Outcome, batch: dict[str, _Prepared]) -> None:
        """Put a new image into `batch`, and anything else to its count."""
        if isinstance(outcome, SourceFailure):
            self._tally.failures.append(outcome)
        elif isinstance(outcome, _Known):
            facts = outcome.item.facts
            self._add_twin(outcome.item.path, facts.label, self.catalog.case(outcome.case_id), outcome.source_sha256)
        elif (twin := self._twin(outcome.case, batch)) is not None:
            self._add_twin(outcome.case.filename, outcome.case.label, twin, outcome.source_sha256)
        else:
            batch[outcome.case.pixel_sha256] = outcome
        if self._tally.done % self.batch_size == 0:
            self._report("importing")

    def _twin(self, case: Case, batch: dict[str, _Prepared]) -> Case | None:
        """The case with the same pixels that waits in `batch`, or was stored since this one was decoded."""
        if (first := batch.get(case.pixel_sha256)) is not None:
            return first.case
        known = self.catalog.by_pixels(case.pixel_sha256)
        return None if known is None else self.catalog.case(known)

    def _add_twin(self, path: str, label: str | None, case: Case, source_sha256: str) -> None:
        self._sources.append((source_sha256, case.case_id))
        self._tally.twins.append(Twin(path, case.case_id, case.filename, label not in (None, case.label)))

    def _commit(self, pool: ThreadPoolExecutor, batch: dict[str, _Prepared]) -> None:
        """Encode and store what is in `batch`, all of it in one transaction, and empty it."""
        if batch:
            ready = list(batch.values())
            files = [pool.submit(self._store_files, prepared) for prepared in ready]
            embeddings = self._embed(ready)
            for file in files:
                file.result()
            self._store_cases(ready, embeddings)
            batch.clear()
            self._on_batch()
        self.catalog.add_sources(self._sources)  # only now is every case that they name in the catalogue
        self._sources.clear()
        self._report("importing")

    def _embed(self, ready: list[_Prepared]) -> list[Embeddings]:
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

    def _store_files(self, prepared: _Prepared) -> None:
        self.store.put(prepared.case.sha256, prepared.case.extension, prepared.data, prepared.thumbnail)

    def _store_cases(self, ready: list[_Prepared], embeddings: list[Embeddings]) -> None:
        new: list[NewCase] = []
        for prepared, embedding in zip(ready, embeddings, strict=True):
            if not np.isfinite(embedding).all():
                reason = "the encoder makes no finite embedding of this image; leave it out"
                self._tally.failures.append(SourceFailure(prepared.case.filename, reason))
                continue
            new.append(NewCase(prepared.case, embedding, prepared.source_sha256))
            self._tally.notes.extend(SourceFailure(prepared.case.filename, note) for note in prepared.notes)
        if new:
            self.catalog.add(new)
        self._tally.added += len(new)
        self._tally.unlabelled += sum(entry.case.label is None for entry in new)

    def _report(self, stage: Stage) -> None:
        tally, seconds = self._tally, time.perf_counter() - self._started
        done = tally.done
        rate = done / seconds if seconds > 0 else 0.0
        left = (self._total - done) / rate if rate > 0 else None
        counts = (done, self._total, tally.added, len(tally.twins), len(tally.failures))
        self._on_progress(IngestProgress(stage, *counts, rate, left))


def _case(item: SourceItem, image: SafeImage) -> Case:
    facts = item.facts
    return Case(
        case_id=image.pixel_sha256[:16],
        label=facts.label,
        filename=item.path,
        width=image.rgb.width,
        height=image.rgb.height,
        extension=image.extension,
        sha256=image.sha256,
        pixel_sha256=image.pixel_sha256,
        finding=facts.finding,
        patient=facts.patient,
        description=facts.description,
        description_en=facts.description_en,
        exam_date=facts.exam_date,
        split=facts.split,
        added_at=now(),
    )
