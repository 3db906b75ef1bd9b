"""The image files of a library: originals without metadata, and thumbnails, named by what they contain."""

from __future__ import annotations

from pathlib import Path

from core.errors import LibraryError
from core.whole_file import write_whole

CATALOG = "catalog.db"
"""The file that makes a folder a library."""
ORPHANS = "orphans"
"""The folder below a library for originals that no case names, to be imported again by who misses them."""


class ImageStore:
    """Files below a library's folder, written whole or not at all. Names come from hashes, never from people."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def put(self, sha256: str, extension: str, data: bytes, thumbnail: bytes) -> None:
        """Keep an original and its thumbnail; doing it again changes nothing. Raises LibraryError where it cannot."""
        try:
            _write(self.image_path(sha256, extension), data)
            _write(self.thumbnail_path(sha256), thumbnail)
        except OSError as error:
            raise LibraryError(
                f"cannot write to the library: {error.strerror}; make room or see who may write there, then go on"
            ) from error

    def discard(self, sha256: str, extension: str) -> None:
        """Take back an original and its thumbnail that no case came of."""
        self.image_path(sha256, extension).unlink(missing_ok=True)
        self.thumbnail_path(sha256).unlink(missing_ok=True)

    def image(self, sha256: str, extension: str) -> bytes:
        """The original. Raises LibraryError when the file is gone."""
        return _read(self.image_path(sha256, extension))

    def thumbnail(self, sha256: str) -> bytes:
        """The WebP thumbnail. Raises LibraryError when the file is gone."""
        return _read(self.thumbnail_path(sha256))

    def image_path(self, sha256: str, extension: str) -> Path:
        return self.root / "images" / sha256[:2] / f"{sha256}.{extension}"

    def thumbnail_path(self, sha256: str) -> Path:
        return self.root / "thumbs" / sha256[:2] / f"{sha256}.webp"

    def files(self) -> set[Path]:
        """Every file kept."""
        return {path for name in ("images", "thumbs") for path in (self.root / name).rglob("*") if path.is_file()}

    def sweep(self, keep: set[Path]) -> int:
        """Clear away every file that is not in `keep`; how many there were.

        What can be made again, or is not whole, is removed. Originals are moved to the folder `orphans`: an import
        that was cut short leaves them, but so does a catalogue that was put back from a backup.
        """
        strangers = self.files() - keep
        for path in strangers:
            if path.suffix != ".part" and path.is_relative_to(self.root / "images"):
                home = self.root / ORPHANS / path.name
                home.parent.mkdir(exist_ok=True)
                path.replace(home)
            else:
                path.unlink(missing_ok=True)
        return len(strangers)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        said = f"the library cannot read its file {path.name} ({error.strerror})"
        raise LibraryError(f"{said}; see who may read it, or restore it from a backup") from error


def _write(path: Path, data: bytes) -> None:
    if path.is_file() and path.stat().st_size == len(data):
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, data)
