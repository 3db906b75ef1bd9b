"""Untrusted bytes to a safe RGB image; mirror, thumbnail and hashes."""

from __future__ import annotations

import hashlib
import io
import threading
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

from PIL import Image
from PIL.BmpImagePlugin import BmpImageFile
from PIL.GifImagePlugin import GifImageFile
from PIL.ImageFile import ImageFile
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile
from PIL.TiffImagePlugin import TiffImageFile
from PIL.WebPImagePlugin import WebPImageFile

from core.colour import to_srgb
from core.errors import ImageError
from core.scrub import Scrubbed, scrub_jpeg, scrub_png, scrub_webp

Decoder: TypeAlias = Callable[[io.BytesIO], ImageFile]

# Decoders are named one by one: no other one of Pillow's ever sees these bytes, and Pillow's own limit on pixels,
# which is global to the process, stays out of the way of ours.
KEPT: Mapping[str, tuple[Callable[[bytes], Scrubbed], Decoder, str]] = {
    "PNG": (scrub_png, PngImageFile, "png"),
    "JPEG": (scrub_jpeg, JpegImageFile, "jpg"),
    "WebP": (scrub_webp, WebPImageFile, "webp"),
}
CONVERTED: Mapping[str, Decoder] = {"TIFF": TiffImageFile, "GIF": GifImageFile, "BMP": BmpImageFile}
TAKEN = "PNG, JPEG, WebP, TIFF, BMP or GIF"

SIGNATURES = (
    (0, b"\x89PNG\r\n\x1a\n", "PNG"),
    (0, b"\xff\xd8\xff", "JPEG"),
    (8, b"WEBP", "WebP"),
    (0, b"II*\0", "TIFF"),
    (0, b"MM\0*", "TIFF"),
    (0, b"II+\0", "TIFF"),
    (0, b"MM\0+", "TIFF"),
    (0, b"GIF8", "GIF"),
    (0, b"BM", "BMP"),
    (128, b"DICM", "a DICOM file"),
    (0, b"%PDF", "a PDF document"),
    (0, b"PK\x03\x04", "a ZIP archive or office document"),
    (0, b"\xd0\xcf\x11\xe0", "an old office document"),
    (4, b"ftyphei", "a HEIC photograph"),
    (4, b"ftypavif", "an AVIF image"),
    (4, b"ftyp", "a video"),
    (8, b"AVI ", "a video"),
    (0, b"\0\0\0\x0cjP", "a JPEG 2000 image"),
    (0, b"8BPS", "a Photoshop document"),
    (0, b"\0\0\1\0", "an icon"),
    (0, b"<svg", "an SVG drawing"),
    (0, b"<!DOCTYPE", "a web page"),
    (0, b"<html", "a web page"),
)
TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_quiet_lock = threading.Lock()


@dataclass(frozen=True)
class Limits:
    """What an image may be at most: bytes of its file, pixels, longer side to shorter; at least: its shorter side."""

    max_bytes: int = 50_000_000
    max_pixels: int = 64_000_000
    min_side: int = 16
    max_aspect: float = 4.0


DEFAULT_LIMITS = Limits()


@dataclass(frozen=True)
class SafeImage:
    """An image fit to be kept: `rgb` is upright, sRGB, 8 bit; `data` a file without metadata that decodes to `rgb`.

    `extension` is png, jpg or webp. `pixel_sha256` is of size and pixels: the same picture in another file has the
    same one. `notes` say in words what was changed on the way in.
    """

    rgb: Image.Image
    data: bytes
    extension: str
    pixel_sha256: str
    notes: tuple[str, ...]

    @cached_property
    def sha256(self) -> str:
        """Of `data`; worked out when it is asked for, since a query never does."""
        return hashlib.sha256(self.data).hexdigest()


def load_image(data: bytes, limits: Limits = DEFAULT_LIMITS) -> SafeImage:
    """The image in a file's bytes, whatever its name says. Raises ImageError with the reason it cannot be taken."""
    form = _recognise(data, limits)
    image, file = _decode(data, form, limits)
    with _refusals(form):
        converted = to_srgb(image, file.icc_profile, file.deep)
    rgb, notes = converted.rgb, [*converted.changes, *converted.remarks]
    if file.orientation in TURNS:
        if form in KEPT:  # Pillow turns TIFFs itself
            rgb = rgb.transpose(TURNS[file.orientation])
        notes.append("turned upright, as its orientation tag says")
    if file.animated:
        notes.append("several pictures in one file, of which the first is kept")
    rgb.info.clear()
    if file.shown and not converted.changes and file.orientation == 1:
        kept, extension = file.data, KEPT[form][2]
    else:
        kept, extension = _png(rgb), "png"
    return SafeImage(rgb, kept, extension, pixel_hash(rgb), tuple(notes))


def mirror(rgb: Image.Image) -> Image.Image:
    """The image with left and right swapped."""
    return rgb.transpose(Image.Transpose.FLIP_LEFT_RIGHT)


