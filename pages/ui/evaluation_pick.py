"""Which figure's queries are looked at, as the URL says it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, cast, get_args
from urllib.parse import unquote

from pages.ui import picking

Kind = Literal["value", "cell", "sides", "score", "change", "flows", "bin"]
SEPARATOR = "|"
MACRO, COUNT = "macro", "count"


@dataclass(frozen=True)
class Pick:
    """Queries of a `value`, a `cell` of the confusion, a count of `sides`, a `score` or a `bin` of evidence, or those
    that a `change` of space made right or wrong, or that only one of two `flows` finds.

    `value` is what is asked for of that kind: of flows the other one. `found` is the other side of a cell; of flows the
    score of the other one, if it is that. Elsewhere it tells cells apart that open the same queries, such as MACRO.
    """

    kind: Kind
    space: str
    value: str
    found: str = ""

    @property
    def text(self) -> str:
        """The same for the URL."""
        parts = (self.kind, self.space, self.value, self.found)
        return SEPARATOR.join(part.replace("%", "%25").replace(SEPARATOR, "%7C") for part in parts)

    @classmethod
    def parse(cls, text: str | None) -> Pick | None:
        """What a URL says; None where that means nothing."""
        kind, *rest = (unquote(part) for part in (text or "").split(SEPARATOR))
        return cls(cast(Kind, kind), *rest) if kind in get_args(Kind) and len(rest) == 3 else None


def picked() -> Pick | None:
    """What is looked at."""
    return Pick.parse(picking.picked(picking.QUERIES))


def pick(text: str | None) -> None:
    """Look at these queries, from the first page; at the worst ones again with None."""
    picking.pick(picking.QUERIES, text)
    picking.PAGE.first()


def pick_space(name: str) -> None:
    """Have the details be of another space."""
    picking.pick(picking.SPACE, name)
    picking.PAGE.first()
