"""Two rankings of the same query, before and after the flow: which case went where."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from core.search import SearchHit


@dataclass(frozen=True)
class Move:
    """How a case of one ranking stands in another: its rank there, None where it is not among the first `depth`."""

    rank: int
    other: int | None
    depth: int

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
