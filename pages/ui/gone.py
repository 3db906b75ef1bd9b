"""Cases that a session or a link names and the library in use does not have: said in the same words everywhere."""

from __future__ import annotations

from collections.abc import Sequence

from core.vectors import PLAIN
from pages.ui.resources import OpenLibrary
from pages.ui.text import count


def words(many: int, one: str, several: str) -> str:
    """That so many cases are not there and were left out, with what may be the reason."""
    verb, left, they = ("is", "was", "It") if many == 1 else ("are", "were", "They")
    return (
        f"{count(many, one, several)} {verb} not in the library in use and {left} left out. {they} may have been "
        "removed, or the link is of another library."
    )


def among(library: OpenLibrary, case_ids: Sequence[str]) -> frozenset[str]:
    """Those of the cases that cannot be searched with: gone, or never in this library."""
    return frozenset(case_ids) - library.catalog.vectors.known(PLAIN, case_ids).keys()
