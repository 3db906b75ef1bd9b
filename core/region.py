"""A part of a picture, given in shares of its width and height."""

from __future__ import annotations

import math
from dataclasses import astuple, dataclass

from PIL import Image

from core.errors import QueryError

LEAST = 16
"""Shorter side of a part that can be searched with, in pixels: what an image file must have, too."""


@dataclass(frozen=True)
class Region:
    """A box from the left and top to the right and bottom, each from 0 to 1 of the picture."""

    left: float
    top: float
    right: float
    bottom: float

    def __post_init__(self) -> None:
        fits = all(math.isfinite(edge) and 0 <= edge <= 1 for edge in astuple(self))
        if not fits or self.left >= self.right or self.top >= self.bottom:
            said = ", ".join(f"{edge:g}" for edge in astuple(self))
            raise QueryError(
                f"a region is left, top, right, bottom, each from 0 to 1, left before right and top above bottom; "
                f"got {said}"
            )

    @classmethod
    def parse(cls, text: str) -> Region:
        """The region in `x0,y0,x1,y1`. Raises QueryError when it is none."""
        try:
            left, top, right, bottom = (float(edge) for edge in text.split(","))
        except ValueError as error:
            raise QueryError(f"a region is four numbers from 0 to 1 such as 0.2,0.1,0.8,0.6, got {text!r}") from error
        return cls(left, top, right, bottom)

    @property
    def said(self) -> str:
        """The region in words, in percent."""
        left, top, right, bottom = (round(100 * edge) for edge in astuple(self))
        return f"from {left} to {right} % of its width, from {top} to {bottom} % of its height"

    def crop(self, rgb: Image.Image) -> Image.Image:
        """That part of a picture, in the middle of a black square, so that an encoder sees all of it and no more.

        Raises QueryError when it is too small to be searched with.
        """
        left, right = round(self.left * rgb.width), round(self.right * rgb.width)
        top, bottom = round(self.top * rgb.height), round(self.bottom * rgb.height)
        width, height = right - left, bottom - top
        if min(width, height) < LEAST:
            raise QueryError(f"the region has {width} x {height} pixels, {LEAST} are needed each way; draw it larger")
        side = max(width, height)
        square = Image.new("RGB", (side, side))
        square.paste(rgb.crop((left, top, right, bottom)), ((side - width) // 2, (side - height) // 2))
        return square
