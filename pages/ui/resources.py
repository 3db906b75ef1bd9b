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

from core.arrangement import Arrangement, arrange, narrowed
from core.catalog import Catalog
from core.demo import is_demo
from core.errors import EntError
from core.filters import EVERYTHING, Filters
from core.settings import get_settings
from core.store import CATALOG, ImageStore
from core.taxonomy import Taxonomy
from pages.ui.jobs import Jobs

if TYPE_CHECKING:
    from core.library import Library
    from core.neighbourhood import Floats, Neighbourhood
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

    def __init__(self, root: Path, inode: int = 0) -> None:
        """`inode` is that of the catalogue's file. Raises LibraryError when there is no library in `root`."""
        self.root = root
        self._inode = inode
        self.library_id = library_id_of(root)
        self.catalog = Catalog(root / CATALOG)
        self.taxonomy: Taxonomy = self.catalog.taxonomy
        self.store = ImageStore(root)
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
        return self.catalog.index_progress().generation  # a tenth of what the whole state costs to read

    @property
    def version(self) -> str:
        """Another one for every state of the library, and for every library that is put in the place of an old one."""
        return f"{self._inode}.{self.generation}"

    def count(self, filters: Filters = EVERYTHING) -> int:
        """How many cases pass `filters`; counted once for every state of the library."""
        return _count(self.library_id, self.version, repr(filters), filters)

    def facets(self, field: Field, filters: Filters = EVERYTHING) -> dict[str, int]:
        """How many cases that pass `filters` have each value of `field`; counted once for every state."""
        return _facets(self.library_id, self.version, field, repr(filters), filters)

    def arranged(self, arrangement: Arrangement, filters: Filters = EVERYTHING) -> tuple[str, ...]:
        """The ids of the cases that pass `filters`, in that order; put in order once for every state."""
        return _arranged(self.library_id, self.version, repr(arrangement), repr(filters), arrangement, filters)

    def warm(self) -> None:
        """Load engine and encoder behind the scenes, once; where that fails, the search itself says why."""
        if not self._warm:
            self._warm = True
            threading.Thread(target=self._load, name="warm", daemon=True).start()

    def _load(self) -> None:
        with suppress(EntError):
            self.engine.encoder.load()


_opened: dict[str, OpenLibrary] = {}


def libraries() -> list[LibraryEntry]:
    """The libraries in the app's folder and those opened by path, by title."""
    home = get_settings().libraries
    inside = sorted(path.parent for path in home.glob(f"[!.]*/{CATALOG}")) if home.is_dir() else []
    outside = [path for path in _elsewhere() if (path / CATALOG).is_file()]
    names = {
        root: _name(str(root), _inode_of(root))
        for root in dict.fromkeys(path.resolve() for path in (*inside, *outside))
    }
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
    return _open(str(root.resolve()), _inode_of(root))


def _inode_of(root: Path) -> int:
    try:
        return (root / CATALOG).stat().st_ino
    except OSError:
        return 0


def opened(library_id: str) -> OpenLibrary | None:
    """The open library of that id; for the image routes, which have no session."""
    return _opened.get(library_id)


@st.cache_resource(show_spinner=False)
def jobs() -> Jobs:
    """The jobs of this process."""
    return Jobs()


@st.cache_resource(show_spinner=False, scope="session", max_entries=32)
def search(library_id: str, version: str, signature: str, _query: Query) -> SearchResult:
    """The answer to a query, kept for this session until the library changes. `signature` stands for the query."""
    return _opened[library_id].engine.search(_query)


@st.cache_resource(show_spinner=False, max_entries=256)
def neighbourhood(library_id: str, version: str, case_id: str, k: int) -> Neighbourhood:
    """The `k` nearest cases of a stored one before and after the flow, found once for every state of the library."""
    from core.neighbourhood import neighbourhood

    return neighbourhood(_opened[library_id].engine, case_id, k)


@st.cache_resource(show_spinner=False, max_entries=16)
def movements(library_id: str, version: str) -> Floats:
    """How far the active flow moves a sample of the library."""
    from core.neighbourhood import movements

    return movements(_opened[library_id].catalog)


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
    """With `inode`, so that another library put in the same place is opened anew."""
    library = OpenLibrary(Path(root), inode)
    _opened[library.library_id] = library
    return library


# not st.cache_data: the app imports this module before it serves, and would warn of that at every start
@st.cache_resource(max_entries=1000, show_spinner=False)
def _count(library_id: str, version: str, asked: str, _filters: Filters) -> int:
    return _opened[library_id].catalog.count(_filters)


@st.cache_resource(max_entries=24, show_spinner=False)
def _arranged(
    library_id: str, version: str, how: str, asked: str, _arrangement: Arrangement, _filters: Filters
) -> tuple[str, ...]:
    catalog = _opened[library_id].catalog
    if _filters:
        return narrowed(catalog, _opened[library_id].arranged(_arrangement), _filters)
    if _arrangement.by == "unusual":  # the other way round, which is computed once for both
        return _opened[library_id].arranged(Arrangement("typical"))[::-1]
    return arrange(catalog, _arrangement)


@st.cache_resource(max_entries=200, show_spinner=False)
def _facets(library_id: str, version: str, field: Field, asked: str, _filters: Filters) -> dict[str, int]:
    return _opened[library_id].catalog.facets(field, _filters)


@st.cache_resource(ttl=30, show_spinner=False)
def _name(root: str, inode: int) -> str:
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
