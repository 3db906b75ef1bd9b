"""A table of cases, CSV or JSON, as facts about image files."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType

from core.csv_table import unguarded
from core.errors import SourceError, TaxonomyError
from core.listing import SourceFailure, printable
from core.table import csv_rows, decoded, is_json, json_objects
from core.taxonomy import Taxonomy

COLUMNS: Mapping[str, tuple[str, ...]] = {
    "path": ("path", "file", "filename", "file_name", "image", "image_path", "datei", "dateiname", "bild", "bilddatei"),
    "label": ("label", "classification", "class", "klasse"),
    "finding": ("finding", "type", "diagnose", "befund"),
    "patient": ("patient_id", "patient", "patienten_id", "patientennummer"),
    "description": ("description", "beschreibung"),
    "description_en": ("description_en", "descriptionen"),
    "exam_date": ("exam_date", "untersuchungsdatum", "datum"),
    "split": ("split",),
}
"""What columns may be called, in English or German, the best name first; upper and lower case are the same."""
EXPECTED = "path, label, finding, patient_id, description, description_en, exam_date, split"
SPLITS: Mapping[str, str] = {
    "train": "train",
    "val": "val",
    "validation": "val",
    "valid": "val",
    "dev": "val",
    "test": "test",
}
MAX_LENGTH: Mapping[str, int] = {"path": 4096, "description": 10_000, "description_en": 10_000}
"""Characters of a value that are kept; 200 of all others."""
UNREADABLE = "\0unreadable"
_DATE = re.compile(r"(\d{4})([-/]?)(\d{2})\2(\d{2})")
_GERMAN_DATE = re.compile(r"(\d{1,2})\.(\d{1,2})\.(\d{4})")


@dataclass(frozen=True)
class CaseFacts:
    """What is known of a case beside its image; `exam_date` is ISO (YYYY-MM-DD), `split` train, val or test."""

    label: str | None = None
    finding: str | None = None
    patient: str | None = None
    description: str | None = None
    description_en: str | None = None
    exam_date: str | None = None
    split: str | None = None


NOTHING_KNOWN = CaseFacts()


@dataclass(frozen=True)
class ManifestRow:
    """A row in good order: its number (a spreadsheet's, or its place in the JSON list), path as written, and facts."""

    number: int
    path: str
    facts: CaseFacts


@dataclass(frozen=True)
class Manifest:
    """The rows of a table that could be understood, and the ones that could not."""

    name: str
    rows: tuple[ManifestRow, ...]
    failures: tuple[SourceFailure, ...]


@dataclass(frozen=True)
class ManifestColumns:
    """The columns of a table as written, which of them is taken for what (`meant`), and its first rows as text."""

    written: tuple[str, ...]
    meant: Mapping[str, str]
    first_rows: tuple[tuple[str, ...], ...]


def manifest_columns(data: bytes, name: str, rows: int = 3) -> ManifestColumns:
    """What the columns of a manifest are called, and what they would be taken for.

    Raises SourceError when it is neither CSV nor JSON.
    """
    text = decoded(data)
    if is_json(text):
        records = json_objects(text, name, EXPECTED)
        written = tuple(dict.fromkeys(str(key) for record in records for key in record))
        first = [tuple(str(record.get(column, "")) for column in written) for record in records[:rows]]
    else:
        filled = (cells for _, cells in csv_rows(text) if cells and any(cell.strip() for cell in cells))
        written = tuple(next(filled, []))
        first = [tuple(cells) for cells in itertools.islice(filled, rows)]
    shown = tuple(tuple(printable(value)[:200] for value in row) for row in first)
    return ManifestColumns(written, {key: written[at] for key, at in _places(written, {}).items()}, shown)


def read_manifest(
    data: bytes, name: str, taxonomy: Taxonomy, columns: Mapping[str, str] = MappingProxyType({})
) -> Manifest:
    """The manifest in a file's bytes; a row that is wrong is a failure and the others go on.

    `columns` names the column, as it is written, of a key of COLUMNS where its own name does not say it; the empty
    name stands for none. Raises SourceError when it is neither CSV nor JSON, or has no column for the path.
    """
    text = decoded(data)
    records = _json_records(text, name, columns) if is_json(text) else _csv_records(text, name, columns)
    rows: list[ManifestRow] = []
    failures: list[SourceFailure] = []
    for number, record in records:
        path = record.get("path", "")
        try:
            if UNREADABLE in record:
                raise ValueError("the row is no CSV that can be read; look for an overlong value or an open quote")
            if not path:
                raise ValueError("the path is empty; give the image's file name")
            rows.append(ManifestRow(number, path, _facts(record, taxonomy)))
        except (ValueError, TaxonomyError) as error:
            failures.append(SourceFailure(printable(path) or name, f"row {number} of {name}: {error}"))
    return Manifest(name, tuple(rows), tuple(failures))


def _csv_records(text: str, name: str, given: Mapping[str, str]) -> Iterator[tuple[int, dict[str, str]]]:
    """The records by the numbers of their last lines: the rows of a spreadsheet, which has its header in row 1."""
    columns: dict[str, int] | None = None
    for number, cells in csv_rows(text):
        if cells is None:
            yield number, {UNREADABLE: "yes"}
        elif not any(cell.strip() for cell in cells):
            continue
        elif columns is None:
            columns = _columns(cells, name, given)
        else:
            yield number, {key: _clean(key, _written(key, cells[at])) for key, at in columns.items() if at < len(cells)}
    if columns is None:
        _columns([], name, given)


def _json_records(text: str, name: str, given: Mapping[str, str]) -> Iterator[tuple[int, dict[str, str]]]:
    records = json_objects(text, name, EXPECTED)
    names = list(dict.fromkeys(str(key) for record in records for key in record))
    columns = {key: names[at] for key, at in _columns(names, name, given).items()}
    for number, record in enumerate(records, 1):
        values = {key: record.get(column) for key, column in columns.items()}
        present = {key: value for key, value in values.items() if value is not None and value == value}  # no NaN
        yield number, {key: _clean(key, str(value)) for key, value in present.items()}


def _columns(names: Sequence[str], name: str, given: Mapping[str, str]) -> dict[str, int]:
    """Where each known column stands. Raises SourceError when none holds the path, or a named one is missing."""
    strangers = [column for column in given.values() if column and column not in names]
    unknown = [key for key in given if key not in COLUMNS]
    columns = _places(names, given)
    if strangers or unknown or "path" not in columns:
        wrong = f"column {strangers[0]}" if strangers else f"meaning {unknown[0]}" if unknown else "column path"
        found = ", ".join(printable(column)[:40] for column in names[:20] if column.strip()) or "none"
        raise SourceError(f"{name} has no {wrong}; found: {found}; expected: {EXPECTED}")
    return columns


def _places(names: Sequence[str], given: Mapping[str, str]) -> dict[str, int]:
    places: dict[str, int] = {}
    for at, column in enumerate(names):
        places.setdefault(re.sub(r"[\s-]+", "_", column.strip().lower()), at)
    guessed = {
        key: next(places[alias] for alias in aliases if alias in places)
        for key, aliases in COLUMNS.items()
        if any(alias in places for alias in aliases)
    }
    named = {key: list(names).index(column) for key, column in given.items() if column in names}
    return {key: at for key, at in guessed.items() if key not in given} | named


def _written(key: str, cell: str) -> str:
    """What an export of ours wrote into the cell; the path is a file's name, which may begin in any way."""
    return cell if key == "path" else unguarded(cell)


def _clean(key: str, value: str) -> str:
    """A path stays as it is, to be looked up; everything else is made fit to be shown."""
    text = value.strip() if key == "path" else printable(value).strip()
    return text[: MAX_LENGTH.get(key, 200)]


def _facts(record: Mapping[str, str], taxonomy: Taxonomy) -> CaseFacts:
    """The facts of a row. Raises ValueError or TaxonomyError saying what is wrong with it."""
    known = {key: value for key, value in record.items() if key != "path" and value}
    if "label" in known:
        known["label"] = taxonomy.parse(known["label"])
    if "exam_date" in known:
        known["exam_date"] = _iso_date(known["exam_date"])
    if "split" in known:
        if known["split"].lower() not in SPLITS:
            raise ValueError(f"split {known['split']!r} is none of train, val, test")
        known["split"] = SPLITS[known["split"].lower()]
    return CaseFacts(**known)


def _iso_date(text: str) -> str:
    found, german = _DATE.fullmatch(text), _GERMAN_DATE.fullmatch(text)
    try:
        if german is not None:
            return date(int(german[3]), int(german[2]), int(german[1])).isoformat()
        if found is not None:
            return date(int(found[1]), int(found[3]), int(found[4])).isoformat()
    except ValueError:
        pass
    raise ValueError(f"exam_date {text!r} is no date; write it as YYYY-MM-DD")
