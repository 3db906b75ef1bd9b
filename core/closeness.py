"""Whether anything in a library is close to a query at all, by how close the library's own images are to each other.

Every picture is judged by itself, as it is whole, whatever is asked for beside it: among three that are known to the
library, one that is like nothing in it would hardly move their mean. Several pictures that each have a close match may
still have none together: their mean is held against means of so many images of one class (of random groups of four in
the demo, 99 of 100 of one class are above 0.92, 9 of 10 of any class below).

A part of a picture is not judged. Of the demo's own images, one in a hundred is less than 0.90 like its nearest, of
their middle parts with 0.6, 0.4 and 0.25 of their sides less than 0.82, 0.73 and 0.76: so wide a scale lets pass what
no library holds, noise and pictures of a screen, and would be silent where it matters.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from core.file_finder import some

PARTS = (
    "Whether anything is close to this part is not told: parts of this library's own images, too, are often unlike "
    "every whole one."
)


NOTHING_CLOSE = "Nothing in this library is close to it: the nearest are shown all the same, and mean little."


@dataclass(frozen=True)
class Closeness:
    """Which of a query's pictures have a close match: images first, then stored cases, as they were given.

    `pictures` is empty where there is no case to compare them with. `together`: whether anything is close to all of
    them; None where that is not asked, or nothing tells.
    """

    pictures: tuple[bool, ...]
    together: bool | None = None

    @property
    def close(self) -> bool:
        """Whether there is nothing to say."""
        return all(self.pictures) and self.together is not False

    @property
    def far(self) -> bool:
        """Whether nothing is close to what was asked for: to none of its pictures, or not to all of them together."""
        return bool(self.pictures) and (not any(self.pictures) or self.together is False)

    def said(self, names: Sequence[str], *, in_part: bool = False) -> str:
        """What is to be known before the results are trusted, in a sentence; `names` are those of the pictures.

        `in_part`: only a part of the picture is searched with.
        """
        if not self.pictures:
            return ""
        far = [name for name, close in zip(names, self.pictures, strict=True) if not close]
        many = len(self.pictures)
        if far:
            whom = f" for {some(far)}"
            if many == 1:
                whom = " for the whole of this image" if in_part else ""
            elif len(far) == many:
                whom = " for any of these images"
            one = "each of them" if len(far) > 1 else "it" if whom else "this query"
            return (
                f"No close match{whom}: 99 of 100 images in this library are closer to another one than {one} is to "
                "any."
            )
        if self.together is False:
            return (
                f"No case is close to all of these images together: 99 of 100 groups of {many} images of one class in "
                "this library are closer to a case than these are. Search with fewer of them."
            )
        return ""
