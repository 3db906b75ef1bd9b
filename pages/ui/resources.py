"""Everything the app keeps between runs: open libraries, jobs, search results. The only place that caches."""

from __future__ import annotations

import hashlib
import json
import threading
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import streamlit as st

from core.catalog import Catalog
from core.demo import is_demo
from core.errors import EntError
from core.filters import EVERYTHING, Filters
from core.folding import Folding
from core.imaging import Limits, load_image
from core.settings import get_settings
from core.sharpness import sharpness_of_query
from core.store import CATALOG, ImageStore
from core.taxonomy import Taxonomy
from core.vectors import PLAIN
from core.yardstick import Yardstick
from pages.ui.jobs import Jobs

if TYPE_CHECKING:
    from core.library import Library
    from core.rerank import Validation
    from core.search import Query, SearchResult

ELSEWHERE, NOTICE_READ = "opened-elsewhere.json", "demo-notice-read"
Field = Literal["label", "split", "finding", "patient"]


@dataclass(frozen=True)
class LibraryEntry:
    """A library folder that can be opened. `library_id` names it in URLs, `title` to people (unique in a list)."""

    library_id: str
    root: Path
    title: str


class OpenLibrary:
    """A library as pages see it: catalogue and images at once, the engine (torch, the index) when it is needed."""

    def __init__(self, root: Path) -> None:
        """Raises LibraryError when there is no library in `root`."""
        self.root = root
        self.library_id = library_id_of(root)
        self.catalog = Catalog(root / CATALOG)
        self.taxonomy: Taxonomy = self.catalog.taxonomy
        self.store = ImageStore(root)
        self.folding = Folding(self.store)
        self.yardstick = Yardstick(self.catalog, self.store)
        self._engine: Library | None = None
        self._lock = threading.Lock()
        self._warm = False

    @property
    def engine(self) -> Library:
        """The library with its encoder and index; opening it mends the index. Raises LibraryError."""
        from core.library import Library  # brings torch and chromadb, seconds that a first page should not wait for

        with self._lock:
            if self._engine is None:
                self._engine = Library.open(self.root)
            return self._engine

    @property
    def synthetic(self) -> bool:
        """Whether it was made of a demo: no image in it is of a person."""
        return is_demo(self.root)

    @property
    def generation(self) -> int:
        """The number that changes with everything a page could show, whichever process changed it."""
        return self.catalog.state().generation

    def count(self, filters: Filters = EVERYTHING) -> int:
        """How many cases pass `filters`; counted once for every state of the library."""
        return _count(self.library_id, self.generation, repr(filters), filters)

    def facets(self, field: Field, filters: Filters = EVERYTHING) -> dict[str, int]:
        """How many cases that pass `filters` have each value of `field`; counted once for every state."""
        return _facets(self.library_id, self.generation, field, repr(filters), filters)

    def exam_dates(self) -> tuple[str, str] | None:
        """The first and the last date of an examination; asked once for every state."""
        return _exam_dates(self.library_id, self.generation)

    def warm(self) -> None:
        """Load engine and encoder behind the scenes, once; where that fails, the search itself says why."""
        if not self._warm:
            self._warm = True
            threading.Thread(target=self._load, name="warm", daemon=True).start()

    def _load(self) -> None:
        with suppress(EntError):
            self.engine.encoder.load()
            for view in dict.fromkeys((PLAIN, self.catalog.state().active_flow or PLAIN)):
                self.yardstick.typicality(view)
            self.yardstick.least_sharpness()


_opened: dict[str, OpenLibrary] = {}


def libraries() -> list[LibraryEntry]:
    """The libraries in the app's folder and those opened by path, by title."""
    home = get_settings().libraries
    inside = sorted(path.parent for path in home.glob(f"[!.]*/{CATALOG}")) if home.is_dir() else []
    outside = [path for path in _elsewhere() if (path / CATALOG).is_file()]
    names = {root: _name(str(root)) for root in dict.fromkeys(path.resolve() for path in (*inside, *outside))}
    several = {name for name in names.values() if list(names.values()).count(name) > 1}
    entries = [
        LibraryEntry(library_id_of(root), root, f"{name} ({root})" if name in several else name)
        for root, name in names.items()
    ]
    return sorted(entries, key=lambda entry: entry.title.casefold())


