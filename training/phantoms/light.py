"""Light from the tip of the scope: fall-off with distance, slant, crevices in shadow, wet highlights."""

from __future__ import annotations

import numpy as np
from PIL import Image

from training.phantoms.draw import Draw, Field, Picture
from training.phantoms.scene import Scene
from training.phantoms.style import Style

REFERENCE = 1.5
"""Depth at which a surface is neither brightened nor dimmed by distance."""
NEAREST = 0.85
"""Depth below which light grows no further: the lamp is wider than a point."""
LEAST = 0.24
"""Light on a surface seen edge on: mucosa lets light through, and its edges never go black."""
STEEPEST = 2.5
"""Slopes level off towards this: masks have edges far steeper than any mucosa."""


def shade(scene: Scene, style: Style, draw: Draw) -> Picture:
    """The light that comes back from a scene, (3, side, side), linear, about 0 to 2."""
    slope_x, slope_y = _slopes(scene, style.relief)
    lamp_x, lamp_y = draw.near(0, 0.12), draw.near(0, 0.12)  # lamp and lens stand side by side
    line = (np.arange(scene.side, dtype=np.float32) + 0.5) * (2 / scene.side) - 1
    toward_x = line[None] * np.float32(0.5) - np.float32(lamp_x)
    toward_y = line[:, None] * np.float32(0.5) - np.float32(lamp_y)
    steep = np.sqrt(1 + slope_x * slope_x + slope_y * slope_y)
    facing = (1 - slope_x * toward_x - slope_y * toward_y) / (steep * np.sqrt(1 + toward_x**2 + toward_y**2))
    distance = np.exp(np.log(REFERENCE / np.clip(scene.depth, NEAREST, 9)) * np.float32(style.falloff))
    lit = np.clip(facing, LEAST, 1) * distance * _crevices(scene, style.occlusion)
    picture: Picture = scene.albedo * lit
    # light scattered inside mucosa comes out redder: shadows on it are red, not grey
    scatter = np.clip(1 - facing, 0, 1) * distance * np.float32(0.10)
    picture[0] += scatter * scene.albedo[0]
    gloss = np.float32(style.gloss) * np.sqrt(distance)
    shine = _highlights(scene, slope_x + toward_x, slope_y + toward_y, draw) * gloss
    picture += shine + scene.glow * np.clip(lit + np.float32(0.25), 0, 1.3)
    return picture


def _slopes(scene: Scene, relief: float) -> tuple[Field, Field]:
    surface = scene.depth + scene.noise("fine") * np.float32(0.008) + scene.noise("lumpy") * np.float32(0.012)
    per_radius = np.float32(relief * scene.side / 4 * 0.55)
    x, y = np.zeros_like(surface), np.zeros_like(surface)
    x[:, 1:-1] = (surface[:, 2:] - surface[:, :-2]) * per_radius
    y[1:-1] = (surface[2:] - surface[:-2]) * per_radius
    level = 1 / np.sqrt(1 + (x * x + y * y) * np.float32(1 / STEEPEST**2))
    return x * level, y * level


def _crevices(scene: Scene, strength: float) -> Field:
    """Ambient occlusion: what lies deeper than its surroundings gets less light; at two scales."""
    narrow, wide = _blurred(scene.depth, 14), _blurred(scene.depth, 5)
    deeper = np.clip(scene.depth - narrow, -0.12, 0.8) + np.float32(0.6) * np.clip(scene.depth - wide, -0.2, 1.1)
    shadow: Field = np.exp(-np.float32(strength) * deeper)
    return shadow


def _blurred(field: Field, cells: int) -> Field:
    """A smooth version: averaged to a few cells across, and drawn out again."""
    image = Image.fromarray(field)
    small = image.resize((cells, cells), Image.Resampling.BOX)
    return np.asarray(small.resize(image.size, Image.Resampling.BICUBIC))


def _highlights(scene: Scene, half_x: Field, half_y: Field, draw: Draw) -> Field:
    """Mirror images of the lamp where a wet surface faces it, torn by the roughness of the surface."""
    rough = np.float32(draw.between(0.08, 0.35))
    x, y = half_x + scene.noise("fine") * rough, half_y + scene.noise("lumpy") * rough
    sharp = draw.between(14, 60)
    shine = np.exp((x * x + y * y) * np.float32(-sharp))
    patches = np.clip(scene.noise("lumpy") * np.float32(0.7) + np.float32(draw.between(-0.5, 0.35)), 0, 1)
    return np.asarray(shine * patches * scene.wet * np.float32(draw.between(0.8, 1.8)), np.float32)
