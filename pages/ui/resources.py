"""Everything the app keeps between runs: open libraries, jobs, search results. The only place that caches."""

from __future__ import annotations

import hashlib
import threading
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeVar

import streamlit as st

from core import whole_file
from core.arrangement import Arrangement, arrange, narrowed
from core.catalog import Catalog
from core.demo_library import is_demo
from core.errors import EntError, LibraryError
from core.filters import EVERYTHING, Filters
from core.folding import Folding
from core.imaging import Limits, load_image
from core.settings import get_settings
from core.sharpness import sharpness_of_query
from core.store import CATALOG, ImageStore
from core.taxonomy import Taxonomy
from core.vectors import PLAIN
from core.yardstick import Yardstick
from pages.ui.engine import Engine
from pages.ui.jobs import Jobs

if TYPE_CHECKING:
    from collections.abc import Callable

    from core.evaluation import Split
    from core.library import Library
    from core.neighbourhood import Neighbourhood
    from core.report_store import StoredReport
    from core.rerank import Reranker
    from core.search import Query, SearchResult
    from pages.ui.map_data import MapView

Field = Literal["label", "split", "finding", "patient"]
T = TypeVar("T")


class OpenLibrary:
    """A library as pages see it: catalogue and images at once, the engine (torch, the index) when it is needed."""

    def __init__(self, root: Path, inode: int = 0) -> None:
        """`inode` is that of the catalogue's file. Raises LibraryError when there is no library in `root`."""
        self.root = root
        self.inode = inode
        self.library_id = library_id_of(root)
        self.catalog = Catalog(root / CATALOG)
        self.taxonomy: Taxonomy = self.catalog.taxonomy
        self.store = ImageStore(root)
        self.folding = Folding(self.store)
        self.yardstick = Yardstick(self.catalog, self.store)
        self._engine = Engine(root, self.catalog, lambda: bool(jobs().running(self.library_id)))
        self.index_checked = self.mending_stopped = False

    @property
    def engine(self) -> Library:
        """The library with its encoder and index, which `index_job` mends where it must be. Raises LibraryError."""
        library = self._engine.get()
        library.yardstick = self.yardstick  # so that one measures for both
        return library

    @property
    def synthetic(self) -> bool:
        """Whether it was made of a demo: no image in it is of a person."""
        return is_demo(self.root)

    @property
    def version(self) -> str:
        """Another one for every state of the library, and for every library that is put in the place of an old one.

        Also for every state of its index: while somebody writes, searches are answered by one that is behind.
        """
        self._engine.use()  # every page that is open asks for this every few seconds
        now = self.catalog.index_progress()  # a tenth of what the whole state costs to read
        return f"{self.inode}.{now.generation}.{now.epoch}.{now.indexed}"

    def count(self, filters: Filters = EVERYTHING) -> int:
        """How many cases pass `filters`; counted once for every state of the library."""
        return _count(self.library_id, self.version, filters.digest, filters)

    def facets(self, field: Field, filters: Filters = EVERYTHING) -> dict[str, int]:
        """How many cases that pass `filters` have each value of `field`; counted once for every state."""
        return _facets(self.library_id, self.version, field, filters.digest, filters)

    def arranged(self, arrangement: Arrangement, filters: Filters = EVERYTHING) -> tuple[str, ...]:
        """The ids of the cases that pass `filters`, in that order; put in order once for every state."""
        return _arranged(self.library_id, self.version, repr(arrangement), filters.digest, arrangement, filters)

    def exam_dates(self) -> tuple[str, str] | None:
        """The first and the last date of an examination; asked once for every state."""
        return self.kept("exam dates", self.catalog.exam_dates)

    def kept(self, asked: str, work: Callable[[], T]) -> T:
        """What `work` finds, found once for every state; `asked` says all else that it depends on."""
        return _kept(self.library_id, self.version, asked, work)

    def warm(self) -> None:
        """Load engine and encoder behind the scenes, once; where that fails, the search itself says why."""
        if not self._engine.warm:
            self._engine.warm = True
            threading.Thread(target=self._load, name="warm", daemon=True).start()

    def close(self) -> None:
        """Let go of the library's files."""
        self._engine.close()

    def _load(self) -> None:
        with suppress(EntError, OSError):
            self.engine.encoder.load()
            for view in dict.fromkeys((PLAIN, self.catalog.active_flow or PLAIN)):
                self.yardstick.likeness(view)
            self.yardstick.least_sharpness()


_opened: dict[str, OpenLibrary] = {}


def library_id_of(root: Path) -> str:
    """A short name for a library's folder that says nothing about where it is."""
    return hashlib.sha256(str(root.resolve()).encode()).hexdigest()[:16]


def open_library(root: Path) -> OpenLibrary:
    """The library in that folder, opened once for all sessions. Raises LibraryError when it cannot be opened."""
    library = _open(str(root.resolve()), inode_of(root))
    library._engine.use()
    return library


def inode_of(root: Path) -> int:
    """Another one for every catalogue that was ever put there; 0 where there is none."""
    return whole_file.inode_of(root / CATALOG)


def opened(library_id: str) -> OpenLibrary | None:
    """The open library of that id; for the image routes, which have no session."""
    library = _opened.get(library_id)
    if library is not None:
        library._engine.use()
    return library


