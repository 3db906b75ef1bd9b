"""What is done to an image before it is seen, so that what is learnt does not hang on how it was lit or framed."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from training.pretrain.config import MEAN, STD


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
    gamma: tuple[float, float] = (0.7, 1.4)
    lighting: float = 0.4
    blur: float = 0.35
    noise: float = 0.04
    erased: float = 0.35
    outer_dark: float = 0.25


def augment(pixels: Tensor, mirrored: Tensor, generator: torch.Generator, strength: Strength | None = None) -> Tensor:
    """(B, side, side, 3) uint8 to (B, 3, side, side) float32 as the model takes it, `mirrored` (B,) where true."""
    strength, chance = strength or Strength(), Chance(len(pixels), generator)
    x = pixels.permute(0, 3, 1, 2).float() / 255
    x = _moved(x, mirrored, chance, strength)
    x = _lit(x, chance, strength)
    x = _coloured(x, chance, strength)
    x = _blurred(x, chance, strength)
    x = _erased(x, chance, strength)
    x = x + chance.normal(*x.shape[1:]) * chance.between(0, strength.noise, 1, 1, 1)
    return normalised(x.clamp(0, 1))


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


def _lit(x: Tensor, chance: Chance, strength: Strength) -> Tensor:
    """Another lamp: a smooth field of light, and often a darker rim."""
    side = x.shape[-1]
    field = functional.interpolate(chance.normal(1, 4, 4), side, mode="bicubic", align_corners=True)
    x = x * torch.exp(field * chance.between(0, strength.lighting, 1, 1, 1))
    line = torch.linspace(-1, 1, side)
    radius_2 = (line[None] ** 2 + line[:, None] ** 2)[None, None]
    dark = chance.between(0, 0.8, 1, 1, 1) * chance.happens(strength.outer_dark, 1, 1, 1)
    return x * torch.exp(-dark * radius_2)


def _coloured(x: Tensor, chance: Chance, strength: Strength) -> Tensor:
    x = x * chance.between(*strength.gain, 1, 1, 1) * (1 + strength.cast * chance.normal(3, 1, 1))
    grey = x.mean(1, keepdim=True)
    saturation = chance.between(*strength.saturation, 1, 1, 1)
    saturation = torch.where(chance.happens(strength.grey, 1, 1, 1), torch.zeros_like(saturation), saturation)
    x = grey + (x - grey) * saturation
    return x.clamp(1e-4, 1) ** chance.between(*strength.gamma, 1, 1, 1)


def _blurred(x: Tensor, chance: Chance, strength: Strength) -> Tensor:
    """Some of the images at a lower resolution: out of focus, or from a small frame."""
    rows = chance.happens(strength.blur).nonzero().flatten()
    if len(rows):
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