def thumbnail(rgb: Image.Image, side: int = 256) -> bytes:
    """The whole frame as a small WebP file, its longest side `side` pixels (fewer where the image has fewer)."""
    scale = min(1.0, side / max(rgb.size))
    size = (max(1, round(rgb.width * scale)), max(1, round(rgb.height * scale)))
    small = rgb.resize(size, Image.Resampling.BILINEAR, reducing_gap=3.0)
    file = io.BytesIO()
    small.save(file, "WEBP", quality=80, method=1)
    return file.getvalue()


def pixel_hash(rgb: Image.Image) -> str:
    """SHA-256 of size and pixels of an RGB image: equal for the same picture in whatever file."""
    digest = hashlib.sha256(b"%d x %d " % rgb.size)
    digest.update(rgb.tobytes())
    return digest.hexdigest()


def check_file_size(size: int, limits: Limits) -> None:
    """Raises ImageError for a file of more bytes than allowed; asked before a file is read, too."""
    if size > limits.max_bytes:
        raise ImageError(
            f"the file has {size:,} bytes, {limits.max_bytes:,} are allowed; export it smaller, or raise ENT_MAX_BYTES"
        )


def _recognise(data: bytes, limits: Limits) -> str:
    """The format, by the first bytes."""
    if not data:
        raise ImageError("the file is empty; copy or export it again")
    check_file_size(len(data), limits)
    form = next((name for at, mark, name in SIGNATURES if data[at : at + len(mark)] == mark), None)
    if form in KEPT or form in CONVERTED:
        return str(form)
    if form is not None:
        raise ImageError(f"this is {form}, which is not taken; export it as {TAKEN}")
    if all(byte >= 32 or byte in b"\t\r\n" for byte in data[:40]):  # not quoted: it may be about a person
        raise ImageError(f"this is no image but text; give a file of {TAKEN}")
    raise ImageError(f"this is no image: it begins with the bytes {data[:8].hex(' ')}; give a file of {TAKEN}")


def _check_size(size: tuple[int, int], limits: Limits) -> None:
    width, height = size
    if width * height > limits.max_pixels:
        raise ImageError(
            f"{width} x {height} pixels are more than the {limits.max_pixels:,} allowed; "
            "export it smaller, or raise ENT_MAX_PIXELS"
        )
    if min(size) < limits.min_side:
        raise ImageError(
            f"{width} x {height} pixels are too few, {limits.min_side} are needed each way; "
            "give the image itself, not an icon or preview of it"
        )
    if max(size) > limits.max_aspect * min(size):  # an encoder enlarges the shorter side, and the longer with it
        raise ImageError(
            f"{width} x {height} pixels are too long and narrow, {limits.max_aspect:g} to 1 is the most; crop the image"
        )


def _decode(data: bytes, form: str, limits: Limits) -> tuple[ImageFile, Scrubbed]:
    """The decoded first picture, and its file: without metadata where such a file can be kept."""
    if form in KEPT:
        scrub, decoder, _ = KEPT[form]
        file = scrub(data)
        _check_size(file.size, limits)
        with _refusals(form):
            image = decoder(io.BytesIO(file.data))
            _check_size(image.size, limits)  # a second header may contradict the first
            image.load()
        return image, file
    with _refusals(form), _quietly():
        image = CONVERTED[form](io.BytesIO(data))
        _check_size(image.size, limits)
        tags = getattr(image, "tag_v2", {})
        depth, orientation = tags.get(258, (8,)), tags.get(274, 1)
        image.load()
        return image, Scrubbed(
            data=data,
            size=image.size,
            orientation=orientation if orientation in TURNS else 1,
            icc_profile=image.info.get("icc_profile"),
            animated=bool(getattr(image, "is_animated", False)),
            deep=max(depth) > 8,
            shown=False,
        )


@contextmanager
def _refusals(form: str) -> Iterator[None]:
    """Turns whatever Pillow raises on hostile bytes, which is nearly anything, into an ImageError."""
    try:
        yield
    except ImageError:
        raise
    except MemoryError as error:
        raise ImageError(f"there is not enough memory to decode this {form} file; export it smaller") from error
    except Image.DecompressionBombError as error:  # only from TIFF and WebP, and far above our usual limit
        raise ImageError(f"the {form} file has too many pixels for its format; export it smaller or as PNG") from error
    except Exception as error:
        what = "truncated: its end is missing" if "truncated" in str(error) else "damaged and cannot be decoded"
        raise ImageError(f"the {form} file is {what}; copy or export it again") from error


@contextmanager
def _quietly() -> Iterator[None]:
    """No warnings from Pillow's TIFF and GIF readers. One at a time: the list of filters belongs to the process."""
    with _quiet_lock, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _png(rgb: Image.Image) -> bytes:
    file = io.BytesIO()
    rgb.save(file, "PNG", compress_level=1)
    return file.getvalue()
