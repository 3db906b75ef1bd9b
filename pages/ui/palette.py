"""One colour a class, the same on every page, told apart by colour-blind eyes too."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePath

from core.taxonomy import Taxonomy


@dataclass(frozen=True)
class Colour:
    """A colour as CSS hex, once for light and once for dark backgrounds (contrast of 3:1 or more against either)."""

    light: str
    dark: str

    @property
    def css(self) -> str:
        """The CSS value that follows the theme."""
        return f"light-dark({self.light}, {self.dark})"


# Okabe and Ito's set without black, ordered so that neighbours in a taxonomy (left, right) lie far apart;
# darkened for white paper where the original has less than 3:1.
SERIES = (
    Colour("#0072b2", "#4a9bd6"),
    Colour("#b87700", "#e69f00"),
    Colour("#00815e", "#14b389"),
    Colour("#b4558b", "#cc79a7"),
    Colour("#c44f00", "#e8703a"),
    Colour("#2b8bbf", "#8accf0"),
    Colour("#877800", "#f0e442"),
    Colour("#6a51a3", "#a898dc"),
    Colour("#5d6b72", "#aab6bc"),
    Colour("#8c3b2a", "#d49484"),
)
ENCODERS = {"clip-vit-b-32": "CLIP ViT-B/32", "ent-mini": "ent-mini (bundled)"}
NONE = Colour("#7c8a91", "#8a979d")
"""Of cases without a label."""


def colour_of(taxonomy: Taxonomy, label: str | None) -> Colour:
    """The colour of a label of `taxonomy`, by its place in it; grey where there is no label."""
    if label not in taxonomy.labels:
        return NONE
    return SERIES[taxonomy.labels.index(label) % len(SERIES)]


def encoder_title(name: str) -> str:
    """The words people read for an encoder's name."""
    if name.startswith("local-dir:"):
        return f"model in the folder {PurePath(name).name}"
    return ENCODERS.get(name, name)


def title_of(taxonomy: Taxonomy, label: str | None) -> str:
    """The words people read for a label."""
    return taxonomy.by_name[label].title if label in taxonomy.labels else label or "Not labelled"
