"""Folded results: which cards are shown, what the button on a card says, and which are unfolded in this session."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import streamlit as st

from core.folding import Fold

if TYPE_CHECKING:
    from core.search import SearchHit

UNFOLDED = "search_unfolded"
SAID = {"patient": "of this patient", "look": "look the same", "both": "of the same"}


@dataclass(frozen=True)
class Tile:
    """A result as it is shown: the words on its button, if others are folded into it; `within`: it was folded."""

    hit: SearchHit
    button: str = ""
    within: bool = False


def tiles(cards: Sequence[Fold]) -> list[Tile]:
    """The first of every card, followed by the others where it is unfolded."""
    shown = []
    for card in cards:
        shown.append(Tile(card.lead, _button(card)))
        if is_open(card):
            shown += [Tile(hit, within=True) for hit in card.rest]
    return shown


def is_open(card: Fold) -> bool:
    """Whether what it holds is unfolded, here and in a ranking beside it."""
    return bool(card.group & _unfolded())


def toggle(cards: Sequence[Fold], case_id: str) -> None:
    """Unfold the one of `cards` that begins with that case, or fold it again."""
    for card in cards:
        if card.lead.case.case_id == case_id:
            known = _unfolded()
            st.session_state[UNFOLDED] = known - card.group if is_open(card) else known | card.group


def _unfolded() -> frozenset[str]:
    found: frozenset[str] = st.session_state.get(UNFOLDED, frozenset())
    return found


def _button(card: Fold) -> str:
    if not card.rest:
        return ""
    return f"Fold {len(card.rest)} away" if is_open(card) else f"+{len(card.rest)} {SAID[card.reason]}"
