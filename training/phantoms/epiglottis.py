"""The epiglottis, near and bright in front (below): a broad leaf, a curled (omega) one, its edge, or unseen."""

from __future__ import annotations

import numpy as np

from training.phantoms.draw import Field
from training.phantoms.larynx import Larynx
from training.phantoms.scene import Scene, inside
from training.phantoms.tissue import vessels

PALER = ((1.10, 1.5, 1.45), (1.08, 1.25, 1.2), (1.02, 1.05, 1.05), (1.12, 1.65, 1.5), (1.10, 1.4, 1.3))
"""Its colour over that of the mucosa around it."""
KINDS = {"leaf": 0.42, "curled": 0.16, "edge": 0.32, "unseen": 0.10}


def paint_epiglottis(scene: Scene, larynx: Larynx) -> None:
    """One of the kinds, more or less to one side, never over the glottis."""
    draw = scene.draw
    kind = draw.weighted(KINDS)
    if kind == "unseen":
        return
    mask, depth = _edge(scene, larynx) if kind == "edge" else _ring(scene, larynx, kind == "curled")
    burnt = 0.35 if draw.chance(0.2) else 0.0  # almost touching the lens
    colour = draw.flesh(larynx.mucosa * np.array(draw.pick(PALER), np.float32), 0.03)
    depth = depth + scene.noise("lumpy") * np.float32(0.03) - np.float32(burnt)
    scene.cover(mask, np.clip(depth, 0.65, 4), colour, wet=draw.between(0.5, 1))
    vessels(scene, draw.between(0.1, 0.8), mask, (0.62, 0.18, 0.18))


def _edge(scene: Scene, larynx: Larynx) -> tuple[Field, Field]:
    """Mask and depth of a plane across the lower part, so near that it may burn out."""
    draw = scene.draw
    x = scene.x - np.float32(draw.near(0, 0.3))
    top = larynx.front + draw.between(0.08, 0.32) + draw.near(0, 0.25) * x - draw.near(0.15, 0.25) * x**2
    top = np.maximum(top, np.float32(larynx.front + 0.03)) + scene.noise("soft") * np.float32(0.03)
    down = np.clip(scene.y - top, 0, 1)
    depth = draw.between(1.3, 1.75) - down * np.float32(draw.between(0.1, 0.7)) + scene.noise("soft") * np.float32(0.05)
    return inside(top - scene.y, draw.between(0.06, 0.14)), np.asarray(depth, np.float32)


def _ring(scene: Scene, larynx: Larynx, curled: bool) -> tuple[Field, Field]:
    """Mask and depth of part of a ring around the inlet: a smile, or nearly a horseshoe."""
    draw = scene.draw
    lean = draw.near(0, 0.15 if curled else draw.pick((0.2, 0.2, 0.2, 0.6)))
    half = draw.between(1.7, 2.3) if curled else draw.between(0.85, 1.45)  # of its arc, radians
    thick = draw.between(0.10, 0.17) if curled else draw.between(0.22, 0.46)
    inner = larynx.front / larynx.high * (draw.between(1.0, 1.15) if curled else draw.between(1.1, 1.6))
    narrow = larynx.high / larynx.wide if curled else draw.between(0.75, 1.1)
    x, y = scene.x * np.float32(narrow / larynx.high), (scene.y - np.float32(0.02)) / np.float32(larynx.high)
    ring, angle = np.hypot(x, y), np.arctan2(x, y) - np.float32(lean)
    thick = thick / larynx.high * min(1.0, larynx.size)
    thickness = np.float32(thick) * np.sqrt(np.clip(1.02 - (angle / half) ** 2, 0.02, 1))
    thickness = thickness * (1 + np.float32(0.15) * scene.noise("soft"))
    from_middle = np.abs(ring - np.float32(inner + thick)) / thickness
    mask = inside((from_middle - 1) * thickness, draw.between(0.08, 0.2)) * inside(np.abs(angle) - half, 0.3)
    height = np.float32(draw.between(0.15, 0.35)) * np.sqrt(np.clip(1 - from_middle**2, 0, 1))
    depth = draw.between(1.4, 1.85) - height + np.float32(draw.near(0, 0.15)) * angle
    return np.asarray(mask, np.float32), np.asarray(depth, np.float32)
