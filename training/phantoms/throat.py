"""A throat: through the mouth (palate, uvula, arches, tonsils, tongue). What is seen from above is in hypopharynx."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from training.phantoms.draw import Colour, Draw
from training.phantoms.hypopharynx import paint_back_wall_view, paint_tongue_base_view
from training.phantoms.scene import Scene, bell, dome, inside
from training.phantoms.tissue import clots, film, mottle, vessels

MUCOSA = (
    (0.78, 0.57, 0.53),
    (0.76, 0.53, 0.51),
    (0.82, 0.64, 0.57),
    (0.70, 0.49, 0.47),
    (0.72, 0.45, 0.43),
    (0.76, 0.58, 0.51),
)
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
        """The throat of one patient who has that finding."""
        tonsil = draw.between(0.13, 0.22)
        if finding == "tonsillar hypertrophy":
            tonsil = 0.31 + 0.19 * severity
        elif finding == "exudate":
            tonsil = draw.between(0.24, 0.31)
        return cls(
            arch_x=draw.between(0.58, 0.98),
            arch_y=draw.between(0.45, 0.9),
            arch_foot=draw.between(0.1, 0.5),
            tonsil=tonsil,
            uvula=draw.between(0.2, 0.65),
            uvula_lean=draw.near(0, 0.08),
            tongue=draw.between(0.45, 0.85),
            mucosa=draw.flesh(draw.pick(MUCOSA)),
        )


def paint_throat(scene: Scene, finding: str, severity: float, view: str) -> None:
    """A throat with that finding, severity from 0 to 1, in one of its views."""
    draw = scene.draw
    throat = Throat.sample(draw, finding, severity)
    if view == "mouth":
        _paint_mouth(scene, throat, finding, severity)
    elif view == "back wall":
        paint_back_wall_view(scene, throat.mucosa)
    else:
        paint_tongue_base_view(scene, throat.mucosa)
        if view == "tongue base and tonsils":
            for side in (-1, 1):
                _paint_tonsil(scene, throat, side, finding, severity, from_above=True)
    mottle(scene, throat.mucosa, draw.between(0.25, 0.9))
    scene.depth += scene.noise("lumpy") * np.float32(draw.between(0.01, 0.04))
    vessels(scene, draw.between(0.1, 0.5))


def _paint_mouth(scene: Scene, throat: Throat, finding: str, severity: float) -> None:
    _paint_posterior_wall(scene, throat)
    _paint_arch(scene, throat, 0.86, 2.0, 0.97)
    for side in (-1, 1):
        _paint_tonsil(scene, throat, side, finding, severity, from_above=False)
    _paint_arch(scene, throat, 1.0, 1.7, 1.03)
    _paint_uvula(scene, throat)
    if scene.draw.chance(0.8):
        _paint_tongue(scene, throat)


def _paint_posterior_wall(scene: Scene, throat: Throat) -> None:
    """Cobbled mucosa with vertical bands, and the dark way down."""
    draw = scene.draw
    red = throat.mucosa * np.array([0.96, 0.86, 0.86], np.float32)
    cobbles = scene.noise("lumpy") * np.float32(draw.between(0.02, 0.09)) + scene.noise("soft") * np.float32(0.12)
    everywhere = np.ones_like(scene.depth)
    scene.cover(everywhere, draw.between(1.95, 2.5) + cobbles, draw.flesh(red, 0.02), wet=0.9)
    scene.darken(np.clip(-scene.noise("lumpy"), 0, 1), 0.2)
    if draw.chance(0.6):
        down = inside(scene.ellipse(draw.near(0, 0.1), draw.between(0.5, 0.9), 0.5, 0.3) - 1, 0.6)
        scene.depth += down * np.float32(draw.between(0.6, 1.6))


def _paint_arch(scene: Scene, throat: Throat, scale: float, depth: float, lighter: float) -> None:
    """Soft palate and a pair of pillars: all that lies outside the opening."""
    draw = scene.draw
    x = np.abs(scene.x) / np.float32(throat.arch_x * scale)
    y = np.abs(np.minimum(scene.y - throat.arch_foot, 0)) / np.float32(throat.arch_y * scale)
    opening = np.sqrt(x * x + y * y) + scene.noise("soft") * np.float32(0.05)
    middle = bell(scene.x, 0.22) * np.float32(0.16)  # the palate dips towards the uvula
    outside = inside(np.float32(1.0) - opening - middle, draw.between(0.08, 0.25))
    near = np.float32(depth) - np.clip(opening - 1, 0, 1) * np.float32(draw.between(0.5, 1.1))
    near = near + scene.noise("soft") * np.float32(0.06)
    scene.darken(inside(np.float32(0.9) - opening - middle, 0.3), 0.12)
    scene.cover(outside, near, draw.flesh(throat.mucosa * np.float32(lighter), 0.02))


def _paint_tonsil(scene: Scene, throat: Throat, side: int, finding: str, severity: float, from_above: bool) -> None:
    """Between the pillars: small and hidden, or large towards the middle; with pits; with or without exudate."""
    draw = scene.draw
    size = throat.tonsil * draw.between(0.88, 1.12) * (draw.between(1.1, 1.35) if from_above else 1.0)
    x = side * ((0.85 if from_above else throat.arch_x * 0.98) - size * 0.75)
    y = throat.arch_foot + draw.near(0.02, 0.06) - (draw.between(0.4, 0.7) if from_above else 0)
    away = scene.ellipse(x, y, size, size * draw.between(1.05, 1.5), side * 0.15)
    away = away + scene.noise("lumpy") * np.float32(0.10) + scene.noise("soft") * np.float32(0.08)
    red = throat.mucosa * np.array([1.0, 0.68, 0.70] if finding == "exudate" else [1.0, 0.95, 0.95], np.float32)
    rim = draw.between(1.7, 2.0) if from_above else draw.between(1.8, 2.0)
    mask = scene.bump(away, rim, size * draw.between(0.8, 1.3), draw.flesh(red), draw.between(0.15, 0.35))
    pits = clots(scene, 0.9, 1.5) * mask
    scene.darken(pits, 0.3)
    scene.depth += pits * np.float32(0.06)
    if finding == "exudate":
        spots = clots(scene, 0.6 - 0.75 * severity, draw.between(2.5, 5)) * inside(away - 0.95, 0.2)
        film(scene, spots, draw.pick(EXUDATE), 0.07)


def _paint_uvula(scene: Scene, throat: Throat) -> None:
    draw = scene.draw
    top = throat.arch_foot - throat.arch_y * 0.98
    distance, along = scene.segment(0, top, throat.uvula_lean, top + throat.uvula)
    size = draw.between(0.08, 0.15)
    away = distance / (np.float32(size) * (1.25 - draw.between(0.3, 0.8) * along))
    mask = inside(away - 1, draw.between(0.25, 0.45)) * np.clip(along * 4, 0, 1)  # its root is one with the palate
    depth = np.float32(draw.between(1.7, 1.85)) - np.float32(0.22) * dome(away)
    scene.cover(np.asarray(mask, np.float32), depth, draw.flesh(throat.mucosa * np.float32(1.02), 0.02))


def _paint_tongue(scene: Scene, throat: Throat) -> None:
    """The back of the tongue or a spatula's edge, so near that it burns out."""
    draw = scene.draw
    top = throat.tongue + draw.near(0.2, 0.15) * scene.x * scene.x + scene.noise("lumpy") * np.float32(0.02)
    coat = draw.colour(draw.pick(((0.86, 0.66, 0.62), (0.92, 0.88, 0.84), (0.80, 0.58, 0.54))), 0.03)
    rough = scene.noise("fine") * np.float32(0.025)
    near = np.float32(draw.between(0.8, 1.4)) - np.clip(scene.y - top, 0, 1) * np.float32(0.5) + rough
    scene.cover(inside(top - scene.y, draw.between(0.06, 0.14)), near, coat)
