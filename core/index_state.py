"""Whether the index of a library is whole and up to date, told without opening it or reading a vector."""

from __future__ import annotations

from pathlib import Path

from core.catalog import Catalog

FOLDER = "index"


def damage(catalog: Catalog, folder: Path) -> str | None:
    """What is wrong with the files of the index in `folder`, in words; None when nothing is known to be."""
    state = catalog.state()
    if state.index_epoch is None:
        return "the index has not been built yet"
    if state.index_dirty:
        return "a write to the index was cut short"
    for name, size in state.index_files.items():
        path = folder / state.index_epoch / name
        found = path.stat().st_size if path.is_file() else 0
        if found < size or not path.is_file():
            return f"index file {name} has {found} of {size} bytes"
    return None


def stale(catalog: Catalog, folder: Path) -> bool:
    """Whether the index is damaged or behind the catalogue."""
    now = catalog.index_progress()
    return now.dirty or now.indexed < now.generation or damage(catalog, folder) is not None
