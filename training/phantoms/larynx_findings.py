"""Vocal folds open or closed, and what disease does to them. A sided lesion is painted on the patient's left."""

from __future__ import annotations

import numpy as np

from training.phantoms.epiglottis import paint_epiglottis
from training.phantoms.glottis import Glottis, glottis, paint_folds
from training.phantoms.larynx import Larynx, finish_mucosa, paint_arytenoids, paint_surroundings, paint_vestibule
from training.phantoms.scene import Scene, inside
from training.phantoms.tissue import bubble, film, vessels


def paint_larynx(scene: Scene, finding: str, severity: float, is_open: bool) -> None:
    """A larynx with open or closed folds and that finding, severity from 0 to 1."""
    larynx = Larynx.sample(scene.draw)
    swelling = severity if finding == "oedema" else 0.0
    paint_surroundings(scene, larynx)
    paint_vestibule(scene, larynx)
    fallen = 0.5 + 0.5 * severity if finding == "one-sided paralysis" else 0.0
    paint_arytenoids(scene, larynx, swelling, 1.0 if is_open else 0.15, fallen)
    gap = _glottis(scene, larynx, finding, severity, is_open)
    if finding == "oedema":
        paint_folds(scene, larynx, gap, thick=1.4 + 0.8 * severity, redness=0.25)
        _paint_swollen_folds(scene, larynx, gap, severity)
    else:
        paint_folds(scene, larynx, gap)
    if finding == "one-sided paralysis":
        _paint_pool(scene, larynx, severity)
    if finding == "nodules":
        _paint_nodules(scene, larynx, gap, severity)
    if finding == "polyp":
        _paint_polyp(scene, larynx, gap, severity)
    paint_epiglottis(scene, larynx)
    finish_mucosa(scene, larynx)


def _glottis(scene: Scene, larynx: Larynx, finding: str, severity: float, is_open: bool) -> Glottis:
    """Open: both folds aside; closed: both in the middle. A paralysed fold, on the picture's right, never moves."""
    draw = scene.draw  # as many draws whether open or closed: all else about the patient stays the same
    wide, slack, chink = draw.between(0.8, 1.2), draw.between(0, 0.012), draw.between(0.0, 0.06)
    left, right = wide * draw.between(0.93, 1.07), wide * draw.between(0.93, 1.07)
    if finding == "one-sided paralysis":
        fixed, bowed = 0.22 + 0.14 * severity, (0.014 + 0.014 * severity) * larynx.size
        return glottis(scene, larynx, max(0.95, wide) * 1.15 if is_open else 0.0, fixed, 0.0, bowed)
    if is_open:
        return glottis(scene, larynx, left, right, slack, slack)
    return glottis(scene, larynx, 0.0, chink, 0.0, 0.0)


def _paint_pool(scene: Scene, larynx: Larynx, severity: float) -> None:
    """Saliva that stands, frothy, in the recess beside the paralysed fold, since it is not swallowed."""
    draw = scene.draw
    x, y = min(0.68, larynx.wide + draw.between(0.12, 0.2)), draw.between(-0.3, 0.0)
    away = scene.ellipse(x, y, 0.14 + 0.1 * severity, 0.2 + 0.14 * severity, draw.between(0.0, 0.5))
    pool = inside(away + scene.noise("lumpy") * np.float32(0.15) - 1, 0.3)
    scene.depth += (np.float32(1.9) - scene.depth) * pool * np.float32(0.8)
    film(scene, np.asarray(pool * np.float32(draw.between(0.55, 0.85)), np.float32), (0.86, 0.80, 0.74), 0.05)
    for _ in range(6 + draw.below(8)):
        turn, out = draw.between(0, 6.3), draw.between(0, 0.16 + 0.1 * severity)
        bubble(scene, x + out * float(np.cos(turn)), y + out * float(np.sin(turn)), draw.between(0.015, 0.035))


def _paint_swollen_folds(scene: Scene, larynx: Larynx, gap: Glottis, severity: float) -> None:
    """Glassy, sausage-like folds that bulge into the glottis."""
    draw = scene.draw
    for side, edge in ((-1, gap.left), (1, gap.right)):
        middle = edge + np.float32(side * larynx.fold * (0.75 - 0.25 * severity))
        across = (scene.x - middle) / np.float32(larynx.fold * (0.9 + 0.6 * severity))
        lengthwise = (gap.along - np.float32(0.5)) / np.float32(0.52)
        away = np.asarray(np.sqrt(across * across + lengthwise * lengthwise) + 2 * (1 - gap.within), np.float32)
        mask = scene.bump(away, larynx.depth - 0.15, 0.25, draw.colour((0.84, 0.66, 0.60), 0.03), 0.25)
        scene.wet += mask * (1 - scene.wet)


def _paint_nodules(scene: Scene, larynx: Larynx, gap: Glottis, severity: float) -> None:
    """A pair of pale callosities, face to face, where the front and middle thirds of the folds meet."""
    draw = scene.draw
    size = (0.068 + 0.040 * severity) * larynx.size
    place = np.float32(draw.between(0.34, 0.46))
    y = larynx.front - float(place) * (larynx.front - larynx.back)
    for side, edge in ((-1, gap.left), (1, gap.right)):
        dx, dy = scene.x - edge - np.float32(side * size * 0.35), scene.y - np.float32(y)
        away = np.asarray(np.hypot(dx, dy * np.float32(0.8)) / np.float32(size * draw.between(0.85, 1.15)), np.float32)
        scene.bump(away, larynx.depth - 0.16, 0.14, draw.colour((0.95, 0.88, 0.82), 0.02), 0.4)


def _paint_polyp(scene: Scene, larynx: Larynx, gap: Glottis, severity: float) -> None:
    """One rounded, red or glassy mass on the edge of the left fold, hanging into the glottis."""
    draw = scene.draw
    size = (0.105 + 0.10 * severity) * larynx.size
    y = larynx.front - draw.between(0.3, 0.6) * (larynx.front - larynx.back)
    dx, dy = scene.x - gap.right - np.float32(size * 0.2), scene.y - np.float32(y)
    away = np.hypot(dx, dy * np.float32(draw.between(0.75, 1.1))) / np.float32(size)
    away = np.asarray(away + scene.noise("lumpy") * np.float32(0.06), np.float32)
    scene.darken(inside(away - 1.2, 0.4), 0.3)
    colour = draw.pick(((0.78, 0.34, 0.32), (0.84, 0.54, 0.48), (0.66, 0.22, 0.22)))
    mask = scene.bump(away, larynx.depth - 0.25, 0.35, draw.colour(colour, 0.03), 0.2)
    scene.wet += mask * (1 - scene.wet)
    vessels(scene, draw.between(0.1, 0.6), mask)
