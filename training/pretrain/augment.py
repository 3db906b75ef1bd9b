"""What is done to an image before it is seen, so that what is learnt does not hang on how it was lit or framed."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from training.pretrain.config import MEAN, STD

LIGHT_GRAIN = 8
"""Pixels to one grain of the field of light, which is smooth."""


class Chance:
    """Random numbers for a batch of B images, from one generator."""

    def __init__(self, batch: int, generator: torch.Generator) -> None:
        self.batch, self.generator = batch, generator

    def between(self, low: float, high: float, *shape: int) -> Tensor:
        """Uniform numbers, (B, *shape)."""
        return low + (high - low) * torch.rand(self.batch, *shape, generator=self.generator)

    def normal(self, *shape: int) -> Tensor:
        """Standard normal numbers, (B, *shape)."""
        return torch.randn(self.batch, *shape, generator=self.generator)

    def happens(self, probability: float, *shape: int) -> Tensor:
        """True as often as that, (B, *shape)."""
        return torch.rand(self.batch, *shape, generator=self.generator) < probability


@dataclass(frozen=True)
class Strength:
    """How strongly images are changed. Lengths are parts of the image's side, angles radians."""

    turn: float = 0.28
    zoom: tuple[float, float] = (0.80, 1.30)
    stretch: float = 0.12
    shift: float = 0.13
    gain: tuple[float, float] = (0.6, 1.5)
    cast: float = 0.07
    saturation: tuple[float, float] = (0.5, 1.3)
    grey: float = 0.12
    tone: float = 0.45
    lighting: float = 0.4
    blur: float = 0.35
    noise: float = 0.04
    erased: float = 0.35
    outer_dark: float = 0.25


def augment(pixels: Tensor, mirrored: Tensor, generator: torch.Generator, strength: Strength | None = None) -> Tensor:
    """(B, side, side, 3) uint8 to (B, 3, side, side) float32 as the model takes it, `mirrored` (B,) where true."""
    strength, chance = strength or Strength(), Chance(len(pixels), generator)
    x = pixels.permute(0, 3, 1, 2).float().contiguous()
    x = _moved(x, mirrored, chance, strength)
    x = _coloured(x * _light(x.shape[-1], chance, strength), chance, strength)
    x = _erased(_blurred(x, chance, strength), chance, strength)
    noise = chance.normal(1, *x.shape[2:]) * chance.between(0, strength.noise, 1, 1, 1)
    return normalised(x.add_(noise).clamp_(0, 1))


def normalised(x: Tensor) -> Tensor:
    """(B, 3, H, W) from 0 to 1, as the model takes it."""
    return (x - torch.tensor(MEAN).view(3, 1, 1)) / torch.tensor(STD).view(3, 1, 1)


def _moved(x: Tensor, mirrored: Tensor, chance: Chance, strength: Strength) -> Tensor:
    """Turned, zoomed, stretched, shifted, and mirrored where that is true; what comes into view is black."""
    angle = chance.between(-strength.turn, strength.turn)
    zoom = chance.between(*strength.zoom)
    flip = 1 - 2 * mirrored.float()
    across = zoom * (1 + chance.between(-strength.stretch, strength.stretch))
    right, down = (chance.between(-strength.shift, strength.shift) * 2 for _ in range(2))
    first = torch.stack([flip * angle.cos() / across, -flip * angle.sin() / zoom, flip * right], 1)
    second = torch.stack([angle.sin() / across, angle.cos() / zoom, down], 1)
    grid = functional.affine_grid(torch.stack([first, second], 1), list(x.shape), align_corners=False)
    return functional.grid_sample(x, grid, align_corners=False)


def _light(side: int, chance: Chance, strength: Strength) -> Tensor:
    """Another lamp and exposure, (B, 3, side, side): a smooth field, often with a darker rim, and a colour cast."""
    coarse = max(1, side // LIGHT_GRAIN)
    field = functional.interpolate(chance.normal(1, 4, 4), coarse, mode="bicubic", align_corners=True)
    line = torch.linspace(-1, 1, coarse)
    radius_2 = (line[None] ** 2 + line[:, None] ** 2)[None, None]
    dark = chance.between(0, 0.8, 1, 1, 1) * chance.happens(strength.outer_dark, 1, 1, 1)
    light = torch.exp(field * chance.between(0, strength.lighting, 1, 1, 1) - dark * radius_2) / 255
    light = light * chance.between(*strength.gain, 1, 1, 1) * (1 + strength.cast * chance.normal(3, 1, 1))
    return functional.interpolate(light, side, mode="bilinear", align_corners=True)


def _coloured(x: Tensor, chance: Chance, strength: Strength) -> Tensor:
    """More or less colour, now and then none, and another tone curve x + k x (1 - x), which keeps black and white."""
    grey = x.mean(1, keepdim=True)
    saturation = chance.between(*strength.saturation, 1, 1, 1)
    saturation = torch.where(chance.happens(strength.grey, 1, 1, 1), torch.zeros_like(saturation), saturation)
    x = torch.lerp(grey, x, saturation).clamp_(0, 1)
    return x + chance.between(-strength.tone, strength.tone, 1, 1, 1) * x * (1 - x)


def _blurred(x: Tensor, chance: Chance, strength: Strength) -> Tensor:
    """Some of the images at a lower resolution: out of focus, or from a small frame."""
    rows = chance.happens(strength.blur).nonzero().flatten()
    half = len(rows) // 2
    for part, factor in ((rows[:half], 0.5), (rows[half:], 0.7)):
        if len(part):
            small = functional.interpolate(x[part], scale_factor=factor, mode="bilinear", antialias=True)
            x[part] = functional.interpolate(small, x.shape[-1], mode="bilinear")
    return x


def _erased(x: Tensor, chance: Chance, strength: Strength) -> Tensor:
    """A rectangle of one colour over some of the images: glare, mucus, an instrument."""
    side = x.shape[-1]
    rows = chance.happens(strength.erased).nonzero().flatten().tolist()
    sizes = (chance.between(0.08, 0.32, 2) * side).long()
    corners = (chance.between(0, 1, 2) * (side - sizes)).long()
    colours, plain = chance.between(0, 1, 3, 1, 1), chance.happens(0.5)
    for row in rows:
        (height, width), (top, left) = sizes[row].tolist(), corners[row].tolist()
        patch = x[row, :, top : top + height, left : left + width]
        patch[:] = colours[row] if plain[row] else patch.mean((1, 2), keepdim=True)
    return x
