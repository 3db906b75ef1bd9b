"""A library: one folder with a catalogue, images, flows and an index, and everything one does with it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from core import weights_hint
from core.backup import write_backup
from core.case import Case
from core.catalog import Catalog
from core.encoder import CLIPEncoder, describe
from core.encoder_spec import Encoder
from core.encoder_spec import Progress as DownloadProgress
from core.errors import (
    CheckpointError,
    EncoderMismatch,
    EntError,
    IndexUnavailable,
    LibraryBusy,
    QueryError,
)
from core.flow import Flow
from core.flows import FlowStore
from core.imaging import Limits
from core.import_plan import ImportPlan, plan_import
from core.index_state import FOLDER as INDEX
from core.indexer import Indexer
from core.indexer import Progress as IndexProgress
from core.ingest import Ingest, Pace, Watcher
from core.ingest_report import IngestProgress, IngestReport
from core.library_info import LibraryInfo, library_info
from core.lock import WriterLock
from core.making import WRITING, check_free, make_folder
from core.query_encoder import QueryEncoder
from core.repair import restore_thumbnails, sweep
from core.search import Query, Searcher, SearchResult
from core.settings import get_settings
from core.sources import Source
from core.store import CATALOG, ImageStore
from core.taxonomy import ENT, Taxonomy
from core.verify import VerifyReport, verify
from core.yardstick import Yardstick

DEFAULT_ENCODER = "clip-vit-b-32"
SEARCH_TRIES = 3
INDEX_EVERY = 512
"""Cases an import stores before it makes them findable; what is stored is safe before that."""


class Library:
    """An open library. Searching and reading are safe from any thread; writes take their turn between processes."""

    def __init__(self, root: Path, encoder: Encoder | None = None) -> None:
        """Open the library at `root`, encoding with `encoder` where one is given, else with the one it is bound to.

        Its index is left as it is; `mend` looks after it. Raises LibraryError when there is no library at `root`,
        EncoderMismatch when `encoder` is another.
        """
        settings = get_settings()
        self.root = root.resolve()
        self.limits = Limits(max_bytes=settings.max_bytes, max_pixels=settings.max_pixels)
        self.catalog = Catalog(self.root / CATALOG)
        state = self.catalog.state()
        self.name, self.taxonomy = state.name, state.taxonomy
        self.encoder: Encoder = encoder or CLIPEncoder(state.encoder)
        if self.encoder.spec.fingerprint != state.encoder.fingerprint:
            bound, other = state.encoder, self.encoder.spec
            raise EncoderMismatch(
                f"this library is bound to the encoder {bound.name} ({bound.fingerprint[:12]}), not to {other.name} "
                f"({other.fingerprint[:12]}); open it with its own, or make a new library"
            )
        self.store = ImageStore(self.root)
        self.flows = FlowStore(self.root / "flows")
        self.lock = WriterLock(self.root / WRITING, lambda: sweep(self.catalog, self.store), of=self.catalog.path)
        self.indexer = Indexer(self.root / INDEX, self.catalog, self.flows.get, self.lock)
        self.yardstick = Yardstick(self.catalog, self.store)
        self._searcher = self._make_searcher()

    @classmethod
    def create(
        cls,
        root: Path,
        *,
        name: str | None = None,
        encoder: str | Encoder = DEFAULT_ENCODER,
        weights: Path | None = None,
        taxonomy: Taxonomy = ENT,
        on_progress: DownloadProgress | None = None,
    ) -> Library:
        """Make an empty library at `root`, a folder that is empty or not there yet, and open it.

        `encoder` is a name as `core.encoder.describe` takes it, with `weights` instead of a download where given.
        Raises LibraryError when `root` is in use, EncoderError when the encoder is not to be had.
        """
        check_free(root)
        if isinstance(encoder, str):
            spec, found = describe(encoder, weights, on_progress)
            weights_hint.remember(spec.weights_sha256, found)
            encoder = CLIPEncoder(spec, found)
            encoder.load(on_progress)  # a library is bound to it for good, so it must be one that works
        make_folder(root, name, encoder.spec, taxonomy)
        return cls.open(root, encoder=encoder)

    @classmethod
    def open(
        cls,
        root: Path,
        *,
        weights: Path | None = None,
        encoder: Encoder | None = None,
        on_progress: IndexProgress | None = None,
    ) -> Library:
        """Open the library at `root` and mend its index where it must be; `weights` says where the encoder's are now.

        Raises LibraryError when there is none, EncoderMismatch when `weights` are not those it is bound to.
        """
        library = cls(root, encoder)
        if weights is not None:
            library._use_weights(weights)
        library.mend(on_progress)
        return library

    def mend(self, on_progress: IndexProgress | None = None) -> None:
        """Bring the index up to the catalogue, or build it anew, where it must be and nobody else is writing."""
        with suppress(LibraryBusy):  # whoever holds the lock has mended it already
            if self.indexer.stale():
                with self.lock.held(timeout=0):
                    self.indexer.catch_up(on_progress)

    def close(self) -> None:
        """Let go of the library's files."""
        self.indexer.close()
        self.catalog.close()

    @property
    def active_flow(self) -> Flow | None:
        """The flow that searches go through, or None. Raises CheckpointError when it is lost or cannot be read."""
        flow_id = self.catalog.active_flow
        return None if flow_id is None else self._flow(flow_id)

    def info(self) -> LibraryInfo:
        """What the library is and holds just now."""
        return library_info(self.catalog)

    def search(self, query: Query) -> SearchResult:
        """The cases nearest to `query`. Raises QueryError, ImageError or EncoderError when it cannot be answered."""
        for tried in range(SEARCH_TRIES):
            flow_id, epoch = self.catalog.active_flow, self.catalog.index_progress().epoch
            flow = None if flow_id is None or query.stays_before else self._flow(flow_id)
            try:
                result = self._searcher.search(query, flow, self.flows.reranker(flow.flow_id) if flow else None)
            except IndexUnavailable as error:
                # too many open files, say, is no damage: only an index that fails when opened afresh is built anew
                self.indexer.distrust(epoch) if tried else self.indexer.close()
                unavailable = error
                continue
            if self.catalog.active_flow == flow_id:
                return result
            unavailable = IndexUnavailable("another flow was activated meanwhile; search again")
        raise unavailable

    def ingest(
        self,
        source: Source,
        *,
        workers: int | None = None,
        on_progress: Callable[[IngestProgress], None] = lambda progress: None,
        should_stop: Callable[[], bool] = lambda: False,
        on_wait: Callable[[str], None] = lambda said: None,
    ) -> IngestReport:
        """Take in every image of `source` that is not here yet; waits while another import is under way.

        May be interrupted at any moment and run again: what was reported as added stays, the rest follows.
        """
        settings = get_settings()
        with self.lock.held(on_wait=on_wait, should_stop=should_stop):
            self.indexer.catch_up()
            pace = Pace(workers or settings.workers, settings.batch_size)
            watcher = Watcher(on_progress, should_stop, lambda: self.indexer.catch_up(at_least=INDEX_EVERY))
            report = Ingest(self.catalog, self.store, self.encoder, self.limits, pace, watcher).run(source)
            self.indexer.catch_up(
                lambda done, total: on_progress(IngestProgress("indexing", done, total, report.added))
            )
        return report

    def plan(
        self,
        source: Source,
        *,
        workers: int | None = None,
        on_progress: Callable[[IngestProgress], None] = lambda progress: None,
        should_stop: Callable[[], bool] = lambda: False,
    ) -> ImportPlan:
        """What `ingest` would make of `source` just now; nothing is stored."""
        threads = workers or get_settings().workers
        return plan_import(self.catalog, source, self.limits, threads, on_progress, should_stop)

    def backup(self, path: Path, on_progress: IndexProgress = lambda done, total: None) -> int:
        """Write the library to one file, as it is at this moment; how many images it holds. Raises LibraryError."""
        return write_backup(self.catalog, self.store, path, on_progress)

    def activate(
        self,
        flow_id: str | None,
        on_progress: IndexProgress | None = None,
        on_wait: Callable[[str], None] = lambda said: None,
        should_stop: Callable[[], bool] = lambda: False,
    ) -> None:
        """Search through that flow from now on, or through none; the index is built anew, then switched at once.

        `should_stop` is asked while another writer is waited for, `on_progress` may raise `Stopped` after that.
        """
        if flow_id is not None and (dim := self.flows.get(flow_id).dim) != (wanted := self.encoder.spec.dimension):
            raise QueryError(
                f"flow {flow_id} moves embeddings of {dim} numbers, this library has {wanted}; use another"
            )
        with self.lock.held(on_wait=on_wait, should_stop=should_stop):
            self.indexer.rebuild(on_progress, active_flow=flow_id)

    def image_bytes(self, case: Case) -> bytes:
        """The stored original of a case, without metadata."""
        return self.store.image(case.sha256, case.extension)

    def thumbnail_bytes(self, case: Case) -> bytes:
        """The WebP thumbnail of a case."""
        return self.store.thumbnail(case.sha256)

    def verify(
        self,
        on_progress: IndexProgress = lambda done, total: None,
        on_wait: Callable[[str], None] = lambda said: None,
        should_stop: Callable[[], bool] = lambda: False,
    ) -> VerifyReport:
        """Compare everything the library holds against everything else; an import under way is waited for.

        `should_stop` is asked while waiting; `on_progress` may raise, `Stopped` for one, to end it.
        """
        with self.lock.held(on_wait=on_wait, should_stop=should_stop):
            return verify(self.catalog, self.store, self.indexer, on_progress, lambda: self.active_flow)

    def repair(
        self,
        on_progress: IndexProgress = lambda done, total: None,
        on_wait: Callable[[str], None] = lambda said: None,
        should_stop: Callable[[], bool] = lambda: False,
    ) -> None:
        """Make anew what is derived: thumbnails, then the index; remove files that belong to no case.

        `should_stop` is asked while another writer is waited for; `on_progress` may raise, `Stopped` for one, to end
        it; the index stays the old one then.
        """
        with self.lock.held(on_wait=on_wait, should_stop=should_stop):
            sweep(self.catalog, self.store)
            restore_thumbnails(self.catalog, self.store, self.limits, on_progress)
            self.indexer.rebuild(on_progress)

    def _flow(self, flow_id: str) -> Flow:
        """The active flow, by its id."""
        try:
            return self.flows.get(flow_id)
        except EntError as error:
            raise CheckpointError(
                f"the active flow cannot be used: {error}. Activate another one, or none, or bring its folder back "
                "from a backup; searches before the flow need none"
            ) from error

    def _make_searcher(self) -> Searcher:
        encode = QueryEncoder(self.catalog, self.store, self.encoder, self.limits)
        return Searcher(self.catalog, self.indexer.reading, encode, lambda *near: self.yardstick.judged(*near))

    def _use_weights(self, weights: Path) -> None:
        spec = self.encoder.spec
        self.encoder = CLIPEncoder(spec, weights)
        self.encoder.check_weights()
        self._searcher = self._make_searcher()
