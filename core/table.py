"""Tables as people write them: the text of CSV and JSON files as rows, whatever is wrong with single ones."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator

from core.errors import SourceError


def decoded(data: bytes) -> str:
    """The text of a file: UTF-8, or what old spreadsheets write."""
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace")  # what spreadsheets write where nobody asks them not to


def is_json(text: str) -> bool:
    """Whether a table is JSON and not CSV."""
    return text.lstrip()[:1] in ("[", "{")


def csv_rows(text: str) -> Iterator[tuple[int, list[str] | None]]:
    """The rows of a table with the number of their last line, None for one that cannot be read.

    The delimiter is the commonest of comma, semicolon and tab in the first line.
    """
    header = text.lstrip().partition("\n")[0]
    table = csv.reader(io.StringIO(text, newline=""), delimiter=max(",;\t", key=header.count))
    while True:
        try:
            cells = next(table, None)
        except csv.Error:  # which the reader survives
            yield table.line_num, None
            continue
        if cells is None:
            return
        yield table.line_num, cells


def json_objects(text: str, name: str, expected: str) -> list[dict[str, object]]:
    """The objects of a JSON list, or of JSON lines.

    Raises SourceError, naming what is `expected` in them, when it is something else.
    """
    try:
        parsed = json.loads(text)
    except ValueError:
        parsed = _json_lines(text, name)
    except RecursionError as error:
        raise SourceError(f"{name} is nested too deeply; give a list of objects, one for each image") from error
    records = parsed if isinstance(parsed, list) else [parsed]
    if not all(isinstance(record, dict) for record in records):
        raise SourceError(f"{name} is no list of objects; give one object for each image, with {expected}")
    return records


def _json_lines(text: str, name: str) -> list[object]:
    records: list[object] = []
    for number, line in enumerate(text.splitlines(), 1):
        try:
            if line.strip():
                records.append(json.loads(line))
        except (ValueError, RecursionError) as error:
            raise SourceError(f"{name} is neither JSON nor JSON lines: line {number}: {error}") from error
    return records
