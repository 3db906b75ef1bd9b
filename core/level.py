"""What a case shows at a level of an evaluation: its class, its region, or a finding in that region."""

from __future__ import annotations

from core.case import Case
from core.taxonomy import Taxonomy


def value_of(case: Case, level: str, taxonomy: Taxonomy) -> str | None:
    """What a case shows at one of `core.evaluation.LEVELS`; None where that is not known."""
    if level == "class":
        return case.label
    known = taxonomy.by_name.get(case.label or "")
    if known is None or level == "region":
        return known.region if known else None
    return f"{known.region}: {case.finding}" if case.finding else None
