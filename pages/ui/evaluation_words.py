"""What is said of the queries behind a figure: of the list of them, and of each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core import behind
from pages.ui import palette
from pages.ui.text import count

if TYPE_CHECKING:
    from core.behind import Answer
    from pages.ui.evaluation_choice import View
    from pages.ui.evaluation_pick import Pick

SIDES = {
    "sided": "of a class with a side",
    "region_right": "with the right region",
    "side_right": "with the right region and side",
    "errors": "with the right region and the wrong side",
}
"""The counts of sides, as what is said of their queries."""
SCORES = {"mrr": "reciprocal rank", "map@r": "average precision"}
"""What a query adds to a measure that is no share of queries."""


def value_title(view: View, value: str) -> str:
    """A class, region or finding as people read it."""
    return palette.title_of(view.taxonomy, value) if view.level == "class" else value[:1].upper() + value[1:]


def tenth(place: int) -> str:
    """The probabilities of a bin of evidence."""
    return f"{place / 10:.1f} to {(place + 1) / 10:.1f}"


def list_words(view: View, chosen: Pick | None, found: list[Answer]) -> str:
    """What the queries are, how many, and in which order; a whole sentence."""
    if chosen is None:
        return _worst(view, len(found))
    n = count(len(found), "query", "queries")
    if chosen.kind == "sides":
        return f"{n if found else 'no query'} {SIDES[chosen.value]}."
    if chosen.kind == "flows":
        ordered = chosen.found and f"{n} with {chosen.value}, {_order(chosen.found, found)}."
        return ordered or _apart(view, chosen.value, found)
    if chosen.kind == "score":
        return f"{n}, {_order(chosen.value, found)}."
    if chosen.kind == "change":
        if not found:
            return "every query is as right as before."
        won = sum(answer.rank == 1 for answer in found)
        return (
            f"{count(len(found) - won, 'query', 'queries')} right before and not now, then {won} the other way round."
        )
    if chosen.kind == "bin":
        right = sum(a.evidence is not None and a.evidence.label == a.outcome.case.label for a in found)
        claimed = f"whose likeliest class is given a probability of {tenth(int(chosen.value))}"
        return f"{n} {claimed}; it is right for {right}. Wrong ones first."
    asked = value_title(view, chosen.value)
    if chosen.kind == "cell":
        return f"{n}, {asked}, nearest to {value_title(view, chosen.found)}."
    return f"{n}, {asked}; those found last first."


def answer_words(view: View, chosen: Pick | None, answer: Answer) -> tuple[str, ...]:
    """What stands under the image of a query; nothing under one that is right at once, unless its value was asked."""
    if answer.evidence:
        said = palette.title_of(view.taxonomy, answer.evidence.label)
        right = answer.evidence.label == answer.outcome.case.label
        sure = f"probability {answer.evidence.probability:.2f}"
        return (sure,) if right else (f"likeliest: {said}", sure)
    if answer.before and answer.rank == 1:
        return (f"{'other flow' if chosen and chosen.kind == 'flows' else 'before'}: {_late(answer.before)}",)
    measure = {"score": chosen.value, "flows": chosen.found}.get(chosen.kind, "") if chosen else ""
    value = (f"{SCORES[measure]} {answer.score(measure):.2f}",) if measure in SCORES else ()
    late = () if answer.rank == 1 else (_late(answer),)
    nearest = answer.outcome.nearest
    if answer.rank == 1 or view.level == "finding":  # whose nearest is one with a finding, and may be another
        return (*value, *late)
    return (*value, f"nearest: {palette.title_of(view.taxonomy, nearest.label) if nearest else 'nothing'}", *late)


def _late(answer: Answer) -> str:
    return f"first right at {answer.rank}" if answer.rank else "none is right"


def _apart(view: View, other: str, found: list[Answer]) -> str:
    won = sum(answer.rank == 1 for answer in found)
    if not found:
        return f"every query is right with both {view.evaluation.flow} and {other}, or with neither."
    lost = count(len(found) - won, "query", "queries")
    return f"{lost} right with {other} and not with {view.evaluation.flow}, then {won} the other way round."


def _worst(view: View, n: int) -> str:
    if not n:
        return "every query that can be answered is right at once."
    without = view.space.levels[view.level].unanswerable
    beside = f" Beside them {without} with none to find." if without else ""
    first = "those whose first right neighbour comes latest first"
    return f"{count(n, 'query', 'queries')} not right at once; {first}.{beside}"


def _order(measure: str, found: list[Answer]) -> str:
    if measure in behind.DEPTHS:
        depth, missed = behind.DEPTHS[measure], sum(not answer.score(measure) for answer in found) or "none"
        among = (
            "whose nearest neighbour is not right" if depth == 1 else f"without a right one among the {depth} nearest"
        )
        return f"{missed} of them {among}; those found last first"
    return f"those with the least {SCORES[measure]} first"
