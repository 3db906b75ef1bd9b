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
SAID = {"patient": "of this patient", "look": "nearly identical", "both": "showing the same"}


@dataclass(frozen=True)
class Tile:
    """A result as it is shown: the words on its button, if others are folded into it; `within`: it was folded."""

    hit: SearchHit
    button: str = ""
    within: bool = False


def tiles(folds: Sequence[Fold]) -> list[Tile]:
    """The first of every fold, followed by the others where it is unfolded."""
    shown, unfolded = [], st.session_state.get(UNFOLDED, frozenset())
    for fold in folds:
        open_now = fold.lead.case.case_id in unfolded
        shown.append(Tile(fold.lead, _button(fold, open_now)))
        if open_now:
            shown += [Tile(hit, within=True) for hit in fold.rest]
    return shown


def toggle(case_id: str) -> None:
    """Unfold the card of that case, or fold it again."""
    st.session_state[UNFOLDED] = st.session_state.get(UNFOLDED, frozenset()) ^ {case_id}


def _button(fold: Fold, open_now: bool) -> str:
    if not fold.rest:
        return ""
    return f"Fold {len(fold.rest)} away" if open_now else f"+{len(fold.rest)} {SAID[fold.reason]}"
