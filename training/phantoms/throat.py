"""A throat: through the mouth (palate, uvula, arches, tonsils, tongue), or from above through the nose."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from training.phantoms.draw import Colour, Draw
from training.phantoms.scene import Scene, bell, inside
from training.phantoms.tissue import clots, film, mottle, vessels

MUCOSA = ((0.78, 0.52, 0.47), (0.74, 0.46, 0.44), (0.82, 0.58, 0.50), (0.66, 0.44, 0.44), (0.80, 0.58, 0.54))
EXUDATE = ((0.92, 0.88, 0.72), (0.90, 0.86, 0.80), (0.86, 0.80, 0.56))


@dataclass(frozen=True)
class Throat:
    """`arch_x`, `arch_y`: half width and height of the arch in radii; `arch_foot`: height of its feet;
    `tonsil`: size of the tonsils in radii; `uvula`: its length; `tongue`: height of the tongue's back.
    """

    arch_x: float
    arch_y: float
    arch_foot: float
    tonsil: float
    uvula: float
    uvula_lean: float
    tongue: float
    mucosa: Colour

    @classmethod
    def sample(cls, draw: Draw, finding: str, severity: float) -> Throat:
        tonsil = draw.between(0.10, 0.20)
        if finding == "tonsillar hypertrophy":
            tonsil = 0.27 + 0.21 * severity
        elif finding == "exudate":
            tonsil = draw.between(0.24, 0.36)
        return cls(
            arch_x=draw.between(0.62, 0.98),
            arch_y=draw.between(0.55, 0.9),
            arch_foot=draw.between(0.15, 0.5),
            tonsil=tonsil,
            uvula=draw.between(0.25, 0.6),
            uvula_lean=draw.near(0, 0.06),
            tongue=draw.between(0.45, 0.8),
            mucosa=draw.colour(draw.pick(MUCOSA), 0.025),
        )


def paint_throat(scene: Scene, finding: str, severity: float) -> None:
    """A throat with that finding, severity from 0 to 1."""
    throat = Throat.sample(scene.draw, finding, severity)
    from_above = scene.draw.chance(0.45 if finding == "normal" else 0.2)
    _paint_posterior_wall(scene, throat)
    if from_above:
        _paint_tongue_base(scene, throat)
    else:
        _paint_arch(scene, throat, 0.86, 2.0, 0.97)
    for side in (-1, 1):
        _paint_tonsil(scene, throat, side, finding, severity, from_above)
    if not from_above:
        _paint_arch(scene, throat, 1.0, 1.7, 1.03)
        _paint_uvula(scene, throat)
        if scene.draw.chance(0.8):
            _paint_tongue(scene, throat)
    mottle(scene, throat.mucosa, scene.draw.between(0.25, 0.8))
    scene.depth += scene.noise("lumpy") * np.float32(0.02)
    vessels(scene, scene.draw.between(0.2, 0.7))


def _paint_posterior_wall(scene: Scene, throat: Throat) -> None:
    """Cobbled mucosa with vertical bands, and the dark way down."""
    draw = scene.draw
    red = throat.mucosa * np.array([0.96, 0.86, 0.86], np.float32)
    cobbles = scene.noise("lumpy") * np.float32(draw.between(0.02, 0.07)) + scene.noise("soft") * np.float32(0.10)
    everywhere = np.ones_like(scene.depth)
    scene.cover(everywhere, draw.between(1.95, 2.3) + cobbles, draw.colour(red, 0.02), wet=0.9)
    scene.darken(np.clip(-scene.noise("lumpy"), 0, 1), 0.2)
    if draw.chance(0.6):
        down = inside(scene.ellipse(draw.near(0, 0.1), draw.between(0.5, 0.9), 0.5, 0.3) - 1, 0.6)
        scene.depth += down * np.float32(draw.between(0.6, 1.6))


def _paint_arch(scene: Scene, throat: Throat, scale: float, depth: float, lighter: float) -> None:
    """Soft palate and a pair of pillars: all that lies outside the opening."""
    draw = scene.draw
    x = np.abs(scene.x) / np.float32(throat.arch_x * scale)
    y = np.abs(np.minimum(scene.y - throat.arch_foot, 0)) / np.float32(throat.arch_y * scale)
    opening = np.sqrt(x * x + y * y) + scene.noise("soft") * np.float32(0.025)
    middle = bell(scene.x, 0.22) * np.float32(0.16)  # the palate dips towards the uvula
    outside = inside(np.float32(1.0) - opening - middle, draw.between(0.06, 0.14))
    near = np.float32(depth) - np.clip(opening - 1, 0, 1) * np.float32(draw.between(0.5, 0.9))
    scene.darken(inside(np.float32(0.9) - opening - middle, 0.3), 0.12)
    scene.cover(outside, near, draw.colour(throat.mucosa * np.float32(lighter), 0.02))


def _paint_tonsil(scene: Scene, throat: Throat, side: int, finding: str, severity: float, from_above: bool) -> None:
    """Between the pillars: small and hidden, or large towards the middle; with pits; with or without exudate."""
    draw = scene.draw
    size = throat.tonsil * draw.between(0.88, 1.12) * (1.3 if from_above and finding == "normal" else 1.0)
    x = side * (throat.arch_x * 0.98 - size * 0.75)
    y = throat.arch_foot + draw.near(0.02, 0.06) - (0.45 if from_above else 0)
    away = scene.ellipse(x, y, size, size * draw.between(1.15, 1.5), side * 0.15)
    away = away + scene.noise("lumpy") * np.float32(0.10) + scene.noise("soft") * np.float32(0.06)
    red = throat.mucosa * np.array([1.0, 0.75, 0.78] if finding == "exudate" else [1.0, 0.92, 0.92], np.float32)
    scene.darken(inside(away - 1.15, 0.3), 0.15)
    rim = draw.between(2.0, 2.2) if from_above else draw.between(1.8, 2.0)
    mask = scene.bump(away, rim, size * 0.9, draw.colour(red, 0.03), 0.4 if from_above else 0.15)
    pits = clots(scene, 0.9, 1.5) * mask
    scene.darken(pits, 0.3)
    scene.depth += pits * np.float32(0.06)
    if finding == "exudate":
        spots = clots(scene, 0.9 - 0.9 * severity, 5.0) * inside(away - 0.95, 0.2)
        film(scene, spots, draw.pick(EXUDATE), 0.05)


def _paint_uvula(scene: Scene, throat: Throat) -> None:
    draw = scene.draw
    top = throat.arch_foot - throat.arch_y * 0.98
    distance, along = scene.segment(0, top, throat.uvula_lean, top + throat.uvula)
    width = draw.between(0.075, 0.12) * (1.35 - 0.75 * along)
    away = distance / width + np.clip(0.15 - along, 0, 1) * 6  # its root is one with the palate
    scene.darken(inside(away - 1.3, 0.5), 0.12)
    scene.bump(away, 1.72, 0.25, draw.colour(throat.mucosa * np.float32(1.02), 0.02), 0.25)


def _paint_tongue(scene: Scene, throat: Throat) -> None:
    """The back of the tongue or a spatula's edge, so near that it burns out."""
    draw = scene.draw
    top = throat.tongue + 0.25 * scene.x * scene.x + scene.noise("lumpy") * np.float32(0.015)
    coat = draw.colour(draw.pick(((0.86, 0.66, 0.62), (0.90, 0.84, 0.78), (0.80, 0.58, 0.54))), 0.03)
    rough = scene.noise("fine") * np.float32(0.025)
    near = np.float32(draw.between(1.0, 1.4)) - np.clip(scene.y - top, 0, 1) * np.float32(0.5) + rough
    scene.cover(inside(top - scene.y, 0.07), near, coat)


