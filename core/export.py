"""A library, or some of its cases, as a plain folder or ZIP that anyone can read and any library can import."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from core import NOTICE
from core.case import Case
from core.catalog import Catalog
from core.csv_table import guarded
from core.errors import LibraryError
from core.filters import EVERYTHING, Filters
from core.store import ImageStore

COLUMNS = ("path", "label", "finding", "patient_id", "description", "description_en", "exam_date", "split", "filename")
MANIFEST, README = "manifest.csv", "README.txt"


@dataclass(frozen=True)
class ExportReport:
    """What was written: how many cases, and why each of the `lost` ones is not among them."""

    written: int
    lost: tuple[str, ...]


def export(
    catalog: Catalog,
    store: ImageStore,
    folder: Path,
    filters: Filters = EVERYTHING,
    on_progress: Callable[[int, int], None] = lambda done, total: None,
) -> ExportReport:
    """Write images/<case id>.<ext>, manifest.csv and README.txt to `folder`, empty or new.

    Importing the folder elsewhere gives the same cases; one whose image cannot be read is left out and told. Raises
    LibraryError when the folder cannot be written.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise LibraryError(f"{folder} is already in use; choose a folder that is empty or does not exist yet")
    asked = catalog.cases(filters, order="oldest")
    try:
        (folder / "images").mkdir(parents=True)
        found, lost = _images(store, asked, lambda name, data: (folder / name).write_bytes(data), on_progress)
        (folder / MANIFEST).write_text(_manifest(found), newline="", encoding="utf-8")
        (folder / README).write_text(_readme(catalog, found, lost), encoding="utf-8")
    except OSError as error:
        raise LibraryError(f"cannot write to {folder}: {error.strerror}; choose another folder") from error
    return ExportReport(len(found), tuple(lost.values()))


def export_zip(catalog: Catalog, store: ImageStore, file: IO[bytes], case_ids: Sequence[str]) -> ExportReport:
    """Write the same for these cases, in their order, as a ZIP to `file`; what is left out stands in its README.txt."""
    asked = catalog.cases_by_id(case_ids)
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:  # images do not get any smaller
        found, lost = _images(store, asked, archive.writestr)
        archive.writestr(MANIFEST, _manifest(found))
        archive.writestr(README, _readme(catalog, found, lost))
    return ExportReport(len(found), tuple(lost.values()))


def _images(
    store: ImageStore,
    asked: Sequence[Case],
    write: Callable[[str, bytes], object],
    on_progress: Callable[[int, int], None] = lambda done, total: None,
) -> tuple[list[Case], dict[str, str]]:
    """Write the images of `asked`; the cases that were written, and why each other one was not, by its id."""
    found: list[Case] = []
    lost: dict[str, str] = {}
    for done, case in enumerate(asked, 1):
        try:
            image = store.image(case.sha256, case.extension)
        except LibraryError as error:
            lost[case.case_id] = f"case {case.case_id}: {error}"
        else:
            write(_path(case), image)
            found.append(case)
        on_progress(done, len(asked))
    return found, lost


def _manifest(found: Sequence[Case]) -> str:
    text = io.StringIO(newline="")
    table = csv.writer(text)
    table.writerow(COLUMNS)
    table.writerows(map(guarded, _row(case)) for case in found)
    return text.getvalue()


def _readme(catalog: Catalog, found: Sequence[Case], lost: Collection[str]) -> str:
    said = f"{len(found)} case{'s' * (len(found) != 1)} of {catalog.state().name}. {NOTICE}\n"
    return f"{said}Left out, since the image cannot be read: case {', '.join(lost)}.\n" if lost else said


def _path(case: Case) -> str:
    return f"images/{case.case_id}.{case.extension}"


def _row(case: Case) -> tuple[str, ...]:
    facts = (case.label, case.finding, case.patient, case.description, case.description_en, case.exam_date, case.split)
    return (_path(case), *(fact or "" for fact in facts), case.filename)
