"""A left ear: canal, drum, malleus. In a left ear the front of the head is on the picture's left.

Hence the malleus handle comes down from the upper left to the umbo, and the light reflex points to 7 o'clock. The
canal bends towards the front: the drum lies rather to the left of the view, its front edge farther away and often
behind the bulge of the front wall, while the scope leans on the back wall.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from training.phantoms.draw import Colour, Draw, Field
from training.phantoms.scene import Scene, bell, inside
from training.phantoms.tissue import clots, mottle, vessels

CANAL_SKIN = (
    (0.92, 0.76, 0.64),
    (0.92, 0.72, 0.64),
    (0.88, 0.66, 0.60),
    (0.90, 0.78, 0.64),
    (0.86, 0.70, 0.60),
    (0.88, 0.58, 0.56),
)
DRUM = ((0.76, 0.73, 0.68), (0.86, 0.79, 0.70), (0.70, 0.69, 0.66), (0.86, 0.75, 0.62), (0.84, 0.71, 0.64))


@dataclass(frozen=True)
class Drum:
    """Where the drum lies: centre and half axes in radii, turn in radians, depth.

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
        """The drum of one ear, as a patient may have it."""
        radius = draw.between(0.36, 0.88)
        aside = draw.between(0.25, 0.55) if draw.chance(0.35) else 0.0  # a view askew, into the canal's wall
        toward, room = _frontward(draw), 0.6 * (1 - radius)
        return cls(
            x=draw.near(-0.10, 0.5 * room) + aside * float(np.cos(toward)),
            y=draw.near(-0.05, 0.4 * room) + aside * float(np.sin(toward)),
            a=radius * draw.between(0.68 if aside else 0.78, 1.0),
            b=radius,
            turn=-draw.near(0.34, 0.15),
            depth=draw.between(1.15, 1.5),
            colour=draw.colour(draw.pick(DRUM), 0.025),
            handle_top=(draw.near(-0.38, 0.08), draw.near(-0.70, 0.06)),
            umbo=(draw.near(0.0, 0.06), draw.near(0.10, 0.06)),
            reflex=draw.near(2.15, 0.14),
        )

    def at(self, u: float, v: float) -> tuple[float, float]:
        """The place in the scene of a point of the drum."""
        cos, sin = float(np.cos(self.turn)), float(np.sin(self.turn))
        return self.x + self.a * u * cos - self.b * v * sin, self.y + self.a * u * sin + self.b * v * cos

    def distance(self, scene: Scene) -> Field:
        """Of every pixel from the middle of the drum, (side, side): 1 on its rim."""
        return scene.ellipse(self.x, self.y, self.a, self.b, self.turn)


@dataclass(frozen=True)
class DrumState:
    """What disease changes: height of the drum's bulge (below 0: drawn in), landmarks and reflex shown (0 to 1)."""

    bulge: float = 0.0
    landmarks: float = 1.0
    reflex: float = 1.0
    handle_up: float = 0.0
    opaque: float = 0.3


def _frontward(draw: Draw) -> float:
    """A direction in radians, most often to the left, where the front of the head is."""
    return draw.near(np.pi, 0.6) if draw.chance(0.6) else draw.between(0, 2 * np.pi)


def paint_canal(scene: Scene, drum: Drum) -> Colour:
    """The skin of the ear canal, a funnel down to the drum; returns its colour."""
    draw = scene.draw
    skin = draw.colour(draw.pick(CANAL_SKIN), 0.025)
    near, width = draw.between(0.88, 1.08), drum.b + draw.between(0.15, 0.5)
    away = np.hypot(scene.x - np.float32(drum.x), scene.y - np.float32(drum.y))
    funnel = near + (drum.depth - near) * bell(away, width)
    farther, by = _frontward(draw), draw.between(0.0, 0.32)  # the scope touches the wall across nearly
    slant = (scene.x * np.float32(np.cos(farther)) + scene.y * np.float32(np.sin(farther))) * np.float32(by)
    folds = scene.noise("soft") * np.float32(draw.between(0.03, 0.12)) + scene.noise("lumpy") * np.float32(0.02)
    everywhere = np.ones_like(scene.depth)
    scene.cover(everywhere, np.asarray(funnel + slant + folds, np.float32), skin, wet=draw.between(0.05, 0.4))
    mottle(scene, skin, draw.between(0.1, 0.7))
    _mark_canal(scene, drum)
    return skin


