"""A left ear: canal, drum, malleus. In a left ear the front of the head is on the picture's left.

Hence the malleus handle comes down from the upper left to the umbo, and the light reflex points to 7 o'clock.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from training.phantoms.draw import Colour, Draw, Field
from training.phantoms.scene import Scene, bell, inside
from training.phantoms.tissue import clots, mottle, vessels

CANAL_SKIN = ((0.92, 0.76, 0.66), (0.90, 0.70, 0.64), (0.86, 0.64, 0.60), (0.88, 0.78, 0.68), (0.84, 0.70, 0.62))
DRUM = ((0.64, 0.63, 0.60), (0.74, 0.71, 0.66), (0.58, 0.58, 0.57), (0.76, 0.69, 0.58), (0.70, 0.62, 0.56))


@dataclass(frozen=True)
class Drum:
    """Where the drum lies: centre and half axes in radii, turn in radians, depth; `gone`: how far it is unreadable.

    Points of the drum are given as (u, v), 1 on its rim: u to the back of the head, v down.
    """

    x: float
    y: float
    a: float
    b: float
    turn: float
    depth: float
    colour: Colour
    handle_top: tuple[float, float]
    umbo: tuple[float, float]
    reflex: float

    @classmethod
    def sample(cls, draw: Draw) -> Drum:
        radius = draw.between(0.34, 0.80)
        room = 0.75 * (1 - radius)
        return cls(
            x=draw.near(-0.05, 0.6 * room),
            y=draw.near(-0.05, 0.5 * room),
            a=radius * draw.between(0.72, 0.98),
            b=radius,
            turn=-draw.near(0.30, 0.18),
            depth=draw.between(1.45, 2.0),
            colour=draw.colour(draw.pick(DRUM), 0.025),
            handle_top=(draw.near(-0.30, 0.10), draw.near(-0.72, 0.06)),
            umbo=(draw.near(0.0, 0.06), draw.near(0.10, 0.06)),
            reflex=draw.near(2.15, 0.14),
        )

    def at(self, u: float, v: float) -> tuple[float, float]:
        """The place in the scene of a point of the drum."""
        cos, sin = float(np.cos(self.turn)), float(np.sin(self.turn))
        return self.x + self.a * u * cos - self.b * v * sin, self.y + self.a * u * sin + self.b * v * cos

    def distance(self, scene: Scene) -> Field:
        return scene.ellipse(self.x, self.y, self.a, self.b, self.turn)


@dataclass(frozen=True)
class DrumState:
    """What disease changes: height of the drum's bulge (below 0: drawn in), landmarks and reflex shown (0 to 1)."""

    bulge: float = 0.0
    landmarks: float = 1.0
    reflex: float = 1.0
    handle_up: float = 0.0
    opaque: float = 0.3


def paint_canal(scene: Scene, drum: Drum) -> Colour:
    """The skin of the ear canal, a funnel down to the drum; returns its colour."""
    draw = scene.draw
    skin = draw.colour(draw.pick(CANAL_SKIN), 0.025)
    near, width = draw.between(0.95, 1.15), drum.b + draw.between(0.15, 0.5)
    away = np.hypot(scene.x - np.float32(drum.x), scene.y - np.float32(drum.y))
    funnel = near + (drum.depth - near) * bell(away, width)
    slant = draw.near(0, 0.18) * scene.x + draw.near(-0.08, 0.16) * scene.y  # the scope lies nearer to one wall
    folds = scene.noise("soft") * np.float32(draw.between(0.02, 0.09)) + scene.noise("lumpy") * np.float32(0.015)
    everywhere = np.ones_like(scene.depth)
    scene.cover(everywhere, np.asarray(funnel + slant + folds, np.float32), skin, wet=draw.between(0.1, 0.6))
    mottle(scene, skin, draw.between(0.15, 0.7))
    if draw.chance(0.7):
        vessels(scene, draw.between(0.15, 0.6))
    if draw.chance(0.3):  # the bony front wall bulges over the drum's front edge
        bulge = scene.ellipse(drum.x - drum.a - draw.between(0.25, 0.6), drum.y + draw.near(0, 0.2), 0.5, 0.75)
        scene.depth -= np.float32(0.45) * np.clip(1 - bulge, 0, 1)
    if draw.chance(0.25):
        scene.tint(clots(scene, draw.between(1.2, 2)), draw.colour((0.70, 0.50, 0.26), 0.05))
    return skin


