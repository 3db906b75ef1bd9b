"""The results of a search as CSV: one row a case, fit for a spreadsheet."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable

from core import NOTICE
from core.search import SearchResult
from core.sides import contradicts
from core.taxonomy import Taxonomy

COLUMNS = (
    "rank",
    "case_id",
    "label",
    "similarity",
    "space",
    "reranked",
    "above_same_class_pairs",
    "other_side",
    "identical",
    "finding",
    "patient_id",
    "exam_date",
    "split",
    "filename",
    "notice",
)
FORMULA = ("=", "+", "-", "@", "\t", "\r")


def results_csv(
    result: SearchResult, taxonomy: Taxonomy, standing: Callable[[float], float | None] = lambda similarity: None
) -> str:
    """All hits of `result`; `standing` tells where a similarity stands among the library's same-class pairs.

    Text that a spreadsheet would take for a formula gets an apostrophe before it.
    """
    file = io.StringIO()
    table = csv.writer(file, lineterminator="\n")
    table.writerow(COLUMNS)
    for hit in result.hits:
        case, place = hit.case, standing(hit.similarity)
        facts = (case.finding, case.patient, case.exam_date, case.split, case.filename, NOTICE)
        other = contradicts(case.label, result.side.side, taxonomy)
        numbers = (f"{hit.similarity:.6f}", result.space, result.reranked, "" if place is None else f"{place:.4f}")
        row = (hit.rank, case.case_id, case.label, *numbers, other, hit.identical, *facts)
        table.writerow([_cell(value) for value in row])
    return file.getvalue()


def _cell(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    text = "" if value is None else str(value)
    return f"'{text}" if isinstance(value, str) and text.startswith(FORMULA) and not _is_number(text) else text


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
