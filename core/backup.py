"""A library in one file, made while it is in use, and put back."""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
import zipfile
import zlib
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path, PurePosixPath
from typing import IO

from core.catalog import Catalog
from core.demo import FACTS
from core.errors import LibraryError
from core.making import check_free
from core.store import CATALOG, ImageStore

KEPT_FOLDERS = ("flows", "maps", "reports")
"""Folders of a library that go into a backup whole; its index is derived and is made anew."""

UNREADABLE = (OSError, zipfile.BadZipFile, zlib.error, EOFError, RuntimeError)
"""What reading an archive may raise: it is cut off, damaged, encrypted, or packed in a way that is not known here."""

Progress = Callable[[int, int], None]


def write_backup(catalog: Catalog, store: ImageStore, path: Path, on_progress: Progress = lambda d, t: None) -> int:
    """Write the library to a ZIP file at `path`, which must not exist; how many images it holds.

    It shows the library at one moment, whatever is imported meanwhile. Raises LibraryError when it cannot be written.
    """
    if path.exists():
        raise LibraryError(f"there is already a file {path}; choose another name")
    part = path.with_name(f".{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=path.parent, prefix=".backup-") as folder:
            snapshot = _snapshot(catalog.path, Path(folder) / CATALOG)
            files = _files(snapshot, store)
            with zipfile.ZipFile(part, "w", zipfile.ZIP_STORED) as archive:  # images are compressed already
                archive.write(snapshot, CATALOG, zipfile.ZIP_DEFLATED)
                for done, file in enumerate(files, 1):
                    archive.write(file, file.relative_to(store.root).as_posix())
                    on_progress(done, len(files))
        part.replace(path)
    except OSError as error:
        raise LibraryError(
            f"cannot write the backup {path}: {error.strerror or error}; choose another place"
        ) from error
    finally:
        with suppress(OSError):  # a name that could not be written cannot be taken away either
            part.unlink(missing_ok=True)
    return sum(file.is_relative_to(store.root / "images") for file in files)


def restore_backup(
    backup: Path | IO[bytes], root: Path, on_progress: Progress = lambda d, t: None, *, name: str | None = None
) -> None:
    """Make the library at `root`, an empty folder or none yet, from a backup; with another `name` where one is given.

    Raises LibraryError when it is no backup, or the folder is in use; then, and when `on_progress` raises, nothing is
    left at `root`.
    """
    check_free(root)
    said = backup if isinstance(backup, Path) else getattr(backup, "name", "the file")
    part = root.with_name(f".{root.name}.part")
    try:
        with zipfile.ZipFile(backup) as archive:
            infos = [info for info in archive.infolist() if not info.is_dir()]
            if CATALOG not in archive.namelist() or any(_leads_out(info.filename) for info in infos):
                raise LibraryError(f"{said} is no backup of a library; give a file that backup has written")
            shutil.rmtree(part, ignore_errors=True)
            for done, info in enumerate(infos, 1):
                archive.extract(info, part)
                on_progress(done, len(infos))
        _settle(part / CATALOG, name, str(said))
        check_free(root)  # somebody may have made a library there meanwhile
        shutil.rmtree(root, ignore_errors=True)
        part.replace(root)
    except UNREADABLE as error:
        why = getattr(error, "strerror", None) or error
        raise LibraryError(f"{said} cannot be restored to {root}: {why}; try another file or place") from error
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _settle(path: Path, name: str | None, said: str) -> None:
    """See that there is a whole catalogue, before a library is made of it, and name that."""
    try:
        catalog = Catalog(path)
        if name:
            catalog.update_state(name=name)
        catalog.close()
    except LibraryError as error:
        raise LibraryError(
            f"the library in {said} cannot be read: it is damaged, or of a newer version of this program; "
            "give another backup, or update"
        ) from error


def _snapshot(live: Path, copy: Path) -> Path:
    with closing(sqlite3.connect(f"{live.as_uri()}?mode=ro", uri=True)) as source, closing(sqlite3.connect(copy)) as to:
        source.backup(to)
        to.execute("PRAGMA journal_mode=DELETE")
    return copy


def _files(snapshot: Path, store: ImageStore) -> list[Path]:
    """The files that the library of that snapshot needs; an image that is lost is left out, as in the library."""
    catalog = Catalog(snapshot)
    kept = catalog.cases_kept()
    catalog.close()
    images = [store.image_path(*names) for names in kept]
    thumbs = [store.thumbnail_path(sha256) for sha256, _ in kept]
    beside = [path for name in KEPT_FOLDERS for path in sorted((store.root / name).rglob("*"))]
    extra = [store.root / FACTS]
    return [path for path in (*images, *thumbs, *beside, *extra) if path.is_file() and path.suffix != ".part"]


def _leads_out(name: str) -> bool:
    path = PurePosixPath(name.replace("\\", "/"))
    return path.is_absolute() or ".." in path.parts
