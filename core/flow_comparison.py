"""One flow against another, on the same queries."""

from __future__ import annotations

import numpy as np

from core.bootstrap import Bootstrap, PairedTest
from core.errors import QueryError
from core.evaluation import Outcome, SpaceReport
from core.taxonomy import Taxonomy


def is_right(outcome: Outcome, level: str, taxonomy: Taxonomy) -> bool:
    """Whether the nearest reference is of the query's class, or where `level` is "region" of its region."""
    if level != "region":
        return outcome.rank == 1
    nearest = outcome.nearest.label if outcome.nearest else None
    asked, found = (taxonomy.by_name.get(label or "") for label in (outcome.case.label, nearest))
    return asked is not None and found is not None and asked.region == found.region


def compare(one: SpaceReport, other: SpaceReport, level: str, taxonomy: Taxonomy) -> PairedTest:
    """Recall@1 of `one` less that of `other`, paired by query, resampled by patient where known.

    Raises QueryError when they are not of the same queries.
    """
    cases = [outcome.case for outcome in one.outcomes]
    beside = {outcome.case.case_id: outcome for outcome in other.outcomes}
    if {case.case_id for case in cases} != set(beside):
        raise QueryError("the two evaluations are of different queries; evaluate both again")
    groups = np.array([f"patient {case.patient}" if case.patient else f"case {case.case_id}" for case in cases])
    left = [is_right(outcome, level, taxonomy) for outcome in one.outcomes]
    right = [is_right(beside[case.case_id], level, taxonomy) for case in cases]
    return Bootstrap(groups).paired(left, right)
