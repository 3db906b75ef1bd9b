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


# Okabe and Ito's hues, ordered so that neighbours in a taxonomy (left, right) lie far apart, the same hues in both
# themes. The first seven were moved in lightness and chroma until any two of them, and grey, are told apart by eyes of
# every kind: tests/pages/test_palette.py says how far.
SERIES = (
    Colour("#0371bc", "#00aafe"),
    Colour("#c3891f", "#f19200"),
    Colour("#2da580", "#6af0d1"),
    Colour("#a43b61", "#c95e7b"),
    Colour("#712911", "#dd3a00"),
    Colour("#47269b", "#793ee5"),
    Colour("#6c6f1d", "#b8bc83"),
    Colour("#d0559f", "#f2a6d4"),
    Colour("#5d6b72", "#aab6bc"),
    Colour("#0f7f93", "#5fd0e6"),
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
