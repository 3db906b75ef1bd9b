"""A larynx from above: epiglottis near and below, arytenoids above, the vocal folds between, open or closed.

The front of the neck is at the picture's lower edge: the folds meet below (anterior commissure) and part above.
The patient's left fold is on the picture's right.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from training.phantoms.draw import Colour, Draw, Field
from training.phantoms.scene import Scene, bell, inside
from training.phantoms.tissue import clots, mottle, vessels

MUCOSA = ((0.74, 0.40, 0.37), (0.70, 0.33, 0.31), (0.78, 0.46, 0.41), (0.74, 0.50, 0.45), (0.74, 0.44, 0.43))
FOLD = ((0.88, 0.82, 0.76), (0.84, 0.72, 0.64), (0.90, 0.86, 0.82), (0.80, 0.70, 0.60))


@dataclass(frozen=True)
class Larynx:
    """Half axes of the laryngeal inlet, front and back end of the glottis, in radii; `gap`: half the width of the
    open glottis at its back; `fold`: width of a vocal fold.
    """

    wide: float
    high: float
    front: float
    back: float
    gap: float
    fold: float
    depth: float
    mucosa: Colour
    fold_colour: Colour

    @classmethod
    def sample(cls, draw: Draw) -> Larynx:
        high = draw.between(0.38, 0.62)
        return cls(
            wide=draw.between(0.44, 0.66),
            high=high,
            front=high * draw.between(0.55, 0.8),
            back=-high * draw.between(0.45, 0.75),
            gap=draw.between(0.13, 0.25),
            fold=draw.between(0.06, 0.11),
            depth=draw.between(2.1, 2.5),
            mucosa=draw.colour(draw.pick(MUCOSA), 0.025),
            fold_colour=draw.colour(draw.pick(FOLD), 0.025),
        )


@dataclass(frozen=True)
class Glottis:
    """The edges of both folds, x for every pixel, and where along the glottis it is: 0 at the front, 1 at the back."""

    left: Field
    right: Field
    along: Field
    within: Field


def paint_surroundings(scene: Scene, larynx: Larynx) -> None:
    """Pharynx wall behind, pear-shaped recesses at the sides, the rim of the inlet with the arytenoids."""
    draw = scene.draw
    lumps = scene.noise("soft") * np.float32(0.18) + np.abs(scene.noise("lumpy")) * np.float32(0.09)
    everywhere = np.ones_like(scene.depth)
    wall = draw.between(1.7, 2.0) + 0.25 * scene.y * draw.between(-1, 0.4) + lumps
    scene.cover(everywhere, np.asarray(wall, np.float32), larynx.mucosa, wet=0.9)
    if draw.chance(0.75):  # the dark slit between larynx and back wall
        slit = scene.y + larynx.high + draw.between(0.22, 0.4) - 0.25 * scene.x * scene.x
        scene.depth += bell(slit, draw.between(0.08, 0.18)) * np.float32(draw.between(0.6, 1.6))
    for side in (-1, 1):
        if draw.chance(0.7):
            recess = scene.ellipse(side * (larynx.wide + draw.between(0.2, 0.4)), draw.between(-0.5, 0), 0.2, 0.3)
            scene.depth += inside(recess - 1, 0.9) * np.float32(draw.between(0.5, 1.4))
    rim = scene.ellipse(0, 0, larynx.wide, larynx.high) + scene.noise("soft") * np.float32(0.09)
    ridge = 1.8 + 1.3 * (rim - 1.12) ** 2 + scene.noise("lumpy") * np.float32(0.03)
    pale = draw.colour(larynx.mucosa * np.array([1.03, 1.07, 1.05], np.float32), 0.02)
    scene.cover(inside(rim - 1.32, 0.55), np.asarray(ridge, np.float32), pale)


def paint_arytenoids(scene: Scene, larynx: Larynx, swelling: float) -> None:
    """Two knobs at the back of the inlet, with smaller ones beside them; oedema makes them balloons."""
    draw = scene.draw
    for side in (-1, 1):
        size = draw.between(0.12, 0.17) * (1 + 0.6 * swelling)
        knob = scene.ellipse(side * draw.between(0.15, 0.23), -larynx.high * draw.between(0.95, 1.1), size, size * 1.1)
        knob = knob + scene.noise("lumpy") * np.float32(0.14) + scene.noise("soft") * np.float32(0.10)
        colour = draw.colour(larynx.mucosa * np.array([1.02, 1.0 + 0.25 * swelling, 1.0 + 0.25 * swelling], np.float32))
        scene.bump(knob, 1.85, 0.2 + 0.2 * swelling, colour, 0.7)


def paint_vestibule(scene: Scene, larynx: Larynx) -> Field:
    """The hollow inside the inlet and the false folds in it; returns the hollow's mask."""
    draw = scene.draw
    rim = scene.ellipse(0, 0, larynx.wide, larynx.high) + scene.noise("soft") * np.float32(0.04)
    hollow = inside(rim - 0.95, 0.35)
    floor = larynx.depth - 0.35 * rim + scene.noise("lumpy") * np.float32(0.03)
    scene.cover(hollow, np.asarray(floor, np.float32), draw.colour(larynx.mucosa * np.float32(0.95), 0.02))
    for side in (-1, 1):
        x = side * larynx.wide * draw.between(0.55, 0.72)
        band = scene.ellipse(x, 0.02, larynx.wide * 0.26, larynx.high * 0.72, side * draw.between(0.1, 0.3))
        colour = draw.colour(larynx.mucosa * np.array([1.04, 1.08, 1.04], np.float32), 0.02)
        mask = inside(band - 1, 0.35) * hollow
        scene.cover(mask, np.float32(larynx.depth - 0.2) - np.float32(0.25) * np.clip(1 - band, 0, 1), colour)
    return hollow


