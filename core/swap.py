"""Folders that are there whole or not at all, while one takes another's place or goes for good."""

from __future__ import annotations

import secrets
import shutil
from pathlib import Path


def take_place(new: Path, place: Path) -> None:
    """Put the folder `new` where `place` is, whose former content goes; both on one disk. See `put_back`."""
    if place.exists():
        shutil.rmtree(aside(place), ignore_errors=True)
        place.replace(aside(place))
    new.replace(place)
    shutil.rmtree(aside(place), ignore_errors=True)


def set_apart(folder: Path, beside: Path) -> Path:
    """Rename a folder, at once, to a name of its own beside `beside`, to be removed from there; where it is now."""
    gone = beside.with_name(f".{folder.name}.{secrets.token_hex(4)}.removed")
    folder.replace(gone)
    return gone


def put_back(place: Path) -> None:
    """Where one who was killed had set the folder aside and put none in its place yet: put it back."""
    if aside(place).is_dir() and not place.exists():
        aside(place).replace(place)


def aside(place: Path) -> Path:
    """Where the former content of `place` is while another takes its place."""
    return place.with_name(f".{place.name}.old")
