"""Two rankings side by side: what became of a rank, as a sign for its tile and in words.

A folded card speaks for all that it holds; unfolded, every image speaks for itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from core.folding import Fold
from pages.ui import folds

if TYPE_CHECKING:
    from core.comparison import Move

Said = tuple[str, str]


def arrivals(after: Sequence[Fold], before: Sequence[Fold]) -> dict[str, Said]:
    """For the ranking after the flow: where each of its results comes from, by case id."""

    def said(move: Move) -> Said:
        if move.up is None:
            return "new", f"not among the first {move.depth} before the flow"
        if not move.up:
            return "same", f"the same rank as before the flow{_led(move)}"
        return f"{'▲' if move.up > 0 else '▼'}{abs(move.up)}", f"rank {move.other} before the flow{_led(move)}"

    return {case_id: said(move) for case_id, move in _moves(after, before).items()}


def departures(before: Sequence[Fold], after: Sequence[Fold]) -> dict[str, Said]:
    """For the ranking before the flow: where each of its results goes, by case id."""

    def said(move: Move) -> Said:
        if move.other is None:
            return "gone", f"not among the first {move.depth} after the flow"
        return f"→ {move.other}", f"rank {move.other} after the flow{_led(move)}"

    return {case_id: said(move) for case_id, move in _moves(before, after).items()}


def _moves(cards: Sequence[Fold], others: Sequence[Fold]) -> Mapping[str, Move]:
    from core.comparison import card_moves, moves

    alone = moves([hit for card in cards for hit in card.hits], [hit for card in others for hit in card.hits])
    unfolded = {hit.case.case_id for card in cards if folds.is_open(card) for hit in card.hits}
    return card_moves(cards, others) | {case_id: alone[case_id] for case_id in unfolded}


def _led(move: Move) -> str:
    return f", there led by case {move.by[:6]} of the same card" if move.by else ""
