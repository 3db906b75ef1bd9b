"""What one session asks for: images, cases, words, a region, and the marks a person has set on results."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Literal

from core.region import Region

Mark = Literal["more", "less"]
Marks = tuple[tuple[str, Mark], ...]


@dataclass(frozen=True)
class QueryImage:
    """An image to search with that is not in the library: its bytes stay in this session only."""

    name: str
    data: bytes
    digest: str
    preview: bytes  # WebP; its URL is made anew at every run, since URLs expire


@dataclass(frozen=True)
class QueryState:
    """What Search asks with: images from outside and stored cases, together at most `MOST`, and words.

    `marks` are what is set on results just now, `rounds` those that were searched with, one after the other.
    `side`: which one it shows, where the person has said so.
    """

    images: tuple[QueryImage, ...] = ()
    cases: tuple[str, ...] = ()
    words: str = ""
    region: Region | None = None
    marks: Marks = ()
    rounds: tuple[Marks, ...] = ()
    side: str | None = None

    MOST = 8

    @property
    def pictures(self) -> int:
        return len(self.images) + len(self.cases)

    @property
    def empty(self) -> bool:
        return not self.pictures and not self.words

    @property
    def applied(self) -> Marks:
        """The marks that the query is moved by."""
        return self.rounds[-1] if self.rounds else ()

    def marked(self, mark: Mark) -> tuple[str, ...]:
        """The cases that the query is moved towards, or away from."""
        return tuple(case_id for case_id, said in self.applied if said == mark)

    @property
    def named(self) -> tuple[str, ...]:
        """Every stored case that it names: asked for, or marked now or in an earlier round."""
        marked = [case_id for marks in (self.marks, *self.rounds) for case_id, _ in marks]
        return tuple(dict.fromkeys((*self.cases, *marked)))

    def without(self, case_ids: Collection[str]) -> QueryState:
        """The same without these cases, wherever it names them; a round of which nothing is left is none."""
        marks, *rounds = (
            tuple(pair for pair in marks if pair[0] not in case_ids) for marks in (self.marks, *self.rounds)
        )
        cases = tuple(case_id for case_id in self.cases if case_id not in case_ids)
        region = self.region if len(cases) == len(self.cases) else None
        left = replace(self, cases=cases, region=region, marks=marks, rounds=tuple(filter(None, rounds)))
        return QueryState() if left.empty else left

    def with_mark(self, mark: Mark, case_id: str) -> QueryState:
        """The same with a mark set on a case, in place of another one; set again, it is taken back."""
        others = tuple(pair for pair in self.marks if pair[0] != case_id)
        known = (case_id, mark) in self.marks
        return replace(self, marks=others if known else (*others, (case_id, mark)))

    def refined(self) -> QueryState:
        """The next round: searched with the marks as they are set now."""
        return replace(self, rounds=(*self.rounds, self.marks))

    def a_round_back(self) -> QueryState:
        """The search before the last round, with the marks it had."""
        back = replace(self, rounds=self.rounds[:-1])
        return replace(back, marks=back.applied)

    def without_marks(self) -> QueryState:
        return replace(self, marks=(), rounds=())
