"""A library, or some of its cases, as a plain folder or ZIP that anyone can read and any library can import."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Callable, Sequence
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


def export(
    catalog: Catalog,
    store: ImageStore,
    folder: Path,
    filters: Filters = EVERYTHING,
    on_progress: Callable[[int, int], None] = lambda done, total: None,
) -> int:
    """Write images/<case id>.<ext>, manifest.csv and README.txt to `folder`, empty or new; how many cases.

    Importing the folder elsewhere gives the same cases. Raises LibraryError when it cannot be written.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise LibraryError(f"{folder} is already in use; choose a folder that is empty or does not exist yet")
    found = catalog.cases(filters, order="oldest")
    try:
        (folder / "images").mkdir(parents=True)
        for done, case in enumerate(found, 1):
            (folder / _path(case)).write_bytes(store.image(case.sha256, case.extension))
            on_progress(done, len(found))
        (folder / MANIFEST).write_text(_manifest(found), newline="", encoding="utf-8")
        (folder / README).write_text(_readme(catalog, found), encoding="utf-8")
    except OSError as error:
        raise LibraryError(f"cannot write to {folder}: {error.strerror}; choose another folder") from error
    return len(found)


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
