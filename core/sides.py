"""Left and right: the side a query is of, by its label or by its neighbours, and who contradicts it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from core.errors import QueryError
from core.evidence import Evidence
from core.taxonomy import Taxonomy

AGREEMENT = 0.75
"""Share of the neighbours with a side that must be of one, for the side to be agreed on."""


TellsSide = Literal["person", "words", "label", "neighbours"]


@dataclass(frozen=True)
class Side:
    """The side of a query, None where it has none or nothing says which.

    `told_by` the person who asks, its words, the labels of its own cases, or those of its neighbours, `votes` of which
    are of that side.
    `agreed`: no more than a few neighbours with a side are of the other, or the side is none of their business.
    """

    side: str | None = None
    told_by: TellsSide = "neighbours"
    agreed: bool = True
    votes: int = 0


def side_of(
    own: Sequence[str | None],
    words: Sequence[str],
    counts: Mapping[str, int],
    taxonomy: Taxonomy,
    *,
    mirrored: bool = False,
    stated: str | None = None,
) -> Side:
    """The side of a query in those `words`, whose own cases have the labels `own`, whose neighbours are `counts`.

    `mirrored`: the query is the mirror image of those cases, so that their mirrored labels count. `stated` is the side
    that the person says it is of, before it is mirrored. Raises QueryError where there is no such side.
    """
    if stated is not None:
        return _told("person", _stated(stated, taxonomy, mirrored=mirrored), counts, taxonomy)
    if own and all(label is not None for label in own):
        labels = [_mirrored(label, taxonomy) if mirrored else label for label in own if label is not None]
        sides = {taxonomy[label].side if label in taxonomy.by_name else None for label in labels}
        if len(sides) == 1:
            return _told("label", sides.pop(), counts, taxonomy)
    if counts and not _sided(counts, taxonomy):
        return Side()
    named = [side for side in taxonomy.sides if side in words]
    if len(named) == 1:
        return _told("words", named[0], counts, taxonomy)
    voted = _votes(counts, taxonomy)
    best = max(voted, key=lambda side: voted[side], default=None)
    if best is None or 2 * voted[best] <= sum(counts.values()):  # of all neighbours: most must have that side
        return Side(agreed=_agreed(voted))
    return _told("neighbours", best, counts, taxonomy) if _agreed(voted) else Side(agreed=False)


def said(side: Side, evidence: Evidence) -> str:
    """In words which side a query is taken as, and what says so; nothing where it has none."""
    judged = sum(evidence.judged.values())
    told = {
        "person": "what you said",
        "words": "your words",
        "label": "its label",
        "neighbours": f"{side.votes} of {judged} neighbours",
    }
    return f"taken as {side.side}: from {told[side.told_by]}" if side.side else ""


def contradicts(label: str | None, side: str | None, taxonomy: Taxonomy) -> bool:
    """Whether a case of that label shows the other side."""
    known = taxonomy.by_name.get(label or "")
    return side is not None and known is not None and known.side is not None and known.side != side


def _mirrored(label: str, taxonomy: Taxonomy) -> str:
    known = taxonomy.by_name.get(label)
    return label if known is None or known.mirror is None else known.mirror


def _stated(side: str, taxonomy: Taxonomy, *, mirrored: bool) -> str:
    if side not in taxonomy.sides:
        known = f"give one of {', '.join(taxonomy.sides)}" if taxonomy.sides else "its classes have none"
        raise QueryError(f"this library knows no side {side!r}: {known}")
    others = [other for other in taxonomy.sides if other != side]
    return others[0] if mirrored and len(others) == 1 else side


def _told(by: TellsSide, side: str | None, counts: Mapping[str, int], taxonomy: Taxonomy) -> Side:
    voted = _votes(counts, taxonomy)
    agreed = side is None or not _sided(counts, taxonomy) or _agreed(voted)
    return Side(side, by, agreed, voted.get(side, 0) if side else 0)


def _sided(counts: Mapping[str, int], taxonomy: Taxonomy) -> bool:
    """Whether the region that most neighbours are of has sides; as many of one without sides decide against it."""
    most = {True: 0, False: 0}
    for region in taxonomy.regions:
        labels = taxonomy.labels_where(region=region)
        sided = any(taxonomy[label].side for label in labels)
        most[sided] = max(most[sided], sum(counts.get(label, 0) for label in labels))
    return most[True] > most[False]


def _votes(counts: Mapping[str, int], taxonomy: Taxonomy) -> dict[str, int]:
    return {side: sum(counts.get(label, 0) for label in taxonomy.labels_where(side=side)) for side in taxonomy.sides}


def _agreed(voted: Mapping[str, int]) -> bool:
    return max(voted.values(), default=0) >= AGREEMENT * sum(voted.values())
