"""What there is to import: images from a folder, ZIP, manifest or upload, each with the facts known of it."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import BinaryIO

from core.encoder_spec import Embeddings
from core.errors import ImageError, SourceError, TaxonomyError
from core.file_finder import FileFinder, some
from core.imaging import DEFAULT_LIMITS, Limits
from core.listing import (
    IMAGE_SUFFIXES,
    ListedFile,
    Listing,
    SourceFailure,
    list_folder,
    list_zip,
    printable,
    read_file,
)
from core.manifest import NOTHING_KNOWN, CaseFacts, Manifest, ManifestRow, read_manifest
from core.taxonomy import Taxonomy

MANIFESTS = ("manifest.csv", "manifest.json", "data.json")
"""Names under which a manifest is found at the root of a source, the first one first."""
MANIFEST_SUFFIXES = (".csv", ".tsv", ".json", ".jsonl")
MAX_MANIFEST_BYTES = 200_000_000
Upload = tuple[str, bytes]
"""A file as it came through a browser: its name, with its folders where it came with them, and its bytes."""
GIVE = "give a folder, a ZIP, a manifest (CSV or JSON) or an image"


@dataclass(frozen=True)
class SourceItem:
    """An image to be imported: its path as people may see it, what is known of it, and how to get its bytes.

    `read` may be called from any thread, and raises ImageError or OSError.
    """

    path: str
    facts: CaseFacts
    read: Callable[[], bytes]


@dataclass(frozen=True)
class Source:
    """All that a source has to import, what of it cannot be, and remarks on the whole.

    `embeddings`, where there are any, were made before by the very encoder of the library: (D,) each, by pixel hash.
    """

    name: str
    items: tuple[SourceItem, ...]
    failures: tuple[SourceFailure, ...] = ()
    notes: tuple[str, ...] = ()
    embeddings: Mapping[str, Embeddings] = field(default_factory=dict)


@contextmanager
def open_source(
    path: Path,
    taxonomy: Taxonomy,
    *,
    manifest: Path | None = None,
    columns: Mapping[str, str] = MappingProxyType({}),
    limits: Limits = DEFAULT_LIMITS,
) -> Iterator[Source]:
    """The images of a folder, ZIP, manifest or single file, labelled by manifest or else by their folders' names.

    `columns` are those of the manifest, as `read_manifest` takes them. Items can be read until the context ends.
    Raises SourceError when the source as a whole is of no use.
    """
    path, table = Path(path), None
    if manifest is not None:
        table = _manifest_file(Path(manifest))
    elif _kind(path) == "manifest":
        path, table = path.parent, _manifest_file(path)
    kind, name = _kind(path), printable(path.resolve().name)
    if kind == "folder":
        yield _source(name, list_folder(path, limits), table, taxonomy, columns)
    elif kind == "image":
        file = ListedFile(path.name, partial(read_file, path, limits))
        yield _source(name, Listing((file,)), table, taxonomy, columns)
    elif kind == "ZIP":
        with _open_zip(path, str(path)) as archive:
            yield _source(name, list_zip(archive, limits), table, taxonomy, columns)
    else:
        raise SourceError(f"{path} is a manifest already; {GIVE}, and at most one manifest beside it")


@contextmanager
def open_archive(
    name: str,
    data: bytes,
    taxonomy: Taxonomy,
    *,
    facts: CaseFacts = NOTHING_KNOWN,
    manifest: Upload | None = None,
    columns: Mapping[str, str] = MappingProxyType({}),
    limits: Limits = DEFAULT_LIMITS,
) -> Iterator[Source]:
    """The images of a ZIP that came as bytes, as of one in a file; it is never written anywhere.

    `manifest` is one that came beside it; without one, here or in it, `facts` hold for all. Items can be read until the
    context ends. Raises SourceError when it is no ZIP that can be read.
    """
    shown = printable(name.replace("\\", "/").rpartition("/")[2]) or "upload.zip"
    table = None if manifest is None else _uploaded(manifest)
    with _open_zip(io.BytesIO(data), shown) as archive:
        yield _source(shown, list_zip(archive, limits), table, taxonomy, columns, facts)


def source_of_uploads(
    files: Sequence[Upload],
    taxonomy: Taxonomy,
    *,
    facts: CaseFacts = NOTHING_KNOWN,
    manifest: Upload | None = None,
    columns: Mapping[str, str] = MappingProxyType({}),
) -> Source:
    """Images that came one by one, each with what `manifest`, which came with them, says of it.

    Its paths may begin at its own folder, at any above, or at that of all files. Without one `facts` hold for all, and
    folders label those that have no label by that. Raises TaxonomyError when the label in `facts` is none of the
    library's, SourceError when the manifest is none.
    """
    listed = [_uploaded(file) for file in files]
    if manifest is not None:
        name = _uploaded(manifest).name
        table = read_manifest(manifest[1], printable(name.rpartition("/")[2]), taxonomy, columns)
        return _by_manifest("uploads", Listing(tuple(listed)), table, _base(name, listed, table))
    label = taxonomy.parse(facts.label) if facts.label else None
    labelled = [(file, replace(facts, label=label or _label(file, taxonomy))) for file in listed]
    return Source("uploads", tuple(SourceItem(file.shown, known, file.read) for file, known in labelled))


def _uploaded(file: Upload) -> ListedFile:
    name, data = file
    return ListedFile(name.replace("\\", "/").removeprefix("./").lstrip("/"), partial(bytes, data))


def _base(name: str, files: Sequence[ListedFile], manifest: Manifest) -> str:
    """The folder that the paths of a manifest of that name start from: of those around it, the one with most of them.

    Its own comes first, then those above, then the one that all of the files are in.
    """
    parts, names = name.split("/")[:-1], {file.name for file in files}
    bases = ["".join(f"{part}/" for part in parts[:depth]) for depth in range(len(parts), -1, -1)]
    tops = {name.partition("/")[0] for name in names if "/" in name}
    bases += [f"{top}/" for top in tops if len(tops) == 1]
    return max(bases, key=lambda base: sum(f"{base}{row.path}" in names for row in manifest.rows))


def _kind(path: Path) -> str:
    """folder, image, manifest or ZIP. Raises SourceError when it is none of them, or not there."""
    try:
        if path.is_dir():
            return "folder"
        path.stat()
    except OSError as error:
        raise SourceError(f"{path} cannot be read: {error.strerror or error}; {GIVE}") from error
    except ValueError as error:
        raise SourceError(f"{str(path)!r} is no path: {error}; {GIVE}") from error
    suffix = path.suffix.lower()
    if path.is_file() and suffix in IMAGE_SUFFIXES:
        return "image"
    if path.is_file() and suffix in MANIFEST_SUFFIXES:
        return "manifest"
    if path.is_file() and (suffix == ".zip" or zipfile.is_zipfile(path)):
        return "ZIP"
    raise SourceError(f"{path} is nothing that can be imported; {GIVE}")


def _manifest_file(path: Path) -> ListedFile:
    return ListedFile(path.name, partial(read_file, path, Limits(max_bytes=MAX_MANIFEST_BYTES)))


def _open_zip(file: Path | BinaryIO, shown: str) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(file)
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise SourceError(f"{shown} is no ZIP that can be read: {error}; pack it again") from error


def _source(
    name: str,
    listing: Listing,
    table: ListedFile | None,
    taxonomy: Taxonomy,
    columns: Mapping[str, str],
    facts: CaseFacts = NOTHING_KNOWN,
) -> Source:
    table, base = _find_manifest(listing.files) if table is None else (table, "")
    if table is None:
        return _by_folder(name, listing, taxonomy, facts)
    try:
        data = table.read()
    except (OSError, ImageError) as error:
        raise SourceError(f"the manifest {table.shown} cannot be read: {error}") from error
    return _by_manifest(name, listing, read_manifest(data, table.shown, taxonomy, columns), base)


def _find_manifest(files: Sequence[ListedFile]) -> tuple[ListedFile | None, str]:
    """The manifest at the root or in the only top folder, and the folder that its paths start from."""
    by_name = {file.name: file for file in files}
    tops = {file.name.partition("/")[0] for file in files}
    bases = ["", *(f"{top}/" for top in tops if len(tops) == 1)]
    found = ((by_name[base + name], base) for base in bases for name in MANIFESTS if base + name in by_name)
    return next(found, (None, ""))


def _by_folder(name: str, listing: Listing, taxonomy: Taxonomy, facts: CaseFacts) -> Source:
    images = [file for file in listing.files if file.is_image]
    given = taxonomy.parse(facts.label) if facts.label else None
    whole = _class_of(name, taxonomy)  # the folder of one class was given, and not one with folders of classes
    labels = (given or _label(file, taxonomy) or whole for file in images)
    known = (replace(facts, label=label) for label in labels)
    items = tuple(SourceItem(file.shown, own, file.read) for file, own in zip(images, known, strict=True))
    notes = list(listing.notes)
    unlabelled = [file for file, item in zip(images, items, strict=True) if item.facts.label is None]
    if unlabelled:
        folders = sorted({printable("/".join(file.folders)) or "the top folder" for file in unlabelled})
        notes.append(
            f"{_count(unlabelled)} without a label: {some(folders)} {'is' if len(folders) == 1 else 'are'} no class; "
            f"the classes are {', '.join(taxonomy.labels)}"
        )
    if others := len(listing.files) - len(images):
        notes.append(f"{others} {'file' if others == 1 else 'files'} left out, whose names are not those of images")
    return Source(name, items, listing.failures, tuple(notes))


def _label(file: ListedFile, taxonomy: Taxonomy) -> str | None:
    """The class of the nearest folder above that is named like one."""
    return next((label for folder in reversed(file.folders) if (label := _class_of(folder, taxonomy))), None)


def _class_of(folder: str, taxonomy: Taxonomy) -> str | None:
    try:
        return taxonomy.parse(folder)
    except TaxonomyError:
        return None


def _by_manifest(name: str, listing: Listing, manifest: Manifest, base: str) -> Source:
    finder = FileFinder(listing.files, base, [row.path for row in manifest.rows])
    items: list[SourceItem] = []
    failures = [*listing.failures, *manifest.failures]
    refused = {failure.path for failure in failures}
    first: dict[str, ManifestRow] = {}
    for row in manifest.rows:
        try:
            file = finder.find(row.path)
            earlier = first.setdefault(file.name, row)
            if earlier is row:
                items.append(SourceItem(file.shown, row.facts, file.read))
            elif earlier.facts != row.facts:
                raise SourceError(f"says something else of the same file than row {earlier.number}; keep one of them")
        except SourceError as error:
            if printable(base + row.path) not in refused:  # or else it was said why
                failures.append(SourceFailure(printable(row.path), f"row {row.number} of {manifest.name}: {error}"))
    notes = list(listing.notes)
    if finder.elsewhere:
        notes.append(f"{_count(finder.elsewhere)} found by file name, in another folder than {manifest.name} says")
    named = {failure.path for failure in failures}.union(first)
    if left := [file for file in listing.files if file.is_image and not named & {file.name, file.shown}]:
        notes.append(f"{_count(left)} left out, which {manifest.name} does not name")
    return Source(name, tuple(items), tuple(failures), tuple(notes))


def _count(files: Sequence[object]) -> str:
    return "1 image" if len(files) == 1 else f"{len(files)} images"
