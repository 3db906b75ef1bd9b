"""The queries behind a figure of an evaluation, worst first: of a class, a confusion, a side, a score or a bin."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from core.calibration import Ints, places
from core.confusion import SIDES, sides_of
from core.errors import QueryError
from core.evaluation import Evaluation, Evidence, Found, Outcome, SpaceReport
from core.level import value_of
from core.taxonomy import Taxonomy

NEVER = 10**9
"""The rank of what is never found, for sorting."""
DEPTHS: Mapping[str, int] = {"recall@1": 1, "recall@5": 5, "recall@10": 10}
"""How many of the nearest each Recall looks at."""
SCORES = (*DEPTHS, "mrr", "map@r")
"""The measures that tell one query from another, by their names in every report."""


@dataclass(frozen=True)
class Answer:
    """One query: what became of it, what it got at the level asked for, and the evidence on its class, where known.

    `before` is the same query in the space, or by the flow, that this one is set against, where it is.
    """

    outcome: Outcome
    found: Found | None = None
    evidence: Evidence | None = None
    before: Answer | None = None

    @property
    def rank(self) -> int | None:
        """The rank, from 1, of the first reference relevant at that level, else of its class; None: none is."""
        return self.found.rank if self.found else self.outcome.rank

    def score(self, measure: str) -> float:
        """What it adds to one of SCORES, in [0, 1]. Raises QueryError for another."""
        if measure in DEPTHS:
            return float((self.rank or NEVER) <= DEPTHS[measure])
        if measure == "mrr":
            return 1 / self.rank if self.rank else 0.0
        if measure == "map@r" and self.found:
            return self.found.precision
        raise QueryError(f"{measure!r} is not known of single queries; ask for one of {', '.join(SCORES)}")


def of_level(report: SpaceReport, level: str) -> list[Answer]:
    """Every query that counts at that level, those found last first, and of these the surest first."""
    found = report.found.get(level)
    if found is None:
        counted = [Answer(outcome) for outcome in report.outcomes]
    else:
        counted = [Answer(*pair) for pair in zip(report.outcomes, found, strict=True) if pair[1]]
    return sorted(counted, key=lambda answer: (-(answer.rank or NEVER), -answer.outcome.similarity))


def of_worst(report: SpaceReport, level: str) -> list[Answer]:
    """The queries that have something relevant, but not at once."""
    return [answer for answer in of_level(report, level) if (answer.rank or 1) > 1]


def of_value(report: SpaceReport, level: str, value: str, taxonomy: Taxonomy) -> list[Answer]:
    """The queries that show `value`."""
    return [answer for answer in of_level(report, level) if value_of(answer.outcome.case, level, taxonomy) == value]


def of_pair(report: SpaceReport, level: str, asked: str, found: str, taxonomy: Taxonomy) -> list[Answer]:
    """The queries that show `asked` and whose nearest reference shows `found`."""
    return [a for a in of_level(report, level) if pair_of(a.outcome, level, taxonomy) == (asked, found)]


def pair_of(outcome: Outcome, level: str, taxonomy: Taxonomy) -> tuple[str | None, str | None]:
    """What a query shows, and what its nearest reference does."""
    nearest = outcome.nearest
    return value_of(outcome.case, level, taxonomy), value_of(nearest, level, taxonomy) if nearest else None


def of_side(report: SpaceReport, which: str, taxonomy: Taxonomy) -> list[Answer]:
    """The queries behind one of SIDES, those whose class is found last first. Raises QueryError for another."""
    if which not in SIDES:
        raise QueryError(f"{which!r} is no count of sides; ask for one of {', '.join(SIDES)}")
    pairs = ((answer, pair_of(answer.outcome, "class", taxonomy)) for answer in of_level(report, "class"))
    return [answer for answer, pair in pairs if which in sides_of(*pair, taxonomy)]


def of_score(report: SpaceReport, level: str, measure: str) -> list[Answer]:
    """Every query, worst first by one of SCORES. Raises QueryError for another, or in a report of before."""
    return sorted(of_level(report, level), key=lambda answer: answer.score(measure))


def of_change(report: SpaceReport, before: SpaceReport, level: str) -> list[Answer]:
    """The queries that are right at once in one of the two only: those that were, then those that are now."""
    former = {answer.outcome.case.case_id: answer for answer in of_level(before, level)}
    pairs = ((answer, former.get(answer.outcome.case.case_id)) for answer in of_level(report, level))
    return [replace(answer, before=was) for answer, was in pairs if was and (was.rank == 1) != (answer.rank == 1)]


def of_flows(one: SpaceReport, other: SpaceReport, level: str) -> list[Answer]:
    """The queries that are right at once by one of two flows only: those that the `other` finds, then those of `one`.

    The answers are those of `one`, `before` those of the `other`. Raises QueryError when they are not of the same
    queries, or where one of them does not tell the queries of that level apart.
    """
    if {outcome.case.case_id for outcome in one.outcomes} != {outcome.case.case_id for outcome in other.outcomes}:
        raise QueryError("the two evaluations are of different queries; evaluate both again")
    if not (tells(one, level) and tells(other, level)):
        raise QueryError(f"a report of before does not say which queries are right by {level}; evaluate it again")
    return of_change(one, other, level)


def tells(report: SpaceReport, level: str) -> bool:
    """Whether it says of every query what it got at that level, which reports of before do of the class only."""
    return level == "class" or level in report.found


def of_bin(evaluation: Evaluation, report: SpaceReport, place: int) -> list[Answer]:
    """The queries in one bin of the reliability curve, `place` as in `bins`: wrong ones first, then surest first."""
    outcomes = {outcome.case.case_id: outcome for outcome in report.outcomes}
    said = [evaluation.evidence[row] for row in np.flatnonzero(_places(evaluation) == place)]
    said.sort(key=lambda evidence: (evidence.label == evidence.case.label, -evidence.probability))
    return [Answer(outcomes[e.case.case_id], evidence=e) for e in said if e.case.case_id in outcomes]


def bins(evaluation: Evaluation) -> tuple[int, ...]:
    """Which tenth, from 0, each bin of the reliability curve is; nothing where the report does not say it."""
    return tuple(map(int, np.unique(_places(evaluation))))


def _places(evaluation: Evaluation) -> Ints:
    return places(np.array([evidence.probability for evidence in evaluation.evidence], np.float64))