def _known(library_id: str) -> OpenLibrary:
    """The open library of that id. Raises LibraryError when it has been closed since, as one that is deleted is."""
    library = _opened.get(library_id)
    if library is None:
        raise LibraryError("this library has been closed meanwhile; reload the page")
    return library


@st.cache_resource(show_spinner=False)
def jobs() -> Jobs:
    """The jobs of this process."""
    return Jobs()


@st.cache_resource(show_spinner=False, scope="session", max_entries=32)
def search(library_id: str, version: str, signature: str, _query: Query) -> SearchResult:
    """The answer to a query, kept for this session until the library changes. `signature` stands for the query."""
    return _known(library_id).engine.search(_query)


@st.cache_resource(show_spinner=False, max_entries=256)
def neighbourhood(library_id: str, version: str, case_id: str, k: int) -> Neighbourhood:
    """The `k` nearest cases of a stored one before and after the flow, found once for every state of the library."""
    from core.neighbourhood import neighbourhood

    return neighbourhood(_known(library_id).engine, case_id, k)


def evaluation(library: OpenLibrary, flow_id: str | None, split: Split) -> StoredReport | None:
    """The evaluation kept of that flow and split, read once for every state of it. Raises QueryError."""
    from core.report_store import ReportStore

    written = whole_file.written_at(ReportStore(library.root).path(flow_id, split))
    return None if written is None else _evaluation(library.library_id, library.version, written, flow_id, split)


def reranking(library: OpenLibrary, flow_id: str) -> Reranker | None:
    """The re-ranker of a flow as it is now: a training that goes on makes another."""
    from core.rerank import FILE

    written = whole_file.written_at(library.root / "flows" / flow_id / FILE)
    return None if written is None else _reranking(library.library_id, written, flow_id)


@st.cache_resource(show_spinner=False, max_entries=4)
def map_view(library_id: str, version: str, path: Path, changed: int, whole: bool) -> MapView:
    """The map in a file, written at `changed`, with what is known of its cases now, ready to be drawn.

    Not `whole`: only what does not depend on its flow. Raises LibraryError when it cannot be read.
    """
    from pages.ui.map_data import ground_of, view_of

    ground = _kept(library_id, str(changed), repr((path, whole)), lambda: ground_of(path, whole))
    return view_of(_known(library_id), ground)


@st.cache_resource(show_spinner=False, max_entries=64)
def sharpness(digest: str, _data: bytes) -> float:
    """How sharp a query's image is; `digest` stands for its bytes."""
    settings = get_settings()
    image = load_image(_data, Limits(max_bytes=settings.max_bytes, max_pixels=settings.max_pixels))
    return sharpness_of_query(image.rgb)


def close_library(library: OpenLibrary) -> None:
    """Let go of a library's files, for all sessions; it is opened anew when it is asked for. Others stay open."""
    _opened.pop(library.library_id, None)
    _open.clear(str(library.root.resolve()), library.inode)
    library.close()


@st.cache_resource(show_spinner=False)
def _open(root: str, inode: int) -> OpenLibrary:
    """With `inode`, so that another library put in the same place is opened anew."""
    library = OpenLibrary(Path(root), inode)
    _opened[library.library_id] = library
    return library


# not st.cache_data: the app imports this module before it serves, and would warn of that at every start
@st.cache_resource(max_entries=1000, show_spinner=False)
def _count(library_id: str, version: str, asked: str, _filters: Filters) -> int:
    return _known(library_id).catalog.count(_filters)


@st.cache_resource(max_entries=24, show_spinner=False)
def _arranged(
    library_id: str, version: str, how: str, asked: str, _arrangement: Arrangement, _filters: Filters
) -> tuple[str, ...]:
    catalog = _known(library_id).catalog
    if _filters:
        return narrowed(catalog, _known(library_id).arranged(_arrangement), _filters)
    if _arrangement.by == "unusual":  # the other way round, which is computed once for both
        return _known(library_id).arranged(Arrangement("typical"))[::-1]
    return arrange(catalog, _arrangement)


@st.cache_resource(max_entries=200, show_spinner=False)
def _facets(library_id: str, version: str, field: Field, asked: str, _filters: Filters) -> dict[str, int]:
    return _known(library_id).catalog.facets(field, _filters)


@st.cache_resource(max_entries=8, show_spinner=False)
def _evaluation(library_id: str, version: str, written: int, flow_id: str | None, split: Split) -> StoredReport | None:
    from core.report_store import ReportStore

    library = _known(library_id)
    return ReportStore(library.root).get(flow_id, split, library.catalog)


@st.cache_resource(max_entries=64, show_spinner=False)
def _kept(library_id: str, version: str, asked: str, _work: Callable[[], T]) -> T:
    return _work()


@st.cache_resource(max_entries=32, show_spinner=False)
def _reranking(library_id: str, written: int, flow_id: str) -> Reranker | None:
    return _known(library_id).engine.flows.reranker(flow_id)


@st.cache_resource(ttl=30, show_spinner=False)
def name_of(root: str, inode: int) -> str:
    """What the library in that folder is called; its folder's name where that cannot be read."""
    try:
        catalog = Catalog(Path(root) / CATALOG)
    except EntError:
        return Path(root).name
    name = catalog.state().name
    catalog.close()
    return name or Path(root).name
