"""Whatever colours a decoded image has, as 8-bit sRGB: depth, palette, transparency, printing inks, profiles."""

from __future__ import annotations

import io
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from PIL import Image, ImageCms

from core.errors import ImageError

AS_THEY_ARE = ("RGB", "L")
CONVERSIONS = {
    "1": "black and white, turned into RGB",
    "P": "palette of colours, turned into RGB",
    "CMYK": "CMYK (printing inks) without a usable colour profile, turned into RGB",
    "YCbCr": "YCbCr colours, turned into RGB",
    "RGBX": "unused fourth channel, left out",
}
"""Modes that Pillow turns into RGB well enough, and what people are told."""
IMPERCEPTIBLE = 2
"""Levels of 255 that a profile may move any colour and still count as sRGB: profiles differ in how they round."""


@dataclass(frozen=True)
class Converted:
    """An RGB image. `changes` say which conversions altered pixels or channels, `remarks` what else is to be known."""

    rgb: Image.Image
    changes: tuple[str, ...]
    remarks: tuple[str, ...]


def to_srgb(image: Image.Image, icc_profile: bytes | None = None, deep: bool = False) -> Converted:
    """A decoded image as 8-bit sRGB, transparent parts on black.

    `deep` says that the file had more than 8 bits a channel, which Pillow scales down itself for colour images.
    Raises ImageError for numbers that are no colours (32-bit, floating point) and colour spaces that are not taken.
    """
    changes: list[str] = []
    remarks: list[str] = []
    if image.mode.startswith("I;16"):
        image = Image.fromarray((np.asarray(image) >> 8).astype(np.uint8))
        changes.append("16-bit greyscale, scaled to 8 bit")
    elif deep:
        changes.append("16-bit colour, scaled to 8 bit")
    if image.has_transparency_data:
        image, change = _on_black(image)
        changes.append(change)
    elif image.mode not in AS_THEY_ARE and not (image.mode == "CMYK" and icc_profile):
        changes.append(_conversion(image.mode))
        image = image.convert("RGB")
    if icc_profile:
        try:
            converted = _through_profile(image, icc_profile)
        except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
            remarks.append("its colour profile is broken or of another kind, and was ignored")
        else:
            if converted is not None:
                image = converted
                changes.append("colours converted to sRGB by the embedded colour profile")
    if image.mode == "CMYK":
        changes.append(CONVERSIONS["CMYK"])
    return Converted(image.convert("RGB"), tuple(changes), tuple(remarks))


def _conversion(mode: str) -> str:
    if mode in CONVERSIONS:
        return CONVERSIONS[mode]
    numbers = {"I": "32-bit whole numbers", "F": "floating-point numbers"}.get(mode, f"{mode} colours")
    raise ImageError(f"the image holds {numbers}, which are not taken; export it as 8-bit RGB or greyscale")


def _on_black(image: Image.Image) -> tuple[Image.Image, str]:
    palette = image.mode in ("P", "PA")
    rgba = image.convert("RGBA")
    alpha = rgba.getchannel("A")
    black = Image.new("RGB", image.size)
    black.paste(rgba, mask=alpha)
    if alpha.getextrema() == (255, 255):
        return black, f"{'palette with ' if palette else ''}transparency that is used nowhere, left out"
    return black, f"{'palette with ' if palette else ''}transparency, laid on black"


def _through_profile(image: Image.Image, profile: bytes) -> Image.Image | None:
    """The image in sRGB; None where the profile is sRGB or as good as."""
    if image.mode != "CMYK" and _is_srgb(profile, image.mode):
        return None
    return ImageCms.applyTransform(image, _transform(profile, image.mode))


def _transform(profile: bytes, mode: str) -> ImageCms.ImageCmsTransform:
    source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
    return ImageCms.buildTransform(source, ImageCms.createProfile("sRGB"), mode, "RGB")


@lru_cache(maxsize=8)
def _is_srgb(profile: bytes, mode: str) -> bool:
    """Whether the profile moves no colour visibly: tried on all greys, or on a grid of colours."""
    levels = np.arange(0, 256, 17, dtype=np.uint8)
    if mode == "L":
        sample = Image.fromarray(np.arange(256, dtype=np.uint8)[None])
    else:
        grid = np.stack(np.meshgrid(levels, levels, levels), axis=-1)
        sample = Image.fromarray(grid.reshape(16, 256, 3))
    moved = ImageCms.applyTransform(sample, _transform(profile, mode))
    difference = np.asarray(moved, dtype=np.int16) - np.asarray(sample.convert("RGB"), dtype=np.int16)
    return int(np.abs(difference).max()) <= IMPERCEPTIBLE
