"""Metadata planted in image files is nowhere in what is kept, and the pixels are the same bit for bit."""

from __future__ import annotations

import io
import struct
import time
import warnings
import zlib
from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image, PngImagePlugin

from core.errors import ImageError
from core.imaging import load_image
from core.scrub import MAX_SCANS, Scrubbed, scrub_jpeg, scrub_png, scrub_webp
from tests.conftest import picture

SECRET = b"Nguyen-Thi-Secret-1970"
TEXT = SECRET.decode()
XMP = b"<x:xmpmeta xmlns:x='adobe:ns:meta/'>" + SECRET + b"</x:xmpmeta>"


def secret_exif() -> Image.Exif:
    """EXIF with a name, a comment and a place."""
    exif = Image.Exif()
    exif[0x010E] = exif[0x013B] = TEXT
    exif.get_ifd(0x8769)[0x9286] = b"ASCII\0\0\0" + SECRET
    exif.get_ifd(0x8825).update({1: "N", 2: (21.0, 1.0, 42.5), 3: "E", 4: (105.0, 51.0, 12.5), 29: TEXT})
    return exif


def secret_profile() -> bytes:
    """Bytes that are no profile: kept nowhere, whatever they are."""
    return b"profile of " + SECRET


def encoded(image: Image.Image, form: str, **options: object) -> bytes:
    file = io.BytesIO()
    image.save(file, form, **options)
    return file.getvalue()


def pixels(data: bytes) -> np.ndarray:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Pillow warns of the planted MPF segment
        return np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))


def segment(marker: int, body: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(body) + 2) + body


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def jpeg(**options: object) -> bytes:
    """A JPEG with a secret wherever one fits: EXIF, GPS, XMP, IPTC, comment, profile, thumbnails, MPF, its end."""
    data = encoded(picture(1), "JPEG", exif=secret_exif(), comment=SECRET, icc_profile=secret_profile(), **options)
    thumbnail = (SECRET * 4)[: 3 * 4 * 5]
    jfif = segment(0xE0, b"JFIF\0\1\2\0\0\1\0\1" + bytes((4, 5)) + thumbnail)
    planted = [
        segment(0xE0, b"JFXX\0\x10" + SECRET),
        segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0" + XMP),
        segment(0xED, b"Photoshop 3.0\x008BIM\x04\x04\0\0" + SECRET),
        segment(0xE2, b"MPF\0" + SECRET),
        segment(0xEE, b"Adobe\0\x64\0\0\0\0\1" + SECRET),
        segment(0xEB, SECRET),
        segment(0xFE, SECRET),
    ]
    start = data[:2] + jfif + b"".join(planted)
    rest = data[2:].removeprefix(data[2 : 4 + int.from_bytes(data[4:6], "big")])  # without the JFIF it had
    between_scans = rest.rfind(b"\xff\xda")
    return (
        start + rest[:between_scans] + segment(0xFE, SECRET) + rest[between_scans:] + SECRET + b"PK\3\4" + jpeg_tail()
    )


def jpeg_tail() -> bytes:
    return encoded(picture(9), "JPEG", comment=SECRET)


def png_file() -> bytes:
    """A PNG with a secret wherever one fits."""
    info = PngImagePlugin.PngInfo()
    info.add_text("Comment", TEXT)
    info.add_text("Author", TEXT, zip=True)
    info.add_itxt("XML:com.adobe.xmp", XMP.decode())
    data = encoded(picture(1), "PNG", pnginfo=info, exif=secret_exif(), icc_profile=secret_profile(), dpi=(72, 72))
    planted = [
        chunk(b"tIME", SECRET[:7]),
        chunk(b"sRGB", b"\0" + SECRET),
        chunk(b"gAMA", SECRET[:4]),
        chunk(b"PLTE", (SECRET * 3)[:48]),
        chunk(b"prVt", SECRET),
        chunk(b"cHRM", (SECRET * 2)[:32]),
    ]
    end = data.rfind(b"IEND") - 4
    return data[:33] + b"".join(planted) + data[33:end] + chunk(b"tEXt", b"Late\0" + SECRET) + data[end:] + SECRET


def webp(**options: object) -> bytes:
    data = encoded(picture(1), "WEBP", exif=secret_exif(), xmp=XMP, icc_profile=secret_profile(), **options)
    body = data[8:] + b"JUNK" + struct.pack("<I", len(SECRET)) + SECRET
    return b"RIFF" + struct.pack("<I", len(body)) + body + SECRET


CASES: list[tuple[str, Callable[[], bytes]]] = [
    ("jpg", jpeg),
    ("jpg", lambda: jpeg(progressive=True)),
    ("jpg", lambda: jpeg(subsampling=0, restart_marker_blocks=2)),
    ("png", png_file),
    ("webp", webp),
    ("webp", lambda: webp(lossless=True)),
]


