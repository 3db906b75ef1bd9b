"""The glottis: two pale vocal folds, and between them the dark airway (open) or a fine line (closed).

The folds meet below (anterior commissure) and part above.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from training.phantoms.draw import Field
from training.phantoms.larynx import Larynx
from training.phantoms.scene import Scene, inside

SHUT = 0.02
"""Half a gap, in radii, below which the folds touch: the line between them is a crease, no view into the airway."""


@dataclass(frozen=True)
class Glottis:
    """The edges of both folds, x for every pixel, and where along the glottis it is: 0 at the front, 1 at the back."""

    left: Field
    right: Field
    along: Field
    within: Field


def glottis(scene: Scene, larynx: Larynx, left: float, right: float, slack: float, bowed: float) -> Glottis:
    """The edges of the folds, `left` and `right` (on the picture) of the full gap open, with the slack of each."""
    draw = scene.draw
    along = np.clip((np.float32(larynx.front) - scene.y) / np.float32(larynx.front - larynx.back), 0, 1)
    belly = np.sin(along * np.float32(np.pi))
    shape = along ** np.float32(draw.between(0.7, 1.1))
    if draw.chance(0.5):  # the back third narrows again, between the arytenoids: a diamond
        shape = shape * (1 - np.float32(draw.between(0.2, 0.6)) * np.clip((along - np.float32(0.6)) * 2.5, 0, 1))
    within = inside(scene.y - larynx.front, 0.06) * inside(larynx.back - scene.y + 1.2 * scene.x * scene.x, 0.1)
    sway = draw.near(0, 0.02)
    return Glottis(
        left=sway - np.float32(larynx.gap * left) * shape - np.float32(slack) * belly,
        right=sway + np.float32(larynx.gap * right) * shape + np.float32(bowed) * belly,
        along=along,
        within=within,
    )


def paint_folds(scene: Scene, larynx: Larynx, gap: Glottis, thick: float = 1.0, redness: float = 0.0) -> None:
    """The two pale bands, the shadow of the ventricle beside them and the airway, or line, between them."""
    draw = scene.draw
    width = np.float32(larynx.fold * thick) * (np.float32(1.1) - np.float32(0.35) * gap.along)
    soft = draw.between(0.03, 0.06) * min(1.0, larynx.size)
    outer = inside(gap.left - width - scene.x, soft) * inside(scene.x - gap.right - width, soft) * gap.within
    beside = inside(gap.left - width * 1.8 - scene.x, 0.12) * inside(scene.x - gap.right - width * 1.8, 0.12)
    scene.darken(beside * gap.within, draw.between(0.25, 0.6))
    red = draw.colour((0.76, 0.36, 0.34))
    pale = np.asarray(larynx.fold_colour * (1 - redness) + red * redness, np.float32)
    middle = (gap.left + gap.right) / 2
    rounding = np.clip((np.abs(scene.x - middle) - (gap.right - gap.left) / 2) / width, 0, 1)
    band = np.float32(larynx.depth - draw.between(0.15, 0.4)) + np.float32(0.1) * rounding
    shown = np.clip(
        np.float32(draw.between(0.85, 1.1)) + scene.noise("lumpy") * np.float32(draw.between(0, 0.25)), 0, 1
    )
    scene.cover(outer * shown, band, pale, wet=0.9)
    _paint_airway(scene, larynx, gap)


def _paint_airway(scene: Scene, larynx: Larynx, gap: Glottis) -> None:
    draw = scene.draw
    half = (gap.right - gap.left) / 2
    middle = (gap.left + gap.right) / 2
    line = draw.between(0.006, 0.014)  # closed folds touch, and yet a dark line is seen between them
    way = inside(np.abs(scene.x - middle) - np.maximum(half, np.float32(line)), draw.between(0.02, 0.03)) * gap.within
    deep = np.float32(larynx.depth + 0.2) + np.clip(half - np.float32(SHUT), 0, 1) * np.float32(14)
    floor = np.minimum(deep, np.float32(larynx.depth + draw.between(0.7, 1.6)))
    brown = draw.colour(
        draw.pick(((0.54, 0.42, 0.32), (0.46, 0.31, 0.26), (0.38, 0.25, 0.21), (0.52, 0.36, 0.31))), 0.03
    )
    scene.cover(way, np.asarray(floor, np.float32), brown, wet=0.2)
    arcs = scene.y + np.float32(draw.near(0, 1.5)) * scene.x**2  # cartilage rings of the windpipe
    rings = np.clip(
        np.sin(arcs * np.float32(draw.between(20, 45) / larynx.size) + np.float32(draw.between(0, 6))), 0, 1
    )
    open_way = way * np.clip((half - np.float32(2 * SHUT)) * np.float32(30), 0, 1)
    scene.tint(open_way * rings * np.float32(draw.between(0, 0.6)), draw.colour((0.66, 0.50, 0.40)))
