"""The files that a folder or a ZIP holds, each with a way to read it; whatever leads outside is left out."""

from __future__ import annotations

import os
import re
import stat
import unicodedata
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from core.errors import ImageError, SourceError
from core.imaging import Limits, check_file_size
from core.store import CATALOG

IMAGE_SUFFIXES = (".png", ".jpg", ".jpeg", ".jpe", ".webp", ".bmp", ".tif", ".tiff", ".gif")
MAX_ENTRIES = 200_000
MAX_RATIO = 1000
"""Times that a file in a ZIP may grow when unpacked; Deflate itself ends at 1032, and images come nowhere near."""
_SURROGATES = re.compile("[\ud800-\udfff]")
_TURNS = re.compile("[\u202a-\u202e\u2066-\u2069]")


@dataclass(frozen=True)
class SourceFailure:
    """A file, folder or row that could not be taken in, and why."""

    path: str
    reason: str


@dataclass(frozen=True)
class ListedFile:
    """A file by its true name, relative and with `/` between folders; `read` raises ImageError or OSError."""

    name: str
    read: Callable[[], bytes]

    @property
    def shown(self) -> str:
        """The name as people may see it: valid Unicode without control characters."""
        return printable(self.name)

    @property
    def folders(self) -> tuple[str, ...]:
        return tuple(self.name.split("/")[:-1])

    @property
    def is_image(self) -> bool:
        return self.name.lower().endswith(IMAGE_SUFFIXES)


@dataclass(frozen=True)
class Listing:
    """All files of a folder or ZIP in the order of their names, what could not be listed, and remarks on the whole."""

    files: tuple[ListedFile, ...]
    failures: tuple[SourceFailure, ...] = ()
    notes: tuple[str, ...] = ()


def printable(text: str) -> str:
    """The text as valid Unicode on one line, without control characters and marks that turn the direction of reading.

    File names that are not UTF-8 reach Python with lone surrogates in them, which nothing else can store or show.
    """
    spaced = re.sub(r"[\t\r\n\v\f]+", " ", _TURNS.sub("", _SURROGATES.sub("\N{REPLACEMENT CHARACTER}", text)))
    return "".join(char for char in spaced if unicodedata.category(char) != "Cc")


def list_folder(root: Path, limits: Limits) -> Listing:
    """The regular files below a folder, those of libraries left out: they are copies of what was imported once.

    Raises SourceError when the folder itself cannot be read, or is a library.
    """
    if (root / CATALOG).is_file():
        raise SourceError(f"{root} is a library, not a folder of images; export it, and import what that writes")
    found: list[ListedFile] = []
    failures: list[SourceFailure] = []
    notes: list[str] = []
    inside = os.path.realpath(root) + os.sep

    def name_of(path: str) -> str:
        return Path(path).relative_to(root).as_posix()

    def refuse(error: OSError) -> None:
        where = str(error.filename or root / "a folder")
        if Path(where) == root:
            raise SourceError(f"the folder {root} cannot be read: {error.strerror}; check who may read it") from error
        reason = f"the folder cannot be read: {error.strerror or error}; check who may read it"
        failures.append(SourceFailure(printable(name_of(where)), reason))

    for folder, folders, names in os.walk(root, onerror=refuse):
        if CATALOG in names:
            notes.append(f"the library {printable(name_of(folder))} was left out; export it to import its cases")
            folders.clear()
            continue
        links = [name for name in folders if Path(folder, name).is_symlink()]  # not followed: they could go in circles
        folders[:] = sorted(name for name in folders if not _is_hidden(name))
        for name in sorted(name for name in (*names, *links) if not _is_hidden(name)):
            path = Path(folder, name)
            file = ListedFile(name_of(str(path)), partial(read_file, path, limits))
            try:
                problem, regular = _problem(path, inside), path.is_file()  # no pipe, no device
            except OSError as error:
                problem, regular = f"cannot be read: {error.strerror or error}; check who may read it", False
            if problem:
                failures.append(SourceFailure(file.shown, problem))
            elif regular:
                found.append(file)
    return Listing(tuple(sorted(found, key=_order)), tuple(failures), tuple(notes))


def _problem(path: Path, inside: str) -> str:
    """What speaks against a file or link, in words; nothing where nothing does."""
    if stat.S_ISLNK(os.lstat(path).st_mode):
        if not f"{os.path.realpath(path)}{os.sep}".startswith(inside):
            return "the link points outside the source; copy the file itself into it"
        if not path.exists():
            return "the link points to a file that is not there"
    return ""


def read_file(path: Path, limits: Limits) -> bytes:
    """A file's bytes. Raises ImageError when they are too many, OSError when they cannot be read."""
    with path.open("rb") as file:
        check_file_size(os.fstat(file.fileno()).st_size, limits)
        data = file.read(limits.max_bytes + 1)
    check_file_size(len(data), limits)
    return data


def list_zip(archive: zipfile.ZipFile, limits: Limits) -> Listing:
    """The files in an open ZIP. Raises SourceError when there are too many."""
    entries = archive.infolist()
    if len(entries) > MAX_ENTRIES:
        raise SourceError(f"the ZIP has {len(entries):,} entries, {MAX_ENTRIES:,} are allowed; split it")
    found: list[ListedFile] = []
    failures: list[SourceFailure] = []
    for entry in entries:
        name = entry.filename.replace("\\", "/").removeprefix("./")
        if entry.is_dir() or any(_is_hidden(part) for part in name.split("/") if part != ".."):
            continue
        if reason := _refusal(entry, name, limits):
            failures.append(SourceFailure(printable(name), reason))
        else:
            found.append(ListedFile(name, partial(_read_entry, archive, entry, limits)))
    return Listing(tuple(sorted(found, key=_order)), tuple(failures))


def leads_outside(name: str) -> bool:
    """Whether a relative path with `/` between folders is none: absolute, with a drive letter, or going up."""
    return name.startswith("/") or re.match("[A-Za-z]:", name) is not None or ".." in name.split("/")


def _refusal(entry: zipfile.ZipInfo, name: str, limits: Limits) -> str:
    """Why an entry of a ZIP is not taken, in words; nothing where it is."""
    if leads_outside(name):
        return "the path points outside the source"
    if entry.flag_bits & 1:
        return "encrypted in the ZIP; unpack it and import the folder"
    if stat.S_ISLNK(entry.external_attr >> 16):
        return "a link in the ZIP; pack the file itself"
    if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        return "packed in an unusual way; unpack the ZIP and import the folder"
    if entry.file_size > MAX_RATIO * max(1, entry.compress_size):
        return "would grow more than a thousandfold when unpacked, as no image does"
    try:
        check_file_size(entry.file_size if name.lower().endswith(IMAGE_SUFFIXES) else 0, limits)
    except ImageError as error:
        return str(error)
    return ""


def _read_entry(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, limits: Limits) -> bytes:
    """An entry's bytes, never more than allowed, whatever its header says. Safe in several threads at once."""
    try:
        with archive.open(entry) as file:
            data = file.read(limits.max_bytes + 1)
    except (zipfile.BadZipFile, zlib.error, EOFError, ValueError, NotImplementedError, RuntimeError) as error:
        raise ImageError("damaged inside the ZIP; pack it again from the original") from error
    check_file_size(len(data), limits)
    return data


def _is_hidden(name: str) -> bool:
    """Whether a file or folder is the operating system's own: nobody's image."""
    return name.startswith(".") or name in ("__MACOSX", "Thumbs.db", "desktop.ini")


def _order(file: ListedFile) -> list[str]:
    return file.name.split("/")
