"""The results of a search as CSV: one row a case, fit for a spreadsheet."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from core import NOTICE
from core.csv_table import csv_table
from core.folding import Fold
from core.search import SearchHit, SearchResult
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
    "folded_into",
    "finding",
    "patient_id",
    "exam_date",
    "split",
    "filename",
    "query",
    "asked_how",
    "library",
    "flow",
    "searched_at",
    "notice",
)


Standing = Callable[[float], float | None]


@dataclass(frozen=True)
class Ranking:
    """An answer as it is shown: its cards in their order, each with what is folded into it.

    `standing` tells where a similarity stands among the library's same-class pairs.
    """

    result: SearchResult
    cards: tuple[Fold, ...]
    standing: Standing = lambda similarity: None

    @classmethod
    def whole(cls, result: SearchResult, standing: Standing = lambda similarity: None) -> Ranking:
        """Every hit of an answer as a card of its own."""
        return cls(result, tuple(Fold(hit) for hit in result.hits), standing)


@dataclass(frozen=True)
class About:
    """What was asked, how, of which library, through which flow and when: the same in every row.

    Rows that are sorted, filtered or pasted elsewhere keep it, as lines above the header would not.
    """

    query: str = ""
    how: str = ""
    library: str = ""
    flow: str = ""
    at: str = ""


def results_csv(rankings: Sequence[Ranking], taxonomy: Taxonomy, about: About) -> str:
    """What is shown of each ranking, one after the other; a folded case follows its card, and names it."""
    rows: list[tuple[object, ...]] = []
    for ranking in rankings:
        for card in ranking.cards:
            rows.append(_row(ranking, card.lead, "", taxonomy, about))
            rows.extend(_row(ranking, hit, card.lead.case.case_id, taxonomy, about) for hit in card.rest)
    return csv_table(COLUMNS, rows)


def _row(ranking: Ranking, hit: SearchHit, folded_into: str, taxonomy: Taxonomy, about: About) -> tuple[object, ...]:
    case, result, place = hit.case, ranking.result, ranking.standing(hit.similarity)
    facts = (case.finding, case.patient, case.exam_date, case.split, case.filename)
    flow = about.flow if result.space == "after" else ""
    asked = (about.query, about.how, about.library, flow, about.at, NOTICE)
    other = contradicts(case.label, result.side.side, taxonomy)
    numbers = (f"{hit.similarity:.6f}", result.space, result.reranked, "" if place is None else f"{place:.4f}")
    return (hit.rank, case.case_id, case.label, *numbers, other, hit.identical, folded_into, *facts, *asked)