def _mark_canal(scene: Scene, drum: Drum) -> None:
    """Vessels, a ring of another colour around the drum, flakes and crumbs of wax."""
    draw = scene.draw
    if draw.chance(0.7):
        vessels(scene, draw.between(0.1, 0.4), colour=(0.66, 0.34, 0.32))
    if draw.chance(0.45):  # towards the drum the skin is thin and red, or yellow
        ring = bell(drum.distance(scene) - 1, draw.between(0.15, 0.5)) * np.float32(draw.between(0.2, 0.7))
        scene.tint(ring, draw.colour(draw.pick(((0.74, 0.42, 0.40), (0.84, 0.66, 0.44), (0.60, 0.44, 0.34))), 0.03))
    if draw.chance(0.35):
        flake = draw.pick(((0.92, 0.87, 0.76), (0.76, 0.56, 0.32), (0.60, 0.42, 0.24)))
        scene.tint(clots(scene, draw.between(1.5, 2.2), 1.8) * np.float32(draw.between(0.2, 0.6)), draw.colour(flake))


def paint_overhang(scene: Scene, drum: Drum, skin: Colour) -> None:
    """The bony wall in front of part of the drum's rim, nearer and brighter the farther out."""
    draw = scene.draw
    toward, cut = _frontward(draw), drum.b * draw.between(0.72, 1.0)
    x, y = scene.x - np.float32(drum.x), scene.y - np.float32(drum.y)
    cos, sin = np.float32(np.cos(toward)), np.float32(np.sin(toward))
    across = y * cos - x * sin
    beyond = x * cos + y * sin - np.float32(cut) + np.float32(draw.near(0, 0.4)) * across * across
    beyond = beyond + scene.noise("soft") * np.float32(0.05)
    near = np.float32(drum.depth - 0.08) - np.clip(beyond, 0, 1) * np.float32(draw.between(0.4, 1.2))
    mask = inside(-beyond, draw.between(0.12, 0.4))
    scene.cover(mask, np.clip(near, 0.6, 4), np.asarray(skin * np.float32(draw.between(0.92, 1.05)), np.float32))


def paint_drum(scene: Scene, drum: Drum, state: DrumState) -> Field:
    """The drum with its landmarks; returns its mask."""
    draw = scene.draw
    away = drum.distance(scene) + scene.noise("lumpy") * np.float32(draw.between(0.02, 0.06))
    mask = inside(away - 1, draw.between(0.12, 0.55))
    hollow = np.float32(0.12 - 0.5 * state.bulge) * np.clip(1 - away, 0, 1)
    slant = draw.near(-0.10, 0.10) * (scene.x - drum.x)
    scene.cover(mask, drum.depth + 0.04 + hollow + slant, drum.colour, wet=draw.between(0.1, 0.5))
    cloud = scene.noise("lumpy") * np.float32(0.35) + scene.noise("soft") * np.float32(0.45)
    see_through = (1 - state.opaque) * draw.between(0.3, 1)
    air = draw.colour(draw.pick(((0.50, 0.52, 0.54), (0.52, 0.50, 0.46), (0.62, 0.56, 0.48))), 0.03)
    scene.tint(mask * np.clip(cloud, 0, 1) * np.float32(see_through), air)
    scene.tint(mask * np.clip(-cloud, 0, 1) * np.float32(0.6), draw.colour((0.90, 0.82, 0.70)))
    if draw.chance(0.5):
        _paint_fibres(scene, drum, mask)
    # behind it: stapes and window niche, hypotympanum, the mouth of the Eustachian tube
    for u, v, size in ((0.42, -0.25, 0.30), (0.12, 0.62, 0.34), (-0.45, 0.25, 0.26)):
        x, y = drum.at(u + draw.near(0, 0.08), v + draw.near(0, 0.08))
        niche = inside(scene.ellipse(x, y, size * drum.a, size * drum.b) - 1, 1.0)
        scene.darken(mask * niche, see_through * draw.between(0.0, 0.4))
    _paint_rim(scene, away)
    _paint_flaccid_part(scene, drum, mask)
    return mask


