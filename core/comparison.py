"""Two rankings of the same query, before and after the flow: which case, or which card of cases, went where."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from core.folding import Fold

if TYPE_CHECKING:  # brings torch, which the first page does not wait for
    from core.search import SearchHit


@dataclass(frozen=True)
class Move:
    """How a case of one ranking stands in another: its rank there, None where it is not among the first `depth`.

    `by` is the case that leads its card there, where that is another one.
    """

    rank: int
    other: int | None
    depth: int
    by: str | None = None

    @property
    def up(self) -> int | None:
        """By how many ranks it stands higher here than there; below zero where it stands lower."""
        return None if self.other is None else self.other - self.rank


def moves(hits: Sequence[SearchHit], others: Sequence[SearchHit]) -> dict[str, Move]:
    """The move of every case of `hits` against the ranking `others`, by case id.

    Only ranks are compared: similarities of two spaces are no numbers of one scale.
    """
    ranks = {hit.case.case_id: hit.rank for hit in others}
    return {hit.case.case_id: Move(hit.rank, ranks.get(hit.case.case_id), len(others)) for hit in hits}


def card_moves(cards: Sequence[Fold], others: Sequence[Fold]) -> dict[str, Move]:
    """The move of every card, by the id of its first case, against the cards of another ranking.

    Both are to be folded together. A card has the rank of its first case, in either ranking: which of several images of
    the same comes first may differ, and is no move of what they show.
    """
    there = {fold.group: fold.lead for fold in others}
    depth = sum(len(fold.hits) for fold in others)
    return {card.lead.case.case_id: _card_move(card, there.get(card.group), depth) for card in cards}


def _card_move(card: Fold, lead: SearchHit | None, depth: int) -> Move:
    if lead is None:
        return Move(card.lead.rank, None, depth)
    other = lead.case.case_id
    return Move(card.lead.rank, lead.rank, depth, None if other == card.lead.case.case_id else other)
