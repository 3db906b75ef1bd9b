"""The folder of a new library: there with a whole catalogue, or not a library at all."""

from __future__ import annotations

from pathlib import Path

from core.catalog import Catalog
from core.encoder_spec import EncoderSpec
from core.errors import LibraryError
from core.lock import FileGuard
from core.store import CATALOG
from core.taxonomy import Taxonomy

WRITING = "writer.lock"
"""The file that whoever writes to a library holds locked."""
LEFTOVERS = f"{CATALOG}*.part*"
"""What is left of a library whose making was cut short, beside its lock."""


def check_free(root: Path) -> None:
    """Raise LibraryError when `root` is something else than an empty folder, or none yet."""
    if root.exists() and (not root.is_dir() or not all(_is_leftover(path) for path in root.iterdir())):
        raise LibraryError(f"{root} is already in use; choose a folder that is empty or does not exist yet")


def make_folder(root: Path, name: str | None, encoder: EncoderSpec, taxonomy: Taxonomy) -> None:
    """Make an empty library at `root`, bound to `encoder`; its name is that of its folder unless one is given.

    Raises LibraryError when the folder cannot be written, or when somebody else was quicker.
    """
    try:
        root.mkdir(parents=True, exist_ok=True)
        with FileGuard(root / WRITING):
            if (root / CATALOG).exists():
                raise LibraryError(f"somebody else has just made a library at {root}; open that, or choose another")
            for leftover in root.glob(LEFTOVERS):
                leftover.unlink()
            part = root / f"{CATALOG}.part"  # so that a folder with a catalogue is always a whole library
            Catalog.create(part, name or root.resolve().name, encoder, taxonomy).close()
            part.replace(root / CATALOG)
    except OSError as error:
        raise LibraryError(f"cannot make a library at {root}: {error.strerror}; choose another folder") from error


def _is_leftover(path: Path) -> bool:
    return path.name == WRITING or path.match(LEFTOVERS)