def paint_drum(scene: Scene, drum: Drum, state: DrumState) -> Field:
    """The drum with its landmarks; returns its mask."""
    draw = scene.draw
    away = drum.distance(scene) + scene.noise("lumpy") * np.float32(draw.between(0.02, 0.06))
    mask = inside(away - 1, draw.between(0.1, 0.4))
    hollow = np.float32(0.16 - 0.55 * state.bulge) * np.clip(1 - away, 0, 1)
    scene.cover(mask, drum.depth + 0.06 + hollow + draw.near(0.02, 0.05) * (scene.x - drum.x), drum.colour, wet=0.5)
    cloud = scene.noise("lumpy") * np.float32(0.4) + scene.noise("soft") * np.float32(0.4)
    see_through = 1 - state.opaque
    scene.tint(mask * np.clip(cloud, 0, 1) * np.float32(see_through), drum.colour * np.float32(0.62))
    scene.tint(mask * np.clip(-cloud, 0, 1) * np.float32(0.5), draw.colour((0.84, 0.80, 0.71)))
    for u, v, size in ((0.42, -0.25, 0.30), (0.12, 0.62, 0.34)):  # behind it: stapes and window niche, hypotympanum
        x, y = drum.at(u + draw.near(0, 0.08), v + draw.near(0, 0.08))
        niche = inside(scene.ellipse(x, y, size * drum.a, size * drum.b) - 1, 1.0)
        scene.darken(mask * niche, see_through * draw.between(0.05, 0.5))
    _paint_rim(scene, away)
    _paint_flaccid_part(scene, drum, mask)
    return mask


def _paint_rim(scene: Scene, away: Field) -> None:
    """The annulus, pale, and the shadow outside it."""
    draw = scene.draw
    broken = np.clip(np.float32(0.5) + scene.noise("lumpy") * np.float32(0.5), 0, 1)
    scene.tint(bell(away - 0.96, 0.06) * broken * np.float32(draw.between(0.2, 0.8)), draw.colour((0.86, 0.80, 0.70)))
    scene.darken(bell(away - 1.06, 0.08), draw.between(0.0, 0.25))
    if draw.chance(0.5):
        scene.tint(
            bell(away - 1.08, 0.1) * broken * np.float32(draw.between(0.1, 0.6)), draw.colour((0.74, 0.34, 0.34))
        )


def _paint_flaccid_part(scene: Scene, drum: Drum, mask: Field) -> None:
    """The pars flaccida above the short process: pink, with vessels that run down the handle."""
    u, v = drum.handle_top
    x, y = drum.at(u * 0.8, v - 0.16)
    patch = inside(scene.ellipse(x, y, 0.42 * drum.a, 0.24 * drum.b, drum.turn) - 1, 0.9) * mask
    scene.tint(patch * np.float32(scene.draw.between(0.3, 0.8)), scene.draw.colour((0.80, 0.52, 0.48)))


def paint_malleus(scene: Scene, drum: Drum, state: DrumState, mask: Field) -> None:
    """Handle from short process to umbo; drawn in, it lies more level and the short process juts out."""
    draw = scene.draw
    x_0, y_0 = drum.at(*drum.handle_top)
    u, v = drum.umbo
    x_1, y_1 = drum.at(u + 0.18 * state.handle_up, v - 0.35 * state.handle_up)
    distance, along = scene.segment(x_0, y_0, x_1, y_1)
    width = drum.b * draw.between(0.045, 0.08)
    taper = np.float32(width) * (np.float32(1.25) - np.float32(0.5) * along)
    bone = bell(distance / taper, 1.0) * mask * np.float32(state.landmarks)
    scene.tint(bone * np.float32(draw.between(0.55, 0.95)), draw.colour((0.88, 0.80, 0.66)))
    scene.depth -= bone * np.float32(0.05 + 0.06 * state.handle_up)
    if draw.chance(0.5):
        beside = bell(np.abs(distance) - taper * np.float32(1.5), width * 0.6) * mask
        scene.tint(beside * np.float32(draw.between(0.1, 0.5) * state.landmarks), draw.colour((0.72, 0.28, 0.26)))
    size = drum.b * draw.between(0.06, 0.10) * (1 + 0.5 * state.handle_up)
    knob = bell(np.hypot(scene.x - np.float32(x_0), scene.y - np.float32(y_0)), size) * np.float32(state.landmarks)
    scene.tint(knob, draw.colour((0.96, 0.92, 0.84), 0.02))
    scene.depth -= knob * np.float32(0.12)


def paint_reflex(scene: Scene, drum: Drum, state: DrumState, mask: Field) -> None:
    """The cone of light: a bright wedge from the umbo towards the front and below."""
    draw = scene.draw
    x, y = drum.at(*drum.umbo)
    toward_x, toward_y = float(np.cos(drum.reflex)), float(np.sin(drum.reflex))
    out = ((scene.x - x) * toward_x + (scene.y - y) * toward_y) / np.float32(drum.b)
    across = ((scene.y - y) * toward_x - (scene.x - x) * toward_y) / np.float32(drum.b)
    start, end, spread = draw.between(0.02, 0.22), draw.between(0.45, 0.8), draw.between(0.12, 0.36)
    wedge = inside(np.abs(across) - 0.03 - np.clip(out, 0, 1) * np.float32(spread), 0.10)
    cone = wedge * np.clip((out - start) * 9, 0, 1) * np.clip((end - out) * 7, 0, 1) * mask
    torn = np.clip(np.float32(0.85) + scene.noise("fine") * np.float32(draw.between(0.05, 0.45)), 0, 1.2)
    scene.glow += np.asarray(cone * torn, np.float32) * np.float32(draw.between(0.25, 0.95) * state.reflex)
