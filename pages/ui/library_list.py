"""The libraries that can be opened: those in the app's folder, and those elsewhere that somebody has opened."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from core.settings import get_settings
from core.store import CATALOG
from core.whole_file import write_whole
from pages.ui import resources

ELSEWHERE, LAST_USED = "opened-elsewhere.json", "last-used"
BELIEVED = 5.0
"""Seconds in which a folder that could not be looked into is not asked again."""

_down: dict[Path, tuple[float, str]] = {}
"""When such folders were asked last, and what the system said."""

_leaving: set[str] = set()
"""Libraries that are being deleted just now: closed already, but their folders may still be there."""


@dataclass(frozen=True)
class LibraryEntry:
    """A library folder that can be opened. `library_id` names it in URLs, `title` to people (unique in a list)."""

    library_id: str
    root: Path
    title: str


@dataclass(frozen=True)
class Unreachable:
    """A folder in the list that the system does not let us look into; `listed` where it was opened by its path."""

    root: Path
    reason: str
    listed: bool


def libraries() -> list[LibraryEntry]:
    """The libraries in the app's folder and those opened by path, by title; none that cannot be reached."""
    found = [path for path in (*_inside(), *_elsewhere()) if _look(path) is True]
    names = {
        root: resources.name_of(str(root), resources.inode_of(root))
        for root in dict.fromkeys(path.resolve() for path in found)
    }
    several = {name for name in names.values() if list(names.values()).count(name) > 1}
    entries = [
        LibraryEntry(resources.library_id_of(root), root, f"{name} ({root})" if name in several else name)
        for root, name in names.items()
    ]
    entries = [entry for entry in entries if entry.library_id not in _leaving]
    return sorted(entries, key=lambda entry: entry.title.casefold())


def is_listed(library_id: str) -> bool:
    """Whether that library can be opened still."""
    return any(entry.library_id == library_id for entry in libraries())


@contextmanager
def left_out() -> Iterator[Callable[[str], None]]:
    """Within it, a library whose id is given is in no list: who looks at it comes to another one, not to an error."""
    given: list[str] = []

    def leave_out(library_id: str) -> None:
        given.append(library_id)
        _leaving.add(library_id)

    try:
        yield leave_out
    finally:
        _leaving.difference_update(given)


def unreachable() -> list[Unreachable]:
    """Those folders of which it cannot be told whether they hold a library: a share that is down, or rights taken."""
    listed = _elsewhere()
    found = [(path, _look(path)) for path in (*_inside(), *listed)]
    return [Unreachable(path, reason, path in listed) for path, reason in found if isinstance(reason, str)]


def is_down(library_id: str) -> bool:
    """Whether that library lies in a folder that cannot be looked into just now."""
    return library_id in {resources.library_id_of(one.root) for one in unreachable()}


def remember_elsewhere(root: Path) -> None:
    """Keep a library outside the app's folder in the list, also after a restart."""
    home = get_settings().libraries
    if not is_elsewhere(root):
        return
    home.mkdir(parents=True, exist_ok=True)
    paths = dict.fromkeys((str(root.resolve()), *map(str, _elsewhere())))
    write_whole(home / ELSEWHERE, json.dumps(list(paths), indent=1).encode())


def is_elsewhere(root: Path) -> bool:
    """Whether a library lies outside the app's folder."""
    return root.resolve().parent != get_settings().libraries.resolve()


def forget_elsewhere(root: Path) -> None:
    """Take a library outside the app's folder out of the list; nothing of it is touched."""
    paths = [str(path) for path in _elsewhere() if path.resolve() != root.resolve()]
    write_whole(get_settings().libraries / ELSEWHERE, json.dumps(paths, indent=1).encode())


def last_used() -> str:
    """The id of the library that came into use last on this machine, "" for none; it may be gone since."""
    try:
        return (get_settings().libraries / LAST_USED).read_text(encoding="utf-8").strip()
    except (OSError, ValueError):
        return ""


def remember_used(library_id: str) -> None:
    """Keep in mind, also after a restart, that this library is in use now; where nothing can be written, not."""
    home = get_settings().libraries
    if last_used() != library_id:
        with suppress(OSError):
            home.mkdir(parents=True, exist_ok=True)
            write_whole(home / LAST_USED, f"{library_id}\n".encode())


def notice_read(notice: str) -> bool:
    """Whether somebody has put that notice away, now or before the last restart."""
    return (get_settings().libraries / f"{notice}-notice-read").exists()


def put_notice_away(notice: str) -> None:
    """Do not show that notice again on this machine."""
    get_settings().libraries.mkdir(parents=True, exist_ok=True)
    (get_settings().libraries / f"{notice}-notice-read").touch()


def _look(path: Path) -> bool | str:
    """Whether there is a library in a folder; why that cannot be told, in the system's words, where it cannot.

    A share that is down may take its time to say so, and a run of a page asks some times over: one answer is for all.
    """
    asked, reason = _down.get(path, (-math.inf, ""))
    if time.monotonic() - asked < BELIEVED:
        return reason
    try:
        found = (path / CATALOG).is_file()
    except OSError as error:  # is_file lets through what is neither there nor missing
        reason = error.strerror or str(error)
        _down[path] = time.monotonic(), reason
        return reason
    _down.pop(path, None)
    return found


def _inside() -> list[Path]:
    try:
        return sorted(path for path in get_settings().libraries.iterdir() if not path.name.startswith("."))
    except OSError:
        return []


def _elsewhere() -> list[Path]:
    try:
        return [Path(path) for path in json.loads((get_settings().libraries / ELSEWHERE).read_text(encoding="utf-8"))]
    except (OSError, ValueError, TypeError):
        return []
