"""Deleting a library for good."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

from core.errors import LibraryError
from core.lock import WriterLock
from core.making import WRITING
from core.store import CATALOG
from core.swap import set_apart


def remove_library(
    root: Path,
    on_wait: Callable[[str], None] = lambda said: None,
    should_stop: Callable[[], bool] = lambda: False,
    let_go: Callable[[], object] = lambda: None,
) -> None:
    """Delete the library in `root` with everything in its folder, when whoever writes to it has finished.

    It is gone at once or not at all, since its folder is first renamed. `let_go` is called just before that, to close
    what the caller has open of it. Raises LibraryError when there is none, or it cannot be deleted, Stopped when
    `should_stop` says so while another writer is waited for.
    """
    if not (root / CATALOG).is_file():
        raise LibraryError(f"{root} is not a library (it has no {CATALOG}); nothing was deleted")
    gone = None
    try:
        with WriterLock(root / WRITING).held(on_wait=on_wait, should_stop=should_stop):
            let_go()
            gone = set_apart(root, beside=root)
        shutil.rmtree(gone)
    except OSError as error:
        left = f"; what is left of it is in {gone}" if gone is not None and gone.exists() else ""
        raise LibraryError(f"{root} cannot be deleted: {error.strerror}{left}") from error