def _paint_fibres(scene: Scene, drum: Drum, mask: Field) -> None:
    """Pale strands that run from the umbo to the rim."""
    x, y = drum.at(*drum.umbo)
    angle = np.arctan2(scene.y - np.float32(y), scene.x - np.float32(x))
    wave = np.cos(angle * np.float32(7 + scene.draw.below(12)) + scene.noise("soft") * np.float32(2.5))
    scene.tint(
        mask * np.clip(wave, 0, 1) * np.float32(scene.draw.between(0.1, 0.4)), scene.draw.colour((0.90, 0.85, 0.76))
    )


def _paint_rim(scene: Scene, away: Field) -> None:
    """The annulus, pale, and the shadow outside it."""
    draw = scene.draw
    broken = np.clip(np.float32(0.5) + scene.noise("lumpy") * np.float32(0.5), 0, 1)
    scene.tint(bell(away - 0.96, 0.06) * broken * np.float32(draw.between(0.0, 0.6)), draw.colour((0.90, 0.82, 0.70)))
    scene.darken(bell(away - 1.06, draw.between(0.06, 0.2)), draw.between(0.0, 0.2))
    if draw.chance(0.4):
        scene.tint(
            bell(away - 1.08, 0.14) * broken * np.float32(draw.between(0.1, 0.6)), draw.colour((0.74, 0.34, 0.34))
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
    width = drum.b * draw.between(0.06, 0.12)
    taper = np.float32(width) * (np.float32(1.25) - np.float32(0.5) * along)
    bone = bell(distance / taper, 1.0) * mask * np.float32(state.landmarks)
    scene.tint(bone * np.float32(draw.between(0.45, 0.95)), draw.colour((0.92, 0.83, 0.68)))
    scene.depth -= bone * np.float32(0.04 + 0.06 * state.handle_up)
    if draw.chance(0.3):
        beside = bell(np.abs(distance) - taper * np.float32(1.4), width * 0.8) * mask
        scene.tint(beside * np.float32(draw.between(0.1, 0.3) * state.landmarks), draw.colour((0.76, 0.40, 0.36)))
    size = drum.b * draw.between(0.06, 0.10) * (1 + 0.5 * state.handle_up)
    knob = bell(np.hypot(scene.x - np.float32(x_0), scene.y - np.float32(y_0)), size) * np.float32(state.landmarks)
    scene.tint(knob * np.float32(draw.between(0.5, 1)), draw.colour((0.98, 0.93, 0.84), 0.02))
    scene.depth -= knob * np.float32(0.10)


def paint_reflex(scene: Scene, drum: Drum, state: DrumState, mask: Field) -> None:
    """The reflex of the lamp: a bright wedge from the umbo towards the front and below, or a spot in its place."""
    draw = scene.draw
    x, y = drum.at(*drum.umbo)
    toward_x, toward_y = float(np.cos(drum.reflex)), float(np.sin(drum.reflex))
    out = ((scene.x - x) * toward_x + (scene.y - y) * toward_y) / np.float32(drum.b)
    across = ((scene.y - y) * toward_x - (scene.x - x) * toward_y) / np.float32(drum.b)
    if draw.chance(0.5):
        start, end, spread = draw.between(0.02, 0.2), draw.between(0.4, 0.75), draw.between(0.10, 0.4)
        wedge = inside(np.abs(across) - 0.03 - np.clip(out, 0, 1) * np.float32(spread), 0.16)
        spot = wedge * np.clip((out - start) * 6, 0, 1) * np.clip((end - out) * 4, 0, 1)
    else:
        place, size = draw.between(0.1, 0.55), draw.between(0.05, 0.14)
        spot = bell(np.hypot(out - np.float32(place), across * np.float32(1.5)), size)
    torn = np.clip(np.float32(0.8) + scene.noise("fine") * np.float32(draw.between(0.1, 0.7)), 0, 1.2)
    scene.glow += np.asarray(spot * mask * torn, np.float32) * np.float32(draw.between(0.3, 0.9) * state.reflex)
