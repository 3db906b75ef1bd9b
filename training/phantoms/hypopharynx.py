"""A throat seen from above through the nose: the back wall, or tongue base, epiglottis tip and the dark way down."""

from __future__ import annotations

import numpy as np

from training.phantoms.draw import Colour, Draw, Field
from training.phantoms.scene import Scene, bell, inside

HORN = ((0.80, 0.58, 0.46), (0.82, 0.66, 0.50), (0.76, 0.48, 0.42), (0.70, 0.46, 0.38))


def paint_back_wall_view(scene: Scene, mucosa: Colour) -> None:
    """The wall of the pharynx fills the picture; the palate's rim above, the dark way down with the tip below."""
    draw = scene.draw
    x = scene.x - np.float32(draw.near(0, 0.15))
    bands = np.cos(x * np.float32(draw.between(8, 22)) + scene.noise("soft") * np.float32(1.5))
    hollow = np.float32(draw.between(-0.5, 0.3)) * x * x + np.float32(draw.near(0.1, 0.25)) * scene.y
    relief = scene.noise("soft") * np.float32(0.14) + scene.noise("lumpy") * np.float32(draw.between(0.02, 0.08))
    depth = draw.between(1.6, 2.1) + hollow + relief + bands * np.float32(draw.between(0, 0.035))
    red = draw.flesh(mucosa * np.array([0.98, 0.88, 0.88], np.float32), 0.03)
    scene.cover(np.ones_like(scene.depth), np.asarray(depth, np.float32), red, wet=0.9)
    streaks = np.clip(bands * np.float32(0.5) + scene.noise("lumpy") * np.float32(0.4), 0, 1)
    scene.tint(streaks * np.float32(draw.between(0, 0.4)), draw.flesh(mucosa * np.float32(1.15), 0.03))
    y = draw.between(0.5, 0.95)
    hole = scene.ellipse(draw.near(0, 0.15), y, draw.between(0.4, 0.8), draw.between(0.18, 0.4))
    hole = hole + scene.noise("soft") * np.float32(0.08)
    scene.depth += inside(hole - 1, 0.7) * np.float32(draw.between(0.8, 1.8))
    if draw.chance(0.7):
        paint_epiglottis_tip(scene, mucosa, draw.near(0, 0.15), y + draw.between(-0.05, 0.15))
    if draw.chance(0.75):
        _paint_palate(scene, mucosa)


def _paint_palate(scene: Scene, mucosa: Colour) -> None:
    """The free edge of the soft palate from above, near the lens, with the uvula's hump in its middle."""
    draw = scene.draw
    x = scene.x - np.float32(draw.near(0, 0.12))
    edge = draw.between(-0.75, -0.35) + draw.near(0.25, 0.3) * x * x + bell(x, 0.16) * np.float32(draw.between(0, 0.25))
    edge = edge + scene.noise("soft") * np.float32(0.05)
    above = np.clip(edge - scene.y, 0, 1)
    near = np.float32(draw.between(1.3, 1.7)) - above * np.float32(draw.between(0.2, 1.2))
    pale = draw.flesh(mucosa * np.array([1.05, 1.12, 1.1], np.float32), 0.02)
    scene.cover(inside(scene.y - edge, draw.between(0.1, 0.3)), np.clip(near, 0.65, 4), pale)


def paint_tongue_base_view(scene: Scene, mucosa: Colour) -> None:
    """Cobbled tongue base below, the back wall above, between them the dark way down with the epiglottis tip."""
    draw = scene.draw
    lumps = scene.noise("soft") * np.float32(0.16) + scene.noise("lumpy") * np.float32(draw.between(0.03, 0.09))
    wall = draw.between(1.7, 2.3) + np.float32(draw.between(-0.2, 0.6)) * scene.y + lumps
    scene.cover(np.ones_like(scene.depth), np.asarray(wall, np.float32), draw.flesh(mucosa, 0.03), wet=0.9)
    x, y = draw.near(0, 0.18), draw.near(-0.12, 0.18)
    hole = scene.ellipse(x, y, draw.between(0.35, 0.75), draw.between(0.16, 0.38), draw.near(0, 0.2))
    hole = hole + scene.noise("lumpy") * np.float32(0.06) + scene.noise("soft") * np.float32(0.12)
    dark = mucosa * np.float32(draw.between(0.6, 0.9))
    scene.cover(inside(hole - 1, 0.7), draw.between(2.7, 3.7), dark)
    _paint_tongue_base(scene, mucosa, y)
    if draw.chance(0.85):
        paint_epiglottis_tip(scene, mucosa, x + draw.near(0, 0.1), y + draw.between(0.1, 0.3))


def _paint_tongue_base(scene: Scene, mucosa: Colour, y: float) -> None:
    draw = scene.draw
    edge = (
        y + draw.between(0.18, 0.35) + draw.near(0.1, 0.2) * scene.x * scene.x + scene.noise("soft") * np.float32(0.06)
    )
    floor = draw.between(1.7, 2.0) - np.clip(scene.y - edge, 0, 1) * np.float32(draw.between(0.2, 0.9))
    cobbles = np.abs(scene.noise("lumpy")) * np.float32(draw.between(0.06, 0.18))
    creases = bell(scene.noise("lumpy"), 0.25) * np.float32(draw.between(0, 0.12))
    depth = np.clip(floor - cobbles + creases, 0.7, 4)
    scene.cover(inside(edge - scene.y, draw.between(0.2, 0.4)), depth, draw.flesh(mucosa, 0.03))


def paint_epiglottis_tip(scene: Scene, mucosa: Colour, x: float, y: float) -> None:
    """The tip seen end on: a thin pale saddle with a horn at either end, its stem going down to the tongue."""
    draw = scene.draw
    half, deep = draw.between(0.12, 0.3), draw.between(0.03, 0.16)
    lean, thick = draw.near(0, 0.2), draw.between(0.03, 0.075)
    across = (scene.x - np.float32(x)) / np.float32(half)
    saddle = np.float32(y) + np.float32(deep) * (1 - across * across) + np.float32(lean) * (scene.x - np.float32(x))
    below = scene.y - saddle
    sideways = inside(np.abs(across) - 1, 0.35)
    edge = inside(np.abs(below) - np.float32(thick), 0.05) * sideways
    stem = _stem(below, across, draw) * sideways
    colour = draw.colour(draw.pick(HORN), 0.04)
    depth = np.float32(draw.between(1.6, 2.0)) - edge * np.float32(0.15) + np.clip(below, 0, 1) * np.float32(0.3)
    scene.cover(stem, np.asarray(depth + 0.12, np.float32), np.asarray((colour + mucosa) / 2, np.float32))
    scene.cover(edge, np.asarray(depth, np.float32), colour, wet=1.0)


def _stem(below: Field, across: Field, draw: Draw) -> Field:
    """From the saddle downwards, narrower there."""
    length = draw.between(0.1, 0.35)
    waist = 1 - np.clip(below / np.float32(length), 0, 1) * np.float32(draw.between(0.1, 0.5))
    return np.asarray(
        inside(-below, 0.06) * inside(below - length, 0.2) * inside(np.abs(across) - waist, 0.3), np.float32
    )
