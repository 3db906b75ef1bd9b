"""What one asks of a library: images, stored cases, words; marks on earlier results; where and how to look."""

from __future__ import annotations

from dataclasses import dataclass

from core.errors import QueryError
from core.filters import EVERYTHING, Filters
from core.flow import Flow
from core.index import Space
from core.region import Region

MOST_RESULTS = 1000
MOST_LETTERS = 1000
"""Length of one text of a query; encoders read a sentence or two and no further."""


@dataclass(frozen=True)
class Query:
    """What to search with (image files' bytes, ids of stored cases, words; their mean), where, and for how many.

    Images and cases together have as much say as all texts together. `space` None means after the flow where one is
    active, before it otherwise. With words it is before the flow, and only there: the encoder's text tower was trained
    to meet the images in that space, and the flow has only ever learnt to move images.

    `more` and `less` are cases that the query is moved towards and away from (`core.refine`). `mirror` takes the mirror
    image of every picture, `region` only that part of the one there is (mirrored afterwards). `same_side` keeps to
    cases of the query's own side, where it has one (`core.sides`): `side` where it is given, else as far as anything
    tells it. `other_patients` leaves out the patients of its
    cases and of identical images.
    """

    images: tuple[bytes, ...] = ()
    cases: tuple[str, ...] = ()
    texts: tuple[str, ...] = ()
    top_k: int = 10
    filters: Filters = EVERYTHING
    space: Space | None = None
    rerank: bool | None = None  # weigh in how likely the classes are the same; None: where validation says it helps
    more: tuple[str, ...] = ()
    less: tuple[str, ...] = ()
    mirror: bool = False
    region: Region | None = None
    same_side: bool = False
    other_patients: bool = False
    side: str | None = None

    @property
    def pictures(self) -> int:
        """How many pictures it searches with."""
        return len(self.images) + len(self.cases)

    @property
    def stays_before(self) -> bool:
        """Whether it is answered before the flow, whichever one is active."""
        return self.space == "before" or (self.space is None and bool(self.texts))

    @property
    def whole_picture(self) -> bool:
        """Whether it is one picture as it stands, so that similarities are those of pairs of images."""
        return self.pictures == 1 and not (self.texts or self.more or self.less or self.region)

    @property
    def only_pictures(self) -> bool:
        """Whether it is several pictures and nothing else, so that their mean is that of a group of images."""
        return self.pictures > 1 and not (self.texts or self.more or self.less)

    def check(self, flow: Flow | None) -> None:
        """Raises QueryError when this cannot be asked of a library in which `flow` is active."""
        if not (self.pictures or self.texts):
            raise QueryError("nothing to search with: give an image, the id of a stored case, or words")
        for text in self.texts:
            if not 1 <= len(text.strip()) <= MOST_LETTERS:
                raise QueryError(f"words to search with must have 1 to {MOST_LETTERS} letters, got {len(text.strip())}")
        if not 1 <= self.top_k <= MOST_RESULTS:
            raise QueryError(f"top-k must lie between 1 and {MOST_RESULTS}, got {self.top_k}")
        if self.space == "after" and flow is None:
            raise QueryError("this library has no active flow: search before the flow, or activate one first")
        if self.space == "after" and self.texts:
            raise QueryError(
                "words are compared with images before the flow, which moves only images: search before it"
            )
        if self.region is not None and self.pictures != 1:
            raise QueryError(f"a region is part of one picture, and this query has {self.pictures}; search with one")
        if self.mirror and not self.pictures:
            raise QueryError("words have no mirror image; give an image or a stored case to mirror")
        if both := sorted(set(self.more) & set(self.less)):
            raise QueryError(f"case {', '.join(both)} cannot be both more and less of what is looked for; mark it once")
