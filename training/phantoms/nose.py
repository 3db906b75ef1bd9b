"""A left nasal cavity: septum on the picture's left, turbinates in the middle and right, dark passages between."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from training.phantoms.draw import Colour, Draw, Field
from training.phantoms.nasopharynx import paint_nasopharynx
from training.phantoms.scene import Scene, bell, dome, inside
from training.phantoms.tissue import MUCUS, PUS, clots, film, mottle, strand, vessels

MUCOSA = (
    (0.88, 0.62, 0.53),
    (0.86, 0.55, 0.50),
    (0.88, 0.60, 0.47),
    (0.78, 0.59, 0.60),
    (0.86, 0.66, 0.60),
    (0.80, 0.50, 0.46),
    (0.84, 0.60, 0.58),
)


@dataclass(frozen=True)
class Nose:
    """Places in radii at the height of the picture's middle; `lean`: how far the passage leans, radii over radii.

    `septum`: right edge of the septum; `passage`: width between it and the inferior turbinate; `turbinate`: half
    width of the latter; `high`: half its height; `wall`: left edge of the lateral wall; `deviation`: how far the
    septum bows into this side.
    """

    septum: float
    passage: float
    turbinate: float
    high: float
    middle: float
    wall: float
    lean: float
    deviation: float
    mucosa: Colour
    turbinate_colour: Colour

    @classmethod
    def sample(cls, draw: Draw, finding: str, severity: float, view: str) -> Nose:
        """The side of a nose that shows that finding."""
        mucosa = draw.flesh(draw.pick(MUCOSA))
        swollen = 0.8 + 0.2 * severity if finding == "turbinate hypertrophy" else 0.0
        paler = np.array([1.0, draw.between(0.88, 1.08), draw.between(0.88, 1.08)], np.float32)
        redder = np.array([1.0, 1 - 0.15 * swollen, 1 - 0.12 * swollen], np.float32)
        turbinate = draw.between(0.20, 0.44) + 0.26 * swollen
        septum, passage = draw.near(-0.26, 0.15), draw.between(0.05, 0.22)
        if finding == "normal":  # there is room for air between turbinate and septum
            turbinate, passage = min(turbinate, 0.40), max(passage, 0.09)
        elif finding == "polyp":  # and for it
            passage = max(passage, 0.8 * _polyp_size(severity))
        if view == "near":  # the scope stands before the turbinate's head
            turbinate, septum, passage = turbinate + 0.16, max(septum - 0.2, -0.65), max(passage, 0.1)
        return cls(
            septum=septum,
            passage=passage * (1 - swollen) - 0.05 * swollen,
            turbinate=turbinate,
            high=draw.between(0.75, 1.3) + 0.4 * swollen,
            middle=draw.near(0.05, 0.15),
            wall=septum + 2 * turbinate + draw.between(0.02, 0.36),
            lean=draw.near(0.03, 0.22),
            deviation=0.19 + 0.28 * severity if finding == "deviated septum" else draw.near(0, 0.03),
            mucosa=mucosa,
            turbinate_colour=draw.flesh(mucosa * paler * redder, 0.03),
        )


def paint_nose(scene: Scene, finding: str, severity: float, view: str) -> None:
    """A left nose with that finding, severity from 0 to 1, in one of its views."""
    draw = scene.draw
    nose = Nose.sample(draw, finding, severity, view)
    if view == "deep":
        paint_nasopharynx(scene, nose.mucosa)
    else:
        _paint_passage(scene, nose, finding, severity, view)
    mottle(scene, nose.mucosa, draw.between(0.05, 0.5))
    if draw.chance(0.3):
        vessels(scene, draw.between(0.1, 0.4))
    if finding == "discharge":
        _paint_discharge(scene, nose, severity)


def _paint_passage(scene: Scene, nose: Nose, finding: str, severity: float, view: str) -> None:
    draw = scene.draw
    _paint_back(scene, nose)
    _paint_lateral_wall(scene, nose)
    if view == "two turbinates" or draw.chance(0.35):
        _paint_middle_turbinate(scene, nose)
    behind = draw.chance(0.35)
    if finding == "polyp" and behind:
        _paint_polyp(scene, nose, severity)
    _paint_inferior_turbinate(scene, nose)
    if finding == "polyp" and not behind:
        _paint_polyp(scene, nose, severity)
    _paint_septum(scene, nose)
    if draw.chance(0.3):
        _paint_vestibule(scene, nose)


def _paint_back(scene: Scene, nose: Nose) -> None:
    """The far end of the passage, nearly dark beside the septum; behind the turbinate's root it is shallower."""
    draw = scene.draw
    middle = np.float32(nose.septum + nose.passage + nose.turbinate) - np.float32(nose.lean) * scene.y
    lateral = inside(middle - scene.x, 0.3)
    beside, behind = draw.between(2.9, 3.9), draw.between(2.1, 3.0)
    depth = np.float32(beside) + np.float32(behind - beside) * lateral + scene.noise("soft") * np.float32(0.12)
    scene.cover(np.ones_like(depth), np.asarray(depth, np.float32), nose.mucosa * np.float32(draw.between(0.6, 0.9)))