def _paint_tongue_base(scene: Scene, throat: Throat) -> None:
    """Seen from above: cobbled tongue base below, the tip of the epiglottis before the dark way down."""
    draw = scene.draw
    hole_x, hole_y = draw.near(0, 0.12), draw.near(-0.1, 0.15)
    hole = scene.ellipse(hole_x, hole_y, draw.between(0.35, 0.6), draw.between(0.22, 0.42), draw.near(0, 0.2))
    scene.cover(inside(hole - 1, 0.7), draw.between(2.9, 3.8), throat.mucosa * np.float32(0.8))
    edge = hole_y + 0.25 + 0.2 * scene.x * scene.x
    floor = draw.between(1.7, 2.0) - np.clip(scene.y - edge, 0, 1) * np.float32(0.5)
    cobbles = np.abs(scene.noise("lumpy")) * np.float32(0.06)
    scene.cover(inside(edge - scene.y, 0.3), np.asarray(floor - cobbles, np.float32), draw.colour(throat.mucosa, 0.03))
    if draw.chance(0.75):
        x, y, size = hole_x + draw.near(0, 0.1), hole_y + draw.between(0.1, 0.35), draw.between(0.12, 0.22)
        ring = np.hypot(scene.x - x, (scene.y - y) * 1.2)
        leaf = inside(np.abs(ring - size) - size * draw.between(0.2, 0.38), 0.05) * inside(
            y - size * 0.5 - scene.y, 0.1
        )
        scene.cover(np.asarray(leaf, np.float32), draw.between(1.6, 1.9), draw.colour((0.78, 0.56, 0.46)))
