"""From light to pixels: fog, exposure, tone, colour, focus and motion blur, vignette, field of view, noise, JPEG."""

from __future__ import annotations

import io
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFilter

from training.phantoms.draw import Draw, Field, Picture
from training.phantoms.noise import pixel_noise
from training.phantoms.style import Style

Mask: TypeAlias = npt.NDArray[np.bool_]  # (side, side)

VIEW = 1.06
"""Side of the rendered square over the height of the frame: the disc may be cut off above and below."""
ASPECT = 4 / 3
METERED = (55, 86)
"""Percentiles of the brightness inside the disc whose mean the exposure control puts at its target."""
SHOULDER = 0.8
"""Level above which light is compressed rather than clipped."""


@dataclass(frozen=True)
class Camera:
    """One shot's settings; lengths in radii of the view, `over` the error of the exposure control (1 is none).

    `disc`: radius of the field of view; `centre_x`, `centre_y`: of the disc in the frame; `notch`: direction in
    radians, or None; `motion_x`, `motion_y`: blur by a moving hand; `fog`: veil over all (0 to 1).
    """

    disc: float
    centre_x: float
    centre_y: float
    notch: float | None
    vignette: float
    fog: float
    over: float
    motion_x: float
    motion_y: float
    focus: float
    black: float
    quality: int

    @classmethod
    def sample(cls, draw: Draw, bright: float = 1.0) -> Camera:
        """A camera whose exposure control aims at the part `bright` of what its style does."""
        moving = draw.between(0.02, 0.07) if draw.chance(0.14) else 0.0
        direction = draw.between(0, np.pi)
        return cls(
            disc=draw.between(0.90, 0.985),
            centre_x=draw.near(-0.02, 0.06),
            centre_y=draw.near(0, 0.025),
            notch=draw.near(np.pi / 2, 0.25) if draw.chance(0.35) else None,
            vignette=draw.between(0.0, 0.22),
            fog=draw.between(0.1, 0.4) if draw.chance(0.12) else draw.between(0, 0.06),
            over=bright * (draw.between(1.2, 1.6) if draw.chance(0.12) else draw.near(1, 0.12)),
            motion_x=moving * float(np.cos(direction)),
            motion_y=moving * float(np.sin(direction)),
            focus=draw.between(0.012, 0.028) if draw.chance(0.06) else 0.0,
            black=draw.between(0, 0.012),
            quality=55 + draw.below(38),
        )

    def next_frame(self, draw: Draw) -> Camera:
        """The settings of the next frame: the hand has stilled or jerked, the rest is as it was."""
        return replace(
            self,
            over=self.over * (1 + draw.near(0, 0.03)),
            motion_x=self.motion_x * draw.between(0.3, 1.2),
            motion_y=self.motion_y * draw.between(0.3, 1.2),
        )


def view_side(size: int) -> int:
    """The side in pixels of the square to render for a frame `size` pixels high."""
    return round(size * VIEW)


def photograph(light: Picture, camera: Camera, style: Style, size: int, draw: Draw) -> Image.Image:
    """The frame, RGB, `size` pixels high and 4/3 as wide, that a camera makes of the light; `draw` is the sensor's."""
    radius = _radius(light.shape[-1])
    picture = _expose(light, np.asarray(radius < camera.disc), style, camera)
    picture = _grade(picture, style)
    picture *= 1 - np.float32(camera.vignette) * radius**3
    pixels = (np.clip(picture, 0, 1) * np.float32(255)).astype(np.uint8).transpose(1, 2, 0)
    soft = _move(_focus(Image.fromarray(np.ascontiguousarray(pixels)), style, camera), camera)
    disc = np.asarray(soft, np.float32) * _opening(radius, camera)[..., None]
    frame = np.full((size, round(size * ASPECT), 3), camera.black * 255, np.float32)
    _paste(frame, disc, camera)
    _add_noise(frame, style.noise, draw)
    return Image.fromarray(np.clip(frame, 0, 255).astype(np.uint8))


def jpeg(image: Image.Image, quality: int) -> bytes:
    """The bytes of a JPEG file without metadata."""
    file = io.BytesIO()
    image.save(file, "JPEG", quality=quality)
    return file.getvalue()


def _radius(side: int) -> Field:
    line = (np.arange(side, dtype=np.float32) + 0.5) * (2 / side) - 1
    radius: Field = np.hypot(line[None], line[:, None])
    return radius


