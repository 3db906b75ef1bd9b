"""The results of a search as CSV: one row a case, fit for a spreadsheet."""

from __future__ import annotations

from collections.abc import Callable

from core import NOTICE
from core.csv_table import csv_table
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


def results_csv(
    result: SearchResult, taxonomy: Taxonomy, standing: Callable[[float], float | None] = lambda similarity: None
) -> str:
    """All hits of `result`; `standing` tells where a similarity stands among the library's same-class pairs."""
    rows = []
    for hit in result.hits:
        case, place = hit.case, standing(hit.similarity)
        facts = (case.finding, case.patient, case.exam_date, case.split, case.filename, NOTICE)
        other = contradicts(case.label, result.side.side, taxonomy)
        numbers = (f"{hit.similarity:.6f}", result.space, result.reranked, "" if place is None else f"{place:.4f}")
        rows.append((hit.rank, case.case_id, case.label, *numbers, other, hit.identical, *facts))
    return csv_table(COLUMNS, rows)
