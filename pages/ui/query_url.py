"""A query as a URL says it: stored cases, images held by name, a region of one, the marks it was searched with."""

from __future__ import annotations

import re
from dataclasses import astuple

from core.errors import QueryError
from core.region import Region
from pages.ui import uploads
from pages.ui.query_state import Mark, QueryImage, QueryState

Parts = tuple[str, ...]
"""`ID`, `image:NAME`, `more:ID`, `less:ID`, `box:LEFT-TOP-RIGHT-BOTTOM`, `side:SIDE`, of what is not said in words."""

MOST_MARKS = 100
_PART = re.compile(
    r"[0-9a-f]{16}|image:[0-9a-f]{32}|(more|less):[0-9a-f]{16}|box:[0-9.]{1,6}(-[0-9.]{1,6}){3}|side:[a-z]{1,20}"
)
_MARKS: tuple[Mark, ...] = ("more", "less")


def parse(text: str) -> Parts:
    """The parts in what a URL says; those that mean nothing are left out."""
    found = [part for part in dict.fromkeys(text.split(",")) if _PART.fullmatch(part)]
    marks = [part for part in found if part.startswith(_MARKS)][:MOST_MARKS]
    boxes = [part for part in found if part.startswith("box:") and _region(part)][:1]
    sides = [part for part in found if part.startswith("side:")][:1]
    pictures = [part for part in found if not part.startswith((*_MARKS, "box:", "side:"))][: QueryState.MOST]
    return (*pictures, *(boxes if len(pictures) == 1 else ()), *sides, *marks)


def write(parts: Parts) -> str:
    """The way back."""
    return ",".join(parts)


def parts_of(query: QueryState) -> Parts:
    """What of a query a URL is to say; its images are held from now on, so that the URL can be followed."""
    for image in query.images:
        uploads.hold(image)
    images = [f"image:{uploads.name_of(image)}" for image in query.images]
    box = [] if query.region is None else ["box:" + "-".join(f"{round(e, 4):g}" for e in astuple(query.region))]
    side = [] if query.side is None else [f"side:{query.side}"]
    return (*images, *query.cases, *box, *side, *(f"{said}:{case_id}" for case_id, said in query.applied))


def query_of(parts: Parts) -> QueryState:
    """The query that a URL says, without its words; images that are held no more are missing."""
    images = [_image(part) for part in parts if part.startswith("image:")]
    cases = tuple(part for part in parts if ":" not in part)
    boxes = [_region(part) for part in parts if part.startswith("box:")]
    known = tuple(image for image in images if image is not None)
    said = {part[5:]: _mark(part) for part in parts if part.startswith(_MARKS)}
    marks = tuple(said.items())
    region = boxes[0] if boxes and len(known) + len(cases) == 1 else None
    side = next((part.removeprefix("side:") for part in parts if part.startswith("side:")), None)
    return QueryState(known, cases, region=region, marks=marks, rounds=(marks,) if marks else (), side=side)


def lost(parts: Parts) -> int:
    """How many images a URL says that are held no more."""
    return sum(part.startswith("image:") and _image(part) is None for part in parts)


def _mark(part: str) -> Mark:
    return "more" if part.startswith("more") else "less"


def _image(part: str) -> QueryImage | None:
    return uploads.find(part.removeprefix("image:"))


def _region(part: str) -> Region | None:
    try:
        return Region.parse(part.removeprefix("box:").replace("-", ","))
    except QueryError:
        return None