@pytest.mark.parametrize(("extension", "make"), CASES)
def test_secrets_are_gone_and_pixels_are_not_touched(extension: str, make: Callable[[], bytes]) -> None:
    data = make()
    assert data.count(SECRET) >= 3
    safe = load_image(data)
    assert safe.extension == extension
    assert SECRET not in safe.data
    assert not [mark for mark in (b"Exif", b"xmp", b"ICC", b"Photoshop", b"MPF", b"JFXX") if mark in safe.data]
    assert np.array_equal(pixels(safe.data), pixels(data))
    assert np.array_equal(np.asarray(safe.rgb), pixels(data))
    assert load_image(safe.data).data == safe.data


@pytest.mark.parametrize(
    "data",
    [
        encoded(picture(2), "TIFF", description=TEXT, artist=TEXT, exif=secret_exif()),
        encoded(picture(2), "GIF", comment=SECRET),
        encoded(picture(2), "BMP") + SECRET,
        encoded(picture(2).convert("RGBA"), "PNG", exif=secret_exif()),
        encoded(picture(2).convert("CMYK"), "JPEG", exif=secret_exif(), comment=SECRET),
    ],
)
def test_secrets_do_not_survive_a_conversion(data: bytes) -> None:
    assert SECRET in data
    safe = load_image(data)
    assert SECRET not in safe.data
    assert safe.rgb.info == {}


def test_a_long_scan_is_kept_bit_for_bit() -> None:
    noise = Image.fromarray(np.random.default_rng(0).integers(0, 256, (200, 200, 3), dtype=np.uint8))
    data = encoded(noise, "JPEG", quality=98)
    scan = data[data.rfind(b"\xff\xda") :]
    assert scrub_jpeg(data).data.endswith(scan)
    assert b"\xff\x00" in scan


def test_reads_what_it_drops() -> None:
    for scrub, data in [(scrub_jpeg, jpeg()), (scrub_png, png_file()), (scrub_webp, webp())]:
        exif = Image.Exif()
        exif[0x0112] = 6
        form = {scrub_jpeg: "JPEG", scrub_png: "PNG", scrub_webp: "WEBP"}[scrub]
        turned: Scrubbed = scrub(encoded(picture(3), form, exif=exif))
        assert (turned.orientation, turned.size) == (6, picture(3).size)
        assert scrub(data).icc_profile == secret_profile()


def test_scans_without_end_are_refused() -> None:
    data = encoded(picture(4), "JPEG", progressive=True)
    scan = data.rfind(b"\xff\xda")
    one = data[scan:-2]
    with pytest.raises(ImageError, match="the JPEG file is damaged"):
        scrub_jpeg(data[:scan] + one * (MAX_SCANS + 1) + b"\xff\xd9")


@pytest.mark.parametrize(
    ("scrub", "data"),
    [
        (scrub_jpeg, b"\xff\xd8" + b"\xff" * 3_000_000),
        (scrub_jpeg, b"\xff\xd8" + b"\xff\x00" * 1_500_000),
        (scrub_jpeg, b"\xff\xd8" + b"\xff\xfe\x00\x02" * 250_000),
        (scrub_jpeg, b"\xff\xd8" + b"\xff\xda\x00\x02\x00" * 200_000),
        (scrub_png, b"\x89PNG\r\n\x1a\n" + b"\0\0\0\0IDAT\x35\xaf\x06\x1e" * 250_000),
        (scrub_webp, b"RIFF" + struct.pack("<I", 2_000_004) + b"WEBP" + b"EXIF\0\0\0\0" * 250_000),
    ],
)
def test_hostile_files_are_refused_in_linear_time(scrub: Callable[[bytes], Scrubbed], data: bytes) -> None:
    started = time.perf_counter()
    with pytest.raises(ImageError):
        scrub(data)
    assert time.perf_counter() - started < 5


@pytest.mark.parametrize(
    "exif",
    [
        b"II*\0\xff\xff\xff\xff",
        b"II*\0\x08\0\0\0\xff\xff",
        b"MM\0*\0\0\0\x08\0\x01\x01\x12\0\x04\0\0\0\x01\0\0\0\x06",  # a number of the wrong kind
        b"MM\0*",
        b"",
    ],
)
def test_a_broken_exif_block_says_nothing(exif: bytes) -> None:
    data = encoded(picture(5), "JPEG")
    assert scrub_jpeg(data[:2] + segment(0xE1, b"Exif\0\0" + exif) + data[2:]).orientation == 1


def test_a_profile_that_grows_without_end_is_not_unpacked() -> None:
    data = encoded(picture(5), "PNG")
    bomb = chunk(b"iCCP", b"bomb\0\0" + zlib.compress(b"\0" * 50_000_000, 9))
    safe = load_image(data[:33] + bomb + data[33:])
    assert safe.notes == ("its colour profile is broken or of another kind, and was ignored",)
