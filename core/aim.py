"""What a query comes to when it has been encoded and moved."""

from __future__ import annotations

from dataclasses import dataclass

from core.index import Space
from core.vectors import Matrix


@dataclass(frozen=True)
class Aim:
    """What is looked for where: a unit vector (D,) in a space, and the ids of cases that are not found or not asked.

    `hidden` are neither; `silent` are found, but do not say what class the query is of: its own picture, what was
    marked.
    """

    space: Space
    vector: Matrix
    hidden: frozenset[str]
    silent: frozenset[str]