def _paint_lateral_wall(scene: Scene, nose: Nose) -> None:
    draw = scene.draw
    bulge = draw.near(0, 0.2) * scene.y * scene.y
    edge = nose.wall - nose.lean * scene.y + bulge + scene.noise("soft") * np.float32(0.05)
    beyond = np.clip(scene.x - edge, 0, 1.5)
    depth = draw.between(1.8, 2.5) - beyond ** np.float32(draw.between(0.6, 1.2)) * np.float32(draw.between(1.0, 2.6))
    colour = draw.flesh(nose.mucosa, 0.02)
    scene.cover(inside(edge - scene.x, draw.between(0.12, 0.4)), np.clip(depth, 0.6, 4), colour)


def _paint_middle_turbinate(scene: Scene, nose: Nose) -> None:
    """Hangs from above, deeper in and nearer to the septum: high and narrow."""
    draw = scene.draw
    x = nose.septum + nose.passage * draw.between(0.4, 1.2) + draw.between(0.05, 0.25)
    y, half, tall = draw.between(-0.95, -0.45), draw.between(0.09, 0.2), draw.between(0.4, 0.75)
    away = scene.ellipse(x - nose.lean * y, y, half, tall, nose.lean + draw.near(0, 0.08))
    away = away + scene.noise("soft") * np.float32(0.08)
    colour = draw.flesh(nose.mucosa, 0.03)
    scene.bump(away, draw.between(2.3, 2.9), draw.between(0.3, 0.7), colour, draw.between(0.15, 0.35))


def _paint_inferior_turbinate(scene: Scene, nose: Nose) -> None:
    """The large swelling that tells the side: it hangs on the lateral wall."""
    draw = scene.draw
    x = nose.septum + nose.passage + nose.turbinate - nose.lean * nose.middle
    away = scene.ellipse(x, nose.middle, nose.turbinate, nose.high, nose.lean + draw.near(0, 0.06))
    away = away + scene.noise("soft") * np.float32(0.07)
    narrow = away * (1 + np.clip(scene.y * np.float32(draw.near(-0.1, 0.25)), 0, 1))  # at one end
    soft = draw.between(0.08, 0.3)
    rim, height = draw.between(1.9, 2.4), draw.between(0.5, 1.0)
    mask = scene.bump(narrow, rim, height, nose.turbinate_colour, soft)
    scene.wet += (np.float32(draw.between(0.6, 1)) - scene.wet) * mask
    if draw.chance(0.3):  # granular mucosa
        scene.depth += inside(narrow - 1, 0.2) * scene.noise("fine") * np.float32(0.02)


def _paint_septum(scene: Scene, nose: Nose) -> None:
    """The near wall on the left, falling away to a sharp edge; deviated, it bulges into the passage with a spur."""
    draw = scene.draw
    height, reach = draw.near(0.05, 0.25), draw.between(0.45, 0.75)
    bow = bell(scene.y - height, reach) * np.float32(nose.deviation)
    edge = nose.septum - nose.lean * scene.y + bow + scene.noise("soft") * np.float32(0.025)
    across = np.clip((scene.x + np.float32(1.25)) / (edge + np.float32(1.25)), 0, 1.1)
    depth = draw.between(0.7, 1.15) + draw.between(0.5, 1.4) * across ** np.float32(draw.between(1.5, 4.5))
    depth = depth + draw.near(0, 0.15) * scene.y
    depth = depth - bow * np.float32(0.9) * across
    mask = inside(scene.x - edge, draw.between(0.04, 0.22))
    scene.cover(mask, np.asarray(depth, np.float32), draw.flesh(nose.mucosa * np.float32(1.03), 0.02), wet=0.5)
    if nose.deviation > 0.12:
        ridge = bell(scene.y - height + draw.near(0.2, 0.1) * (scene.x - nose.septum), 0.09) * mask
        scene.depth -= ridge * np.clip(across, 0, 1) * np.float32(0.5 * nose.deviation)
        scene.tint(ridge * np.float32(0.5) * across**4, draw.colour((0.94, 0.80, 0.72)))


