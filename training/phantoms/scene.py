"""A scene: surfaces in front of each other, each pixel with a depth, a colour and how wet it is."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from training.phantoms.draw import Colour, Draw, Field
from training.phantoms.noise import noise_bank

FARTHEST = 4.5
"""Depth beyond which nothing is seen."""


@dataclass(frozen=True)
class Pose:
    """Where the scope stands: anatomy shifted (radii), turned (radians), magnified, and tilted away to one side."""

    right: float
    down: float
    turn: float
    magnify: float
    tilt_x: float
    tilt_y: float

    @classmethod
    def sample(cls, draw: Draw, shift: float = 0.09, turn: float = 0.13, zoom: float = 0.12) -> Pose:
        """A pose; the numbers are standard deviations."""
        return cls(
            draw.near(0, shift),
            draw.near(0, shift),
            draw.near(0, turn),
            float(np.exp(draw.near(0, zoom))),
            draw.near(0, 0.07),
            draw.near(0, 0.07),
        )

    def next_frame(self, draw: Draw) -> Pose:
        """The pose a twentieth of a second later, held by a steady hand."""
        return replace(
            self,
            right=self.right + draw.near(0, 0.015),
            down=self.down + draw.near(0, 0.015),
            turn=self.turn + draw.near(0, 0.015),
            magnify=self.magnify * (1 + draw.near(0, 0.012)),
        )


class Scene:
    """What the painters paint on; `draw` is the patient's own chance, the same for every image of the anatomy.

    `x`, `y` are anatomical coordinates of every pixel, `depth` the distance from the scope, `albedo` (3, side, side)
    the reflectance, `glow` light added whatever the shading (a highlight painted by hand), `wet` from 0 to 1.
    """

    def __init__(self, side: int, pose: Pose, draw: Draw, warp: float = 0.05) -> None:
        self.side, self.draw, self.bank = side, draw, noise_bank(side)
        line = (np.arange(side, dtype=np.float32) + 0.5) * (2 / side) - 1
        view_x, view_y = np.broadcast_to(line, (side, side)), np.broadcast_to(line[:, None], (side, side))
        away = (1 + pose.tilt_x * view_x + pose.tilt_y * view_y) / pose.magnify
        x, y = view_x * away - pose.right, view_y * away - pose.down
        cos, sin = np.float32(np.cos(pose.turn)), np.float32(np.sin(pose.turn))
        x, y = x * cos + y * sin, y * cos - x * sin
        self._index(x, y)
        self.x = x + np.float32(warp) * self.noise("soft")  # no straight line grows in a body
        self.y = y + np.float32(warp) * self.noise("soft")
        self.depth = np.full((side, side), FARTHEST, np.float32)
        self.albedo = np.zeros((3, side, side), np.float32)
        self.glow = np.zeros((side, side), np.float32)
        self.wet = np.full((side, side), 0.6, np.float32)

    def _index(self, x: Field, y: Field) -> None:
        texels = self.bank.texels
        column = np.floor((x + 4) * (texels / 4)).astype(np.intp)
        row = np.floor((y + 4) * (texels / 4)).astype(np.intp)
        self._texel = row * texels + column

    def noise(self, kind: str) -> Field:
        """A random field that belongs to the anatomy: it moves with it from image to image.

        Where a field repeats itself to the side, it goes on one texel lower: not to be seen, and twice as fast.
        """
        texels = self.bank.texels
        right, down = int(self.draw.generator.random() * 997), int(self.draw.generator.random() * 997)
        scale = texels / 1024
        texel = self._texel + (int(down * scale) * texels + int(right * scale))
        texel &= texels * texels - 1  # a power of two: "and" wraps
        fields = self.bank.fields[kind]
        field: Field = fields[self.draw.below(len(fields))].ravel().take(texel)
        return field

    def cover(self, mask: Field, depth: Field | float, colour: Colour, wet: float | None = None) -> None:
        """Lay a surface of that depth and colour over all where `mask` (0 to 1) is; blurred masks round it off."""
        self.depth += (np.minimum(np.float32(FARTHEST), depth) - self.depth) * mask
        self.tint(mask, colour)
        if wet is not None:
            self.wet += (np.float32(wet) - self.wet) * mask

    def tint(self, mask: Field, colour: Colour) -> None:
        """Stain what is there, leaving its shape."""
        for channel, value in zip(self.albedo, colour, strict=True):
            channel += (value - channel) * mask

    def darken(self, mask: Field, by: float) -> None:
        """Take the part `by` of the light away where `mask` is."""
        self.albedo *= 1 - np.float32(by) * mask

    def ellipse(self, x: float, y: float, a: float, b: float, tilt: float = 0.0) -> Field:
        """The distance from the centre in radii: 1 on the rim of an ellipse of half axes a, b, turned by `tilt`."""
        cos, sin = np.float32(np.cos(tilt)), np.float32(np.sin(tilt))
        dx, dy = self.x - np.float32(x), self.y - np.float32(y)
        return np.sqrt(((dx * cos + dy * sin) / np.float32(a)) ** 2 + ((dy * cos - dx * sin) / np.float32(b)) ** 2)

    def segment(self, x_0: float, y_0: float, x_1: float, y_1: float) -> tuple[Field, Field]:
        """The distance from a straight line between two points, and how far along it (0 to 1) the nearest point is."""
        dx, dy = np.float32(x_1 - x_0), np.float32(y_1 - y_0)
        px, py = self.x - np.float32(x_0), self.y - np.float32(y_0)
        along = np.clip((px * dx + py * dy) / (dx * dx + dy * dy + np.float32(1e-6)), 0, 1)
        return np.hypot(px - along * dx, py - along * dy), along

    def bump(self, distance: Field, depth: float, height: float, colour: Colour, soft: float = 0.15) -> Field:
        """A rounded swelling inside distance 1, `depth` at its rim and `height` nearer at its top; returns its mask."""
        mask = inside(distance - 1, soft)
        self.cover(mask, depth - height * dome(distance), colour)
        return mask


def inside(distance: Field, soft: float) -> Field:
    """1 where the signed distance is negative, 0 where positive, blurred over the width `soft`."""
    mask: Field = np.clip(np.float32(0.5) - distance * np.float32(1 / soft), 0, 1)
    return mask


def bell(distance: Field, width: float) -> Field:
    """exp(-(distance / width)^2)."""
    scaled = distance * np.float32(1 / width)
    curve: Field = np.exp(-scaled * scaled)
    return curve


def dome(distance: Field) -> Field:
    """The height of a half ball of radius 1 above its base."""
    height: Field = np.sqrt(np.clip(np.float32(1.02) - distance * distance, 0, 1))
    return height