def library_id_of(root: Path) -> str:
    """A short name for a library's folder that says nothing about where it is."""
    return hashlib.sha256(str(root.resolve()).encode()).hexdigest()[:16]


def open_library(root: Path) -> OpenLibrary:
    """The library in that folder, opened once for all sessions. Raises LibraryError when it cannot be opened."""
    try:
        inode = (root / CATALOG).stat().st_ino
    except OSError:
        inode = 0
    return _open(str(root.resolve()), inode)


def opened(library_id: str) -> OpenLibrary | None:
    """The open library of that id; for the image routes, which have no session."""
    return _opened.get(library_id)


@st.cache_resource(show_spinner=False)
def jobs() -> Jobs:
    """The jobs of this process."""
    return Jobs()


@st.cache_resource(show_spinner=False, scope="session", max_entries=32)
def search(library_id: str, generation: int, signature: str, _query: Query) -> SearchResult:
    """The answer to a query, kept for this session until the library changes. `signature` stands for the query."""
    return _opened[library_id].engine.search(_query)


@st.cache_resource(show_spinner=False, max_entries=32)
def reranking(library_id: str, flow_id: str) -> Validation | None:
    """What validation said of the re-ranker of a flow; None where it has none."""
    reranker = _opened[library_id].engine.flows.reranker(flow_id)
    return None if reranker is None else reranker.validation


@st.cache_resource(show_spinner=False, max_entries=64)
def sharpness(digest: str, _data: bytes) -> float:
    """How sharp a query's image is; `digest` stands for its bytes."""
    settings = get_settings()
    image = load_image(_data, Limits(max_bytes=settings.max_bytes, max_pixels=settings.max_pixels))
    return sharpness_of_query(image.rgb)


def remember_elsewhere(root: Path) -> None:
    """Keep a library outside the app's folder in the list, also after a restart."""
    home = get_settings().libraries
    if root.resolve().parent == home.resolve():
        return
    home.mkdir(parents=True, exist_ok=True)
    paths = dict.fromkeys((str(root.resolve()), *map(str, _elsewhere())))
    (home / ELSEWHERE).write_text(json.dumps(list(paths), indent=1), encoding="utf-8")


def notice_read() -> bool:
    """Whether somebody has put the notice about the demo away, now or before the last restart."""
    return (get_settings().libraries / NOTICE_READ).exists()


def put_notice_away() -> None:
    """Do not show the notice about the demo again."""
    get_settings().libraries.mkdir(parents=True, exist_ok=True)
    (get_settings().libraries / NOTICE_READ).touch()


@st.cache_resource(show_spinner=False)
def _open(root: str, inode: int) -> OpenLibrary:
    """`inode` is only there so that another library put in the same place is opened anew."""
    library = OpenLibrary(Path(root))
    _opened[library.library_id] = library
    return library


# not st.cache_data: the app imports this module before it serves, and would warn of that at every start
@st.cache_resource(max_entries=1000, show_spinner=False)
def _count(library_id: str, generation: int, asked: str, _filters: Filters) -> int:
    return _opened[library_id].catalog.count(_filters)


@st.cache_resource(max_entries=200, show_spinner=False)
def _facets(library_id: str, generation: int, field: Field, asked: str, _filters: Filters) -> dict[str, int]:
    return _opened[library_id].catalog.facets(field, _filters)


@st.cache_resource(max_entries=50, show_spinner=False)
def _exam_dates(library_id: str, generation: int) -> tuple[str, str] | None:
    return _opened[library_id].catalog.exam_dates()


@st.cache_resource(ttl=30, show_spinner=False)
def _name(root: str) -> str:
    try:
        catalog = Catalog(Path(root) / CATALOG)
    except EntError:
        return Path(root).name
    name = catalog.state().name
    catalog.close()
    return name or Path(root).name


def _elsewhere() -> list[Path]:
    try:
        return [Path(path) for path in json.loads((get_settings().libraries / ELSEWHERE).read_text(encoding="utf-8"))]
    except (OSError, ValueError, TypeError):
        return []