def _paint_vestibule(scene: Scene, nose: Nose) -> None:
    """The rim of the nostril on the lateral side, so near that it is overexposed."""
    draw = scene.draw
    edge = draw.between(0.55, 0.9) - draw.near(0.25, 0.25) * scene.y
    depth = 1.15 - np.clip(scene.x - edge, 0, 1) * np.float32(0.4)
    scene.cover(inside(edge - scene.x, draw.between(0.05, 0.2)), depth, draw.colour((0.92, 0.76, 0.68)), wet=0.3)


def _paint_polyp(scene: Scene, nose: Nose, severity: float) -> None:
    """Pale, glassy, grape-like, from under the middle turbinate; when severe it fills the passage."""
    draw = scene.draw
    size = _polyp_size(severity)
    glass = draw.colour(draw.pick(((0.82, 0.76, 0.66), (0.78, 0.72, 0.70), (0.86, 0.72, 0.54))), 0.03)
    x = nose.septum + nose.passage * 0.8 + size * draw.between(0.5, 0.9)
    for n in range(1 + draw.below(2 + int(2 * severity))):
        y = draw.near(-0.15, 0.12) - 0.34 * n
        away = scene.ellipse(x + draw.near(0, 0.05), y, size * draw.between(0.75, 1.0), size * draw.between(1.1, 1.5))
        away = away + scene.noise("soft") * np.float32(0.04)
        scene.darken(inside(away - 1.15, 0.4), 0.2)
        mask = scene.bump(away, 1.65, 0.45, glass, draw.between(0.12, 0.25))
        scene.wet += mask * (1 - scene.wet)
        scene.tint(mask * dome(away) * np.float32(0.35), draw.colour((0.93, 0.88, 0.80)))
        vessels(scene, draw.between(0.2, 0.6), mask)


def _polyp_size(severity: float) -> float:
    """Half its width in radii."""
    return 0.20 + 0.22 * severity


def _paint_discharge(scene: Scene, nose: Nose, severity: float) -> None:
    """Mucus or pus: strings across the passage, a pool on the floor, more of both when severe."""
    draw = scene.draw
    colour = draw.pick((PUS, MUCUS, (0.86, 0.82, 0.64), (0.76, 0.72, 0.48)))
    for _ in range(3 + int(3 * severity) + draw.below(2)):
        y = draw.between(-0.6, 0.7)
        left, right = nose.septum - draw.between(0.0, 0.12), nose.septum + nose.passage + draw.between(0.1, 0.5)
        string = strand(scene, left, y, right, y + draw.near(0.15, 0.25), draw.between(0.045, 0.09))
        film(scene, _opaque(string) * np.float32(draw.between(0.75, 1)), colour, 0.12)
    top = 0.5 - 0.6 * severity
    x = nose.septum + nose.passage * 0.5 - nose.lean * scene.y
    pool = inside(np.abs(scene.x - x) - nose.passage - 0.12, 0.12) * inside(top - scene.y, 0.3)
    ragged = np.clip(np.float32(0.75) + scene.noise("lumpy") * np.float32(0.45), 0, 1)
    scene.depth += (np.float32(1.9) - scene.depth) * pool * ragged * np.float32(0.8)
    film(scene, pool * ragged, colour, 0.1)
    film(scene, clots(scene, 1.5 - 0.6 * severity, 2.5) * np.float32(draw.between(0.6, 0.9)), colour, 0.06)


def _opaque(mask: Field) -> Field:
    thick: Field = np.clip(mask * np.float32(1.5), 0, 1)
    return thick
