"""Two rankings side by side: what became of a case's rank, as a sign for its tile and in words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from core.search import SearchHit

Said = tuple[str, str]


def arrivals(after: Sequence[SearchHit], before: Sequence[SearchHit]) -> dict[str, Said]:
    """For the ranking after the flow: where each case comes from, by case id."""
    from core.comparison import Move, moves

    def said(move: Move) -> Said:
        if move.up is None:
            return "new", f"not among the first {move.depth} before the flow"
        if not move.up:
            return "same", "the same rank as before the flow"
        return f"{'▲' if move.up > 0 else '▼'}{abs(move.up)}", f"rank {move.other} before the flow"

    return {case_id: said(move) for case_id, move in moves(after, before).items()}


def departures(before: Sequence[SearchHit], after: Sequence[SearchHit]) -> dict[str, Said]:
    """For the ranking before the flow: where each case goes, by case id."""
    from core.comparison import Move, moves

    def said(move: Move) -> Said:
        if move.other is None:
            return "gone", f"not among the first {move.depth} after the flow"
        return f"→ {move.other}", f"rank {move.other} after the flow"

    return {case_id: said(move) for case_id, move in moves(before, after).items()}