def glottis(scene: Scene, larynx: Larynx, left: float, right: float, bowed: float) -> Glottis:
    """The edges of the folds, `left` and `right` (on the picture) of the full gap open; `bowed`: their slack."""
    along = np.clip((np.float32(larynx.front) - scene.y) / np.float32(larynx.front - larynx.back), 0, 1)
    belly = np.float32(bowed) * np.sin(along * np.float32(np.pi))
    shape = along ** np.float32(scene.draw.between(0.8, 1.1))
    within = inside(scene.y - larynx.front, 0.05) * inside(larynx.back - scene.y + 1.4 * scene.x * scene.x, 0.1)
    sway = scene.draw.near(0, 0.02)
    return Glottis(
        left=sway - np.float32(larynx.gap * left) * shape - belly,
        right=sway + np.float32(larynx.gap * right) * shape + belly,
        along=along,
        within=within,
    )


def paint_folds(scene: Scene, larynx: Larynx, gap: Glottis, thick: float = 1.0, redness: float = 0.0) -> None:
    """The two pale bands, the shadow of the ventricle beside them and the dark airway, or line, between them."""
    draw = scene.draw
    width = np.float32(larynx.fold * thick) * (np.float32(1.1) - np.float32(0.35) * gap.along)
    outer = inside(gap.left - width - scene.x, 0.035) * inside(scene.x - gap.right - width, 0.035) * gap.within
    beside = inside(gap.left - width * 1.5 - scene.x, 0.06) * inside(scene.x - gap.right - width * 1.5, 0.06)
    scene.darken(beside * gap.within, draw.between(0.15, 0.45))
    red = draw.colour((0.76, 0.36, 0.34))
    pale = np.asarray(larynx.fold_colour * (1 - redness) + red * redness, np.float32)
    middle = (gap.left + gap.right) / 2
    rounding = np.abs(scene.x - middle) / (width + (gap.right - gap.left) / 2 + np.float32(1e-3))
    scene.cover(outer, np.float32(larynx.depth - 0.1) + np.float32(0.12) * rounding, pale, wet=0.9)
    _paint_airway(scene, larynx, gap)


def _paint_airway(scene: Scene, larynx: Larynx, gap: Glottis) -> None:
    draw = scene.draw
    line = draw.between(0.006, 0.013)  # closed folds touch, and yet a dark line is seen between them
    width = np.maximum((gap.right - gap.left) / 2, np.float32(line))
    middle = (gap.left + gap.right) / 2
    way = inside(np.abs(scene.x - middle) - width, 0.025) * gap.within
    rings = np.float32(0.25) * np.sin(scene.y * np.float32(draw.between(16, 28)))
    deep = np.clip(np.float32(larynx.depth) + np.float32(0.35) + width * np.float32(14), 0, 4.4) + rings
    scene.cover(way, np.asarray(deep, np.float32), draw.colour((0.34, 0.22, 0.19), 0.03), wet=0.2)


def paint_epiglottis(scene: Scene, larynx: Larynx) -> None:
    """Near and bright below: a broad leaf, a curled (omega) one, or only its edge."""
    draw = scene.draw
    colour = draw.colour(larynx.mucosa * np.array([1.06, 1.14, 1.12], np.float32), 0.03)
    kind, shift = draw.weighted({"leaf": 0.5, "curled": 0.18, "edge": 0.32}), draw.near(0, 0.12)
    if kind == "edge":
        edge = (
            larynx.front + draw.between(0.10, 0.35) + draw.near(0, 0.15) * scene.x - draw.near(0.15, 0.2) * scene.x**2
        )
        mask = inside(edge - scene.y, 0.07)
        depth = draw.between(1.2, 1.5) - np.clip(scene.y - edge, 0, 1) * np.float32(0.45)
    else:
        radius = larynx.high * (draw.between(1.15, 1.4) if kind == "leaf" else draw.between(0.95, 1.1))
        half, thick = (draw.between(0.8, 1.4), 0.26) if kind == "leaf" else (draw.between(1.7, 2.3), 0.11)
        x, y = scene.x - np.float32(shift), scene.y - np.float32(0.06)
        ring, angle = np.hypot(x * np.float32(0.9), y), np.arctan2(x, y)
        thickness = np.float32(thick * draw.between(0.7, 1.3)) * np.sqrt(np.clip(1.02 - (angle / half) ** 2, 0.02, 1))
        thickness = thickness * (1 + np.float32(0.2) * scene.noise("soft"))
        from_middle = np.abs(ring - np.float32(radius + thick)) / thickness
        mask = inside((from_middle - 1) * thickness, 0.05) * inside(np.abs(angle) - half, 0.2)
        depth = draw.between(1.25, 1.5) - np.float32(0.18) * np.sqrt(np.clip(1 - from_middle**2, 0, 1))
    scene.cover(np.asarray(mask, np.float32), np.asarray(depth, np.float32), colour)
    vessels(scene, draw.between(0.1, 0.8), np.asarray(mask, np.float32), (0.66, 0.20, 0.20))


def finish_mucosa(scene: Scene, larynx: Larynx) -> None:
    """Blood vessels and patches over everything, and froth where saliva pools."""
    draw = scene.draw
    scene.depth += scene.noise("lumpy") * np.float32(0.03)
    mottle(scene, larynx.mucosa, draw.between(0.3, 0.9))
    vessels(scene, draw.between(0.2, 0.7))
    if draw.chance(0.15):
        scene.tint(clots(scene, 1.6) * np.float32(0.6), draw.colour((0.86, 0.80, 0.76)))
