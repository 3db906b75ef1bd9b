"""The far end of a left nasal passage: through the choana into the red, round cavity behind the nose."""

from __future__ import annotations

import numpy as np

from training.phantoms.draw import Colour
from training.phantoms.scene import Scene, bell, inside


def paint_nasopharynx(scene: Scene, mucosa: Colour) -> None:
    """The cavity, the cushion of the Eustachian tube on its lateral side (right), the passage's walls around it."""
    draw = scene.draw
    x, y = draw.between(-0.05, 0.3), draw.near(-0.05, 0.12)
    wide, high = draw.between(0.4, 0.72), draw.between(0.5, 0.95)
    _paint_cavity(scene, mucosa)
    _paint_tube(scene, mucosa, x + wide * draw.between(0.55, 0.8), y + draw.near(0.05, 0.1), high)
    away = scene.ellipse(x, y, wide, high, draw.near(0, 0.12)) + scene.noise("soft") * np.float32(0.06)
    outside = np.clip(away - 1, 0, 2)
    near = np.float32(draw.between(1.7, 2.1)) - outside ** np.float32(draw.between(0.5, 0.9)) * np.float32(
        draw.between(0.6, 1.0)
    )
    near = near - np.clip(-scene.x - 0.15, 0, 1) * np.float32(draw.between(0.1, 0.7))  # the septum is the nearest
    rim = draw.flesh(mucosa, 0.02)
    scene.cover(inside(1 - away, draw.between(0.1, 0.3)), np.asarray(np.clip(near, 0.65, 4), np.float32), rim)


def _paint_cavity(scene: Scene, mucosa: Colour) -> None:
    """Its back wall, red and cobbled, with the folds of the adenoid."""
    draw = scene.draw
    red = draw.flesh(mucosa * np.array([0.94, 0.76, 0.76], np.float32), 0.03)
    folds = bell(scene.noise("soft") + scene.noise("lumpy") * np.float32(0.3), 0.25) * np.float32(draw.between(0, 0.2))
    cobbles = scene.noise("lumpy") * np.float32(draw.between(0.02, 0.08)) + scene.noise("soft") * np.float32(0.12)
    wall = np.asarray(draw.between(1.95, 2.6) + folds + cobbles, np.float32)
    scene.cover(np.ones_like(scene.depth), wall, red, wet=1.0)


def _paint_tube(scene: Scene, mucosa: Colour, x: float, y: float, high: float) -> None:
    """A pale cushion with a dark cleft beside it."""
    draw = scene.draw
    cleft = scene.ellipse(x - 0.12, y, 0.14, high * 0.5, draw.near(0.2, 0.15))
    scene.depth += inside(cleft - 1, 0.9) * np.float32(draw.between(0.2, 0.8))
    cushion = scene.ellipse(x, y, draw.between(0.12, 0.22), high * draw.between(0.35, 0.6), draw.near(0.2, 0.15))
    scene.bump(cushion, draw.between(2.1, 2.4), draw.between(0.2, 0.4), draw.flesh(mucosa, 0.03), 0.4)
