"""Smooth random fields, made once and reused: tissue texture costs a look-up and no filter."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

import numpy as np
from PIL import Image

from training.phantoms.draw import Field

GRAINS: Mapping[str, float] = {"soft": 0.34, "lumpy": 0.13, "fine": 0.045, "grain": 0.015}
"""Standard deviation of the smoothing of each kind of field, in radii of the field of view."""
COPIES = 6
GRID = 512
EXTENT = 4.0
"""Radii of the field of view that a field spans before it repeats itself; twice what is seen of it."""
MOST_TEXELS = 1024
"""Of a smooth field: it is drawn on half as many, and at twice as many all of them take 500 MB."""
SEED = 20250101
"""Of the fields only, which all images share: what an image takes from them is drawn from its own seed."""


class NoiseBank:
    """Fields of mean 0 and deviation 1 (vessels: 0 to 1) that repeat without a seam, for views of `side` pixels."""

    def __init__(self, side: int) -> None:
        self.texels = min(MOST_TEXELS, _texels(side))
        self.fields = {kind: tuple(_resized(f, self.texels) for f in fields) for kind, fields in _base().items()}


@lru_cache(maxsize=2)
def noise_bank(side: int) -> NoiseBank:
    """The bank for views of that many pixels; the last two sizes are kept."""
    return NoiseBank(side)


@lru_cache(maxsize=2)
def pixel_noise(height: int) -> tuple[Field, ...]:
    """Noise without smoothing, for sensors of that height; one pixel a texel, at every size."""
    generator, texels = np.random.Generator(np.random.PCG64(SEED + 1)), _texels(height)
    return tuple(generator.standard_normal((texels, texels), np.float32) for _ in range(COPIES))


def _texels(side: int) -> int:
    """The side of a field that is looked at by `side` pixels: a power of two, about twice as many."""
    texels = 256
    while texels < 1.9 * side:
        texels *= 2
    return texels


@lru_cache(maxsize=1)
def _base() -> dict[str, tuple[Field, ...]]:
    generator = np.random.Generator(np.random.PCG64(SEED))
    fields = {kind: tuple(_smooth(generator, s) for _ in range(COPIES)) for kind, s in GRAINS.items()}
    fields["vessels"] = tuple(_vessels(generator) for _ in range(COPIES))
    return fields


def _smooth(generator: np.random.Generator, deviation: float) -> Field:
    texels = deviation * GRID / EXTENT
    down, across = np.fft.fftfreq(GRID)[:, None], np.fft.rfftfreq(GRID)[None]
    kernel = np.exp(-2 * (np.pi * texels) ** 2 * (down**2 + across**2))
    field = np.fft.irfft2(np.fft.rfft2(generator.standard_normal((GRID, GRID))) * kernel, s=(GRID, GRID))
    return np.asarray((field - field.mean()) / field.std(), np.float32)


def _vessels(generator: np.random.Generator) -> Field:
    """Thin winding lines that come and go: where a smooth field changes its sign, thinner for a finer one."""
    tree = np.zeros((GRID, GRID), np.float32)
    for deviation, width in ((0.26, 0.09), (0.15, 0.12), (0.09, 0.16)):
        line = np.clip(1 - np.abs(_smooth(generator, deviation)) / width, 0, 1)
        shown = np.clip(_smooth(generator, 0.22) * 0.8 + 0.1, 0, 1)
        tree = np.maximum(tree, line * shown)
    return tree


def _resized(field: Field, texels: int) -> Field:
    if texels == GRID:
        return field
    if texels < GRID:  # the mean of blocks; a resize would not know that the field repeats
        k = GRID // texels
        return np.asarray(field.reshape(texels, k, texels, k).mean((1, 3)), np.float32)
    image = Image.fromarray(np.pad(field, 4, mode="wrap"))
    k = texels // GRID
    large = np.asarray(image.resize((image.width * k, image.height * k), Image.Resampling.BICUBIC))
    return large[4 * k : -4 * k, 4 * k : -4 * k].copy()
