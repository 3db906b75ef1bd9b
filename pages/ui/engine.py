"""The heavy part of an open library, its encoder and index: had when it is needed, let go of when nobody uses it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING
from weakref import WeakSet, WeakValueDictionary

from core.catalog import Catalog

if TYPE_CHECKING:
    from core.encoder import CLIPEncoder
    from core.encoder_spec import EncoderSpec
    from core.library import Library

UNUSED = 900.0
"""Seconds after which nobody uses a library any more: a page that is open asks for it every few, one in a tab that is
out of sight every minute."""

_engines: WeakSet[Engine] = WeakSet()
_encoders: WeakValueDictionary[EncoderSpec, CLIPEncoder] = WeakValueDictionary()
_sharing = threading.Lock()


class Engine:
    """The engine of one library, for any thread. One that is let go of while it is used serves that use to its end."""

    def __init__(self, root: Path, catalog: Catalog, busy: Callable[[], bool] = lambda: False) -> None:
        """`busy` says whether a job is at work on the library, which nothing is taken from then."""
        self._root, self._catalog, self._busy = root, catalog, busy
        self._library: Library | None = None
        self._lock = threading.Lock()
        self._used = time.monotonic()
        self.warm = False
        with _sharing:
            _engines.add(self)

    def use(self) -> None:
        """Take note that somebody looks at the library, so that it is not let go of for a while."""
        self._used = time.monotonic()

    def get(self) -> Library:
        """The engine, made if it is not there. Raises LibraryError."""
        with self._lock:
            self.use()
            if self._library is None:
                self._library = make(self._root, self._catalog)
            return self._library

    def rest(self, unused: float) -> bool:
        """Let go of it where neither a page for so many seconds nor a job has used it; whether it was there."""
        with self._lock:  # who has the engine got it here: it was used just now, or is at work and makes it busy
            if time.monotonic() - self._used < unused or self._busy():
                return False
            return self._let_go()

    def close(self) -> None:
        """Let go of it and of the catalogue's file. Both are opened anew when they are asked for again."""
        with self._lock:
            self._let_go()

    def _let_go(self) -> bool:
        library, self._library, self.warm = self._library, None, False
        if library is not None:
            library.close()
        self._catalog.close()
        return library is not None


def let_unused_rest(unused: float = UNUSED) -> bool:
    """Let go of the engines that nobody has used for so many seconds; whether there were any."""
    with _sharing:
        engines = list(_engines)
    return sum(engine.rest(unused) for engine in engines) > 0


def make(root: Path, catalog: Catalog) -> Library:
    """The library in a folder, with an encoder that it shares with all that are bound to the same."""
    from core.library import Library  # brings torch and chromadb, seconds that a first page should not wait for

    return Library(root, _encoder(catalog.state().encoder))


def _encoder(spec: EncoderSpec) -> CLIPEncoder:
    """The encoder of that spec, the same for all as long as anybody has it."""
    from core.encoder import CLIPEncoder

    with _sharing:
        found = _encoders.get(spec)
        if found is None:
            found = _encoders[spec] = CLIPEncoder(spec)
        return found
