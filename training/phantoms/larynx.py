"""A larynx from above: the inlet's rim with the arytenoids at its back (above), recesses beside it, the hollow within.

The front of the neck is at the picture's lower edge. The patient's left is on the picture's right. The epiglottis and
the glottis have modules of their own.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from training.phantoms.draw import Colour, Draw, Field
from training.phantoms.scene import Scene, bell, inside
from training.phantoms.tissue import clots, mottle, vessels

MUCOSA = (
    (0.74, 0.36, 0.35),
    (0.70, 0.29, 0.29),
    (0.66, 0.24, 0.26),
    (0.66, 0.21, 0.22),
    (0.78, 0.44, 0.40),
    (0.74, 0.46, 0.39),
    (0.76, 0.40, 0.42),
)
FOLD = ((0.88, 0.80, 0.72), (0.84, 0.70, 0.60), (0.90, 0.84, 0.78), (0.80, 0.72, 0.62), (0.78, 0.62, 0.54))


@dataclass(frozen=True)
class Larynx:
    """Half axes of the laryngeal inlet, front and back end of the glottis, in radii; `gap`: half the width of the
    open glottis at its back; `fold`: width of a vocal fold; `size`: of all, 1 for a glottis 0.6 long.
    """

    wide: float
    high: float
    front: float
    back: float
    gap: float
    fold: float
    size: float
    depth: float
    mucosa: Colour
    fold_colour: Colour

    @classmethod
    def sample(cls, draw: Draw) -> Larynx:
        """The larynx of one patient, seen from as near as may be."""
        near = draw.between(1.5, 2.2) if draw.chance(0.12) else 1.0  # some look from close by
        high = near * draw.between(0.36, 0.58)
        front, back = high * draw.between(0.42, 0.75), -high * draw.between(0.32, 0.62)
        length = front - back
        return cls(
            wide=near * draw.between(0.38, 0.62),
            high=high,
            front=front,
            back=back,
            gap=length * draw.between(0.24, 0.42),
            fold=length * draw.between(0.11, 0.18),
            size=length / 0.6,
            depth=draw.between(2.0, 2.5),
            mucosa=draw.flesh(draw.pick(MUCOSA)),
            fold_colour=draw.colour(draw.pick(FOLD), 0.025),
        )


def paint_surroundings(scene: Scene, larynx: Larynx) -> None:
    """Walls of the throat around the larynx: uneven, near at one side, with dark recesses; then the inlet's rim."""
    draw = scene.draw
    lumps = scene.noise("soft") * np.float32(draw.between(0.1, 0.3))
    lumps -= np.abs(scene.noise("lumpy")) * np.float32(draw.between(0.05, 0.2))
    lumps += bell(scene.noise("lumpy") + scene.noise("soft"), 0.5) * np.float32(draw.between(0, 0.2))  # creases
    lean = scene.y * np.float32(draw.near(-0.1, 0.2)) + scene.x * np.float32(draw.near(0, 0.2))
    everywhere = np.ones_like(scene.depth)
    wall = draw.between(1.6, 2.0) + lean + lumps
    scene.cover(everywhere, np.asarray(wall, np.float32), larynx.mucosa, wet=0.9)
    for side in (-1, 1):
        if draw.chance(0.7):
            x, y = side * (larynx.wide + draw.between(0.12, 0.35)), draw.between(-0.45, 0.1)
            recess = scene.ellipse(x, y, draw.between(0.12, 0.28), draw.between(0.15, 0.4), side * draw.between(0, 0.6))
            recess = recess + scene.noise("lumpy") * np.float32(0.12)
            scene.depth += inside(recess - 1, 0.9) * np.float32(draw.between(0.4, 1.3))
    _paint_back_wall(scene, larynx)
    _paint_rim(scene, larynx)


def _paint_back_wall(scene: Scene, larynx: Larynx) -> None:
    """The wall of the pharynx behind the larynx, often the nearest and brightest, and the dark slit before it."""
    draw = scene.draw
    if not draw.chance(0.75):
        return
    edge = scene.y + np.float32(larynx.high + draw.between(0.16, 0.5)) - np.float32(draw.near(0.15, 0.15)) * scene.x**2
    edge = edge + scene.noise("soft") * np.float32(0.05)
    scene.depth += bell(edge, draw.between(0.08, 0.2)) * np.float32(draw.between(0.4, 1.4))
    above = np.clip(-edge, 0, 1.2)
    near = np.float32(draw.between(1.6, 2.0)) - above * np.float32(draw.between(0.1, 1.3))
    near = near + scene.noise("lumpy") * np.float32(0.05)
    pale = draw.flesh(larynx.mucosa * np.array([1.0, 1.15, 1.12], np.float32), 0.03)
    scene.cover(inside(edge + 0.08, draw.between(0.1, 0.3)), np.clip(near, 0.7, 4), pale)


