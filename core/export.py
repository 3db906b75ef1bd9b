"""A library, or the filtered part of it, as a plain folder that anyone can read and any library can import."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

from core import NOTICE
from core.case import Case
from core.catalog import Catalog
from core.errors import LibraryError
from core.filters import EVERYTHING, Filters
from core.store import ImageStore

COLUMNS = ("path", "label", "finding", "patient_id", "description", "description_en", "exam_date", "split", "filename")


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
        with (folder / "manifest.csv").open("w", newline="", encoding="utf-8") as file:
            table = csv.writer(file)
            table.writerow(COLUMNS)
            for done, case in enumerate(found, 1):
                (folder / _path(case)).write_bytes(store.image(case.sha256, case.extension))
                table.writerow(_row(case))
                on_progress(done, len(found))
        (folder / "README.txt").write_text(
            f"{len(found)} cases of {catalog.state().name}. {NOTICE}\n", encoding="utf-8"
        )
    except OSError as error:
        raise LibraryError(f"cannot write to {folder}: {error.strerror}; choose another folder") from error
    return len(found)


def _path(case: Case) -> str:
    return f"images/{case.case_id}.{case.extension}"


def _row(case: Case) -> tuple[str, ...]:
    facts = (case.label, case.finding, case.patient, case.description, case.description_en, case.exam_date, case.split)
    return (_path(case), *(fact or "" for fact in facts), case.filename)
