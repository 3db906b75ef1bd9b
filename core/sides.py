"""Left and right: the side a query is of, by its label or by its neighbours, and who contradicts it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from core.taxonomy import Taxonomy

AGREEMENT = 0.8
"""Share of the neighbours with a side that must be of one, for the side to be called agreed on."""


@dataclass(frozen=True)
class Side:
    """The side of a query, None where it has none or nothing says which; `told_by` the labels of its own cases, or
    by the labels of its neighbours. `agreed`: no more than a few neighbours with a side are of the other."""

    side: str | None = None
    told_by: Literal["label", "neighbours"] = "neighbours"
    agreed: bool = True


def side_of(
    own: Sequence[str | None], shares: Mapping[str, float], taxonomy: Taxonomy, *, mirrored: bool = False
) -> Side:
    """The side of a query whose own cases have the labels `own`, and whose neighbours are of classes by `shares`.

    `mirrored`: the query is the mirror image of those cases, so that their mirrored labels count.
    """
    voted = {
        side: sum(share for label, share in shares.items() if taxonomy[label].side == side) for side in taxonomy.sides
    }
    best = max(voted, key=lambda side: voted[side], default=None)
    sided = sum(voted.values())
    agreed = best is None or voted[best] >= AGREEMENT * sided
    if own and all(label is not None for label in own):
        labels = [_mirrored(label, taxonomy) if mirrored else label for label in own if label is not None]
        sides = {taxonomy[label].side if label in taxonomy.by_name else None for label in labels}
        if len(sides) == 1:
            return Side(sides.pop(), "label", agreed)
    if best is None or voted[best] <= 0.5:  # of all neighbours: most must have that side
        return Side(agreed=agreed)
    return Side(best, "neighbours", agreed)


def contradicts(label: str | None, side: str | None, taxonomy: Taxonomy) -> bool:
    """Whether a case of that label shows the other side."""
    known = taxonomy.by_name.get(label or "")
    return side is not None and known is not None and known.side is not None and known.side != side


def _mirrored(label: str, taxonomy: Taxonomy) -> str:
    known = taxonomy.by_name.get(label)
    return label if known is None or known.mirror is None else known.mirror
