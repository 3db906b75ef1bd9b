"""Rows as the text of a CSV file, fit for a spreadsheet."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence

FORMULA = ("=", "+", "-", "@", "\t", "\r")


def csv_table(columns: Sequence[str], rows: Iterable[Iterable[object]]) -> str:
    """A header and the rows; text that a spreadsheet would take for a formula gets an apostrophe before it."""
    file = io.StringIO()
    table = csv.writer(file, lineterminator="\n")
    table.writerow(columns)
    table.writerows([_cell(value) for value in row] for row in rows)
    return file.getvalue()


def guarded(text: str) -> str:
    """The text with an apostrophe before what a spreadsheet would take for a formula; `unguarded` is the way back."""
    formula = text.startswith(FORMULA) and not _is_number(text)
    return f"'{text}" if formula or _looks_guarded(text) else text


def unguarded(text: str) -> str:
    """The text that was guarded; any other as it is."""
    return text[1:] if _looks_guarded(text) else text


def _looks_guarded(text: str) -> bool:
    return text.startswith("'") and text.lstrip("'").startswith(FORMULA)


def _cell(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    text = "" if value is None else str(value)
    return guarded(text) if isinstance(value, str) else text


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
