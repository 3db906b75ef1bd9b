"""The libraries that can be opened: those in the app's folder, and those elsewhere that somebody has opened."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from core.settings import get_settings
from core.store import CATALOG
from core.whole_file import write_whole
from pages.ui import resources

ELSEWHERE, NOTICE_READ = "opened-elsewhere.json", "demo-notice-read"


@dataclass(frozen=True)
class LibraryEntry:
    """A library folder that can be opened. `library_id` names it in URLs, `title` to people (unique in a list)."""

    library_id: str
    root: Path
    title: str


def libraries() -> list[LibraryEntry]:
    """The libraries in the app's folder and those opened by path, by title."""
    home = get_settings().libraries
    inside = sorted(path.parent for path in home.glob(f"[!.]*/{CATALOG}")) if home.is_dir() else []
    outside = [path for path in _elsewhere() if (path / CATALOG).is_file()]
    names = {
        root: resources.name_of(str(root), resources.inode_of(root))
        for root in dict.fromkeys(path.resolve() for path in (*inside, *outside))
    }
    several = {name for name in names.values() if list(names.values()).count(name) > 1}
    entries = [
        LibraryEntry(resources.library_id_of(root), root, f"{name} ({root})" if name in several else name)
        for root, name in names.items()
    ]
    return sorted(entries, key=lambda entry: entry.title.casefold())


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


def notice_read() -> bool:
    """Whether somebody has put the notice about the demo away, now or before the last restart."""
    return (get_settings().libraries / NOTICE_READ).exists()


def put_notice_away() -> None:
    """Do not show the notice about the demo again."""
    get_settings().libraries.mkdir(parents=True, exist_ok=True)
    (get_settings().libraries / NOTICE_READ).touch()


def _elsewhere() -> list[Path]:
    try:
        return [Path(path) for path in json.loads((get_settings().libraries / ELSEWHERE).read_text(encoding="utf-8"))]
    except (OSError, ValueError, TypeError):
        return []
