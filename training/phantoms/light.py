"""Light from the tip of the scope: fall-off with distance, slant, crevices in shadow, wet highlights."""

from __future__ import annotations

import numpy as np
from PIL import Image

from training.phantoms.draw import Draw, Field, Picture
from training.phantoms.scene import Scene
from training.phantoms.style import Style

REFERENCE = 1.5
"""Depth at which a surface is neither brightened nor dimmed by distance."""
NEAREST = 0.62
"""Depth below which light grows no further: the lamp is wider than a point."""
STEEPEST = 1.8
"""Slopes level off towards this: masks have edges far steeper than any mucosa, and would be drawn like pen lines."""
REDDER = (0.0, 0.07, 0.06)
"""Part of each colour lost to tissue for every unit of depth: light that comes back from far has met many walls."""


def shade(scene: Scene, style: Style, draw: Draw) -> Picture:
    """The light that comes back from a scene, (3, side, side), linear, about 0 to 2."""
    slope_x, slope_y = _slopes(scene, style.relief)
    lamp_x, lamp_y = draw.near(0, 0.16), draw.near(0, 0.16)  # lamp and lens stand side by side
    line = (np.arange(scene.side, dtype=np.float32) + 0.5) * (2 / scene.side) - 1
    toward_x = line[None] * np.float32(0.5) - np.float32(lamp_x)
    toward_y = line[:, None] * np.float32(0.5) - np.float32(lamp_y)
    steep = np.sqrt(1 + slope_x * slope_x + slope_y * slope_y)
    facing = (1 - slope_x * toward_x - slope_y * toward_y) / (steep * np.sqrt(1 + toward_x**2 + toward_y**2))
    facing = np.clip(facing, 0, 1)
    distance = np.exp(np.log(REFERENCE / np.clip(scene.depth, NEAREST, 9)) * np.float32(style.falloff))
    light = distance * _crevices(scene, style.occlusion)
    lit = light * (np.float32(style.scatter) + np.float32(1 - style.scatter) * facing)
    picture: Picture = scene.albedo * lit
    far = np.clip(scene.depth - np.float32(REFERENCE), 0, 3)
    for channel, lost in zip(picture[1:], REDDER[1:], strict=True):
        channel *= 1 - far * np.float32(lost)
    # light scattered inside mucosa comes out redder: shadows on it are red, not grey
    picture[0] += (1 - facing) * light * np.float32(0.10) * scene.albedo[0]
    gloss = np.float32(style.gloss) * np.sqrt(distance)
    picture += _highlights(scene, slope_x + toward_x, slope_y + toward_y, draw) * gloss
    picture += scene.glow * np.clip(lit + np.float32(0.25), 0, 1.3)
    return picture


def defocus(picture: Picture, scene: Scene, draw: Draw) -> Picture:
    """Blur what is too near for the lens, and a little what lies at the rim, where lenses are worse."""
    sharp_from, rim = draw.between(0.65, 1.3), draw.between(0.7, 1.3)
    line = (np.arange(scene.side, dtype=np.float32) + 0.5) * (2 / scene.side) - 1
    near = (np.float32(sharp_from) - scene.depth) * np.float32(3)
    edge = (np.hypot(line[None], line[:, None]) - np.float32(rim)) * np.float32(3)
    blurred = np.clip(np.maximum(near, edge), 0, draw.between(0.5, 1))
    cells = 20 + draw.below(14)
    for channel in picture:
        channel += (_blurred(channel, cells) - channel) * blurred
    return picture


def _slopes(scene: Scene, relief: float) -> tuple[Field, Field]:
    surface = scene.depth + scene.noise("fine") * np.float32(0.008) + scene.noise("lumpy") * np.float32(0.012)
    per_radius = np.float32(relief * scene.side / 4 * 0.55)
    x, y = np.zeros_like(surface), np.zeros_like(surface)
    k = max(1, scene.side // 120)  # over more pixels where they are small: noise is looked up to the nearest texel
    x[:, k:-k] = (surface[:, 2 * k :] - surface[:, : -2 * k]) * (per_radius / k)
    y[k:-k] = (surface[2 * k :] - surface[: -2 * k]) * (per_radius / k)
    level = 1 / np.sqrt(1 + (x * x + y * y) * np.float32(1 / STEEPEST**2))
    return x * level, y * level


def _crevices(scene: Scene, strength: float) -> Field:
    """Ambient occlusion: what lies deeper than its surroundings gets less light; at two scales, both soft."""
    narrow, wide = _blurred(scene.depth, 11), _blurred(scene.depth, 5)
    deeper = np.float32(0.55) * np.clip(scene.depth - narrow, -0.12, 0.6)
    deeper += np.float32(0.6) * np.clip(scene.depth - wide, -0.25, 1.0)
    shadow: Field = np.exp(-np.float32(strength) * deeper)
    return shadow


def _blurred(field: Field, cells: int) -> Field:
    """A smooth version: averaged to a few cells across, and drawn out again."""
    image = Image.fromarray(field)
    small = image.resize((cells, cells), Image.Resampling.BOX)
    return np.asarray(small.resize(image.size, Image.Resampling.BICUBIC))


def _highlights(scene: Scene, half_x: Field, half_y: Field, draw: Draw) -> Field:
    """Mirror images of the lamp where a wet surface faces it: one smooth spot, or many small ones on a rough one."""
    fine, lumpy = scene.noise("fine"), scene.noise("lumpy")
    rough = np.float32(draw.between(0.03, 0.3))
    x, y = half_x + fine * rough, half_y + lumpy * rough
    off = x * x + y * y
    sparkling = draw.between(0, 1)
    shine = np.exp(off * np.float32(-draw.between(25, 90))) * np.float32(1.3 - 0.6 * sparkling)
    droplets = np.clip(fine * np.float32(1.4) + scene.noise("grain") * np.float32(0.6) - np.float32(1.5), 0, 1)
    shine += np.exp(off * np.float32(-draw.between(3, 10))) * droplets * np.float32(2.4 * sparkling)
    patches = np.clip(lumpy * np.float32(0.7) + np.float32(draw.between(-0.3, 0.6)), 0, 1)
    return np.asarray(shine * patches * scene.wet * np.float32(draw.between(0.6, 2.0)), np.float32)
