"""A library, or some of its cases, as a plain folder or ZIP that anyone can read and any library can import."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from core import NOTICE
from core.case import Case
from core.catalog import Catalog
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
    found: list[Case] = []
    lost: list[str] = []
    try:
        (folder / "images").mkdir(parents=True)
        for done, case in enumerate(asked, 1):
            try:
                image = store.image(case.sha256, case.extension)
            except LibraryError as error:
                lost.append(f"case {case.case_id}: {error}")
            else:
                (folder / _path(case)).write_bytes(image)
                found.append(case)
            on_progress(done, len(asked))
        (folder / MANIFEST).write_text(_manifest(found), newline="", encoding="utf-8")
        (folder / README).write_text(_readme(catalog, found), encoding="utf-8")
    except OSError as error:
        raise LibraryError(f"cannot write to {folder}: {error.strerror}; choose another folder") from error
    return ExportReport(len(found), tuple(lost))


def export_zip(catalog: Catalog, store: ImageStore, file: IO[bytes], case_ids: Sequence[str]) -> int:
    """Write the same for these cases, in their order, as a ZIP to `file`; how many of them there are.

    Raises LibraryError when an image is gone.
    """
    found = catalog.cases_by_id(case_ids)
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:  # images do not get any smaller
        for case in found:
            archive.writestr(_path(case), store.image(case.sha256, case.extension))
        archive.writestr(MANIFEST, _manifest(found))
        archive.writestr(README, _readme(catalog, found))
    return len(found)


def _manifest(found: Sequence[Case]) -> str:
    text = io.StringIO(newline="")
    table = csv.writer(text)
    table.writerow(COLUMNS)
    table.writerows(map(_row, found))
    return text.getvalue()


def _readme(catalog: Catalog, found: Sequence[Case]) -> str:
    return f"{len(found)} case{'s' * (len(found) != 1)} of {catalog.state().name}. {NOTICE}\n"


def _path(case: Case) -> str:
    return f"images/{case.case_id}.{case.extension}"


def _row(case: Case) -> tuple[str, ...]:
    facts = (case.label, case.finding, case.patient, case.description, case.description_en, case.exam_date, case.split)
    return (_path(case), *(fact or "" for fact in facts), case.filename)