def _paint_rim(scene: Scene, larynx: Larynx) -> None:
    """The aryepiglottic folds: an oval ridge, nearer in front."""
    draw = scene.draw
    rim = scene.ellipse(0, 0, larynx.wide, larynx.high) + scene.noise("soft") * np.float32(0.12)
    crest = np.float32(draw.between(1.05, 1.25))
    ridge = draw.between(1.65, 1.9) + 1.5 * (rim - crest) ** 2 - np.float32(0.12) * scene.y / np.float32(larynx.high)
    ridge = ridge + scene.noise("lumpy") * np.float32(0.05)
    pale = draw.flesh(larynx.mucosa * np.array([1.03, 1.12, 1.08], np.float32), 0.02)
    scene.cover(inside(rim - 1.35, 0.6) * np.float32(draw.between(0.6, 1)), np.asarray(ridge, np.float32), pale)


def paint_arytenoids(scene: Scene, larynx: Larynx, swelling: float, parted: float, fallen: float = 0.0) -> None:
    """Broad mounds at the back of the inlet that merge with its rim, `parted` from 0 (side by side) to 1.

    Smaller ones lie beside them; oedema makes balloons of them. `fallen`: how far the one on the picture's right,
    paralysed, has tipped forward (0 to 1).
    """
    draw = scene.draw
    for side in (-1, 1):
        size = larynx.high * draw.between(0.34, 0.54) * (1 + 0.5 * swelling)
        x = side * size * (draw.between(0.55, 0.75) + 0.45 * parted)
        y = -larynx.high * draw.between(0.85, 1.1)
        tipped = fallen if side == 1 else 0.0
        x, y = x * (1 - 0.45 * tipped), y * (1 - 0.4 * tipped)
        mound = scene.ellipse(x, y, size, size * draw.between(0.7, 1.1), side * draw.between(-0.5, 0.2))
        height = bell(mound + scene.noise("lumpy") * np.float32(0.12), 0.75)
        small = scene.ellipse(side * (abs(x) + size * 0.9), y + size * draw.between(0.2, 0.7), size * 0.5, size * 0.5)
        knob = bell(small, 0.8) * np.float32(draw.between(0, 1))
        scene.depth -= height * np.float32(
            (draw.between(0.4, 0.8) + 0.2 * swelling) * (1 - 0.5 * tipped)
        ) + knob * np.float32(0.14)
        pale = larynx.mucosa * np.array([1.05, 1.05 + 0.3 * swelling, 1.05 + 0.3 * swelling], np.float32)
        scene.tint(np.maximum(height, knob) * np.float32(0.7), draw.flesh(pale))
        scene.wet += (1 - scene.wet) * height


def paint_vestibule(scene: Scene, larynx: Larynx) -> Field:
    """The hollow inside the inlet and the false folds in it; returns the hollow's mask."""
    draw = scene.draw
    rim = scene.ellipse(0, 0.04 * larynx.high, larynx.wide, larynx.high * 0.95) + scene.noise("soft") * np.float32(0.06)
    hollow = inside(rim - 0.88, draw.between(0.3, 0.55))
    floor = larynx.depth - 0.3 * rim + scene.noise("lumpy") * np.float32(0.04)
    dark = draw.flesh(larynx.mucosa * np.float32(draw.between(0.6, 0.95)), 0.02)
    scene.cover(hollow, np.asarray(floor, np.float32), dark)
    height, paler = draw.between(0.1, 0.35), draw.between(0.9, 1.2)
    for side in (-1, 1):
        x = side * (larynx.fold * 1.3 + larynx.gap * 0.8 + larynx.wide * draw.between(0.1, 0.25))
        band = scene.ellipse(x, 0.05, larynx.wide * 0.26, larynx.high * 0.7, side * draw.between(0.0, 0.35))
        bulge = bell(band + scene.noise("lumpy") * np.float32(0.1), 0.8) * hollow
        scene.depth -= bulge * np.float32(height)
        scene.tint(bulge * np.float32(0.6), draw.flesh(larynx.mucosa * np.array([1, paler, paler], np.float32), 0.03))
    return hollow


def finish_mucosa(scene: Scene, larynx: Larynx) -> None:
    """Uneven relief, blood vessels and patches over everything, and froth where saliva pools."""
    draw = scene.draw
    scene.depth += scene.noise("lumpy") * np.float32(draw.between(0.01, 0.05))
    mottle(scene, larynx.mucosa, draw.between(0.3, 1.0))
    vessels(scene, draw.between(0.1, 0.5))
    if draw.chance(0.15):
        scene.tint(clots(scene, 1.6, 2.0) * np.float32(0.5), draw.colour((0.86, 0.78, 0.74)))