def _expose(light: Picture, seen: Mask, style: Style, camera: Camera) -> Picture:
    """Fog and haze, then the gain that brings the metered level to the target, then a soft shoulder."""
    luminance = light[1, ::4, ::4] * np.float32(0.6) + light[0, ::4, ::4] * np.float32(0.4)
    metered = float(np.percentile(luminance[seen[::4, ::4]], METERED).mean())
    target = style.exposure
    picture = light * np.float32(target * camera.over / max(metered, 0.05))
    veil = picture[:, ::4, ::4][:, seen[::4, ::4]].mean(1)  # of the picture's own colour: dark depths are not black
    picture += (veil[:, None, None] - picture) * np.float32(style.haze)
    if camera.fog > 0:
        picture += (np.float32(0.7 * target) - picture) * np.float32(camera.fog)
    over = np.maximum(picture - np.float32(SHOULDER), 0)
    room = np.float32(1.02 - SHOULDER)
    exposed: Picture = np.minimum(picture, np.float32(SHOULDER)) + over * room * np.float32(1.25) / (over + room)
    return exposed


def _grade(picture: Picture, style: Style) -> Picture:
    grey = picture.mean(0)
    saturated = grey + (picture - grey) * np.float32(style.saturation)
    balance = np.array([1 + style.warmth + style.pink / 2, 1 - style.pink, 1 - style.warmth + style.pink], np.float32)
    graded = np.clip(saturated * balance[:, None, None], 0, 1.2)
    if abs(style.contrast - 1) > 0.04:
        graded = graded ** np.float32(style.contrast)
    return np.asarray(graded, np.float32)


def _focus(image: Image.Image, style: Style, camera: Camera) -> Image.Image:
    pixels = (style.focus / 100 + camera.focus) * image.width / 2
    return image.filter(ImageFilter.GaussianBlur(pixels)) if pixels > 0.25 else image


def _move(image: Image.Image, camera: Camera) -> Image.Image:
    """The mean of the picture at a few places along the movement."""
    reach = image.width / 2
    right, down = camera.motion_x * reach, camera.motion_y * reach
    steps = min(9, int(np.hypot(right, down)) + 1)
    for n in range(1, steps):
        moved = (1, 0, right * n / steps, 0, 1, down * n / steps)
        shifted = image.transform(image.size, Image.Transform.AFFINE, moved, Image.Resampling.BILINEAR)
        image = Image.blend(image, shifted, 1 / (n + 1))
    return image


def _opening(radius: Field, camera: Camera) -> Field:
    """1 inside the field of view, 0 outside; the notch is a small spike of picture beyond the rim."""
    side = radius.shape[0]
    rim: Field = np.full_like(radius, camera.disc)
    if camera.notch is not None:
        line = (np.arange(side, dtype=np.float32) + 0.5) * (2 / side) - 1
        away = line[None] * np.float32(np.cos(camera.notch)) + line[:, None] * np.float32(np.sin(camera.notch))
        across = line[:, None] * np.float32(np.cos(camera.notch)) - line[None] * np.float32(np.sin(camera.notch))
        rim += np.clip(np.float32(0.045) - np.abs(across), 0, 1) * (away > 0)
    return np.clip((rim - radius) * np.float32(side / 2) + np.float32(0.5), 0, 1)


def _paste(frame: Picture, disc: Picture, camera: Camera) -> None:
    """Put the disc in the frame; what juts out is cut off."""
    height, width, side = frame.shape[0], frame.shape[1], disc.shape[0]
    left = round((width - side) / 2 + camera.centre_x * side / 2)
    top = round((height - side) / 2 + camera.centre_y * side / 2)
    y_0, y_1 = max(0, top), min(height, top + side)
    x_0, x_1 = max(0, left), min(width, left + side)
    part = frame[y_0:y_1, x_0:x_1]
    np.maximum(part, disc[y_0 - top : y_1 - top, x_0 - left : x_1 - left], out=part)


def _add_noise(frame: Picture, strength: float, draw: Draw) -> None:
    """Sensor noise, a little of it in colour; taken from a bank, so that it costs nothing."""
    height, width = frame.shape[:2]
    noise = pixel_noise(height)
    for amount, channels in ((1.0, slice(0, 3)), (0.4, slice(0, 1)), (0.5, slice(2, 3))):
        field = draw.pick(noise)
        top, left = draw.below(field.shape[0] - height), draw.below(field.shape[1] - width)
        frame[..., channels] += field[top : top + height, left : left + width, None] * np.float32(
            strength * 255 * amount
        )
