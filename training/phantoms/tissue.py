"""What covers every surface: mucosa and skin, vessels, mucus, blood, bubbles, crusts."""

from __future__ import annotations

import numpy as np

from training.phantoms.draw import Colour, Draw, Field
from training.phantoms.scene import Scene, bell, inside

BLOOD = (0.45, 0.05, 0.06)
VESSEL = (0.62, 0.20, 0.22)
MUCUS = (0.78, 0.74, 0.62)
PUS = (0.82, 0.75, 0.48)


def mottle(scene: Scene, colour: Colour, strength: float) -> None:
    """Redder and paler patches, large and small, and fine grain, as blood fills mucosa unevenly."""
    draw = scene.draw
    patch = np.clip(scene.noise("soft") * np.float32(0.35) + scene.noise("lumpy") * np.float32(0.25), -1, 1)
    red = draw.flesh((colour[0] * 0.98, colour[1] * 0.76, colour[2] * 0.78), 0.01)
    pale = draw.flesh((min(1.0, colour[0] * 1.04), colour[1] * 1.13, colour[2] * 1.12), 0.01)
    scene.tint(np.clip(patch, 0, 1) * np.float32(strength), red)
    scene.tint(np.clip(-patch, 0, 1) * np.float32(strength), pale)
    scene.albedo *= 1 + scene.noise("fine") * np.float32(0.035) + scene.noise("grain") * np.float32(0.03)


def vessels(scene: Scene, strength: float, mask: Field | None = None, colour: tuple[float, ...] = VESSEL) -> None:
    """Fine winding vessels under the surface, within `mask`."""
    tree = scene.noise("vessels") * np.float32(strength)
    scene.tint(tree if mask is None else tree * mask, scene.draw.colour(colour, 0.03))


def film(scene: Scene, mask: Field, colour: tuple[float, ...], thickness: float = 0.08) -> None:
    """Something lying on the surface, `thickness` high: mucus, pus, wax, crusts; it shines more than what it covers."""
    scene.tint(mask, scene.draw.colour(colour, 0.03))
    scene.depth -= mask * np.float32(thickness)
    scene.wet += (1 - scene.wet) * mask * np.float32(0.7)


def clots(scene: Scene, rarity: float, sharp: float = 4.0) -> Field:
    """Irregular islands, a mask; the rarer, the fewer and smaller (0 covers half, 2 nearly nothing)."""
    ragged = scene.noise("lumpy") * np.float32(0.8) + scene.noise("fine") * np.float32(0.45)
    return np.asarray(np.clip((ragged - np.float32(rarity)) * np.float32(sharp), 0, 1), np.float32)


def strand(scene: Scene, x_0: float, y_0: float, x_1: float, y_1: float, width: float) -> Field:
    """A thread of mucus from wall to wall, of uneven thickness, as a mask."""
    middle_x, middle_y = (x_0 + x_1) / 2, (y_0 + y_1) / 2 + 0.12 * abs(x_1 - x_0)  # it sags
    left, _ = scene.segment(x_0, y_0, middle_x, middle_y)
    right, _ = scene.segment(middle_x, middle_y, x_1, y_1)
    uneven: Field = np.clip(np.float32(0.8) + scene.noise("lumpy") * np.float32(0.3), 0, 1)
    return bell(np.minimum(left, right), width) * uneven


def incidents(scene: Scene, shot: Draw) -> None:
    """What this moment adds, in any region: secretion, a trace of blood, bubbles. Drawn from the shot's own chance."""
    if shot.chance(0.22):
        film(scene, clots(scene, shot.between(1.4, 2.2), 1.5) * np.float32(shot.between(0.15, 0.4)), MUCUS, 0.03)
    if shot.chance(0.06):
        scene.tint(
            clots(scene, shot.between(1.3, 2.0), 1.5) * np.float32(shot.between(0.3, 0.8)), shot.colour(BLOOD, 0.02)
        )
    if shot.chance(0.15):
        for _ in range(3 + shot.below(9)):
            bubble(scene, shot.between(-0.8, 0.8), shot.between(-0.8, 0.8), shot.between(0.015, 0.04))


def bubble(scene: Scene, x: float, y: float, radius: float) -> None:
    """A bubble or droplet: a dark rim, a bright point towards the lamp."""
    margin = 3 * radius
    rows = np.flatnonzero((np.abs(scene.y - y) < margin).any(1))
    columns = np.flatnonzero((np.abs(scene.x - x) < margin).any(0))
    if not rows.size or not columns.size:
        return
    part = np.s_[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    distance = np.hypot(scene.x[part] - np.float32(x), scene.y[part] - np.float32(y)) / np.float32(radius)
    scene.albedo[:, part[0], part[1]] *= 1 - np.float32(0.5) * bell(distance - 1, 0.35)
    shifted = np.hypot(scene.x[part] - np.float32(x - radius * 0.3), scene.y[part] - np.float32(y - radius * 0.3))
    scene.glow[part] += inside(shifted / np.float32(radius) - np.float32(0.35), 0.4) * np.float32(0.8)
