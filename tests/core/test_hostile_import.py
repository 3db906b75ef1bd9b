"""A folder of everything that can be wrong with an image, taken in at once: each with its reason, the rest imported."""

from __future__ import annotations

import io
import os
import re
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, PngImagePlugin

from core.library import Library
from tests.conftest import picture, png
from tests.core.test_ingest import ingest

SECRET = "Mme-Dupont-1957-Hanoi"
GPS = {1: "N", 2: (21.0, 1.0, 2.0), 3: "E", 4: (105.0, 50.0, 7.0), 29: SECRET}


def saved(image: Image.Image, form: str, **options: object) -> bytes:
    file = io.BytesIO()
    image.save(file, form, **options)
    return file.getvalue()


def bomb() -> bytes:
    """A PNG of a few hundred bytes that claims 50 000 x 50 000 pixels."""
    header = struct.pack(">IIBBBBB", 50_000, 50_000, 8, 2, 0, 0, 0)
    chunks = [(b"IHDR", header), (b"IDAT", zlib.compress(bytes(10_000))), (b"IEND", b"")]
    body = b"".join(struct.pack(">I", len(d)) + k + d + struct.pack(">I", zlib.crc32(k + d)) for k, d in chunks)
    return b"\x89PNG\r\n\x1a\n" + body


def animated() -> bytes:
    return saved(picture(30), "GIF", save_all=True, append_images=[picture(31)])


REFUSED: dict[str, tuple[Callable[[], bytes], str]] = {
    "empty.png": (lambda: b"", "empty"),
    "text.png": (lambda: b"Dear colleague, the image is on the other disk.", "no image"),
    "cut.png": (lambda: png(picture(40))[:-400], "damaged|cut|truncated|incomplete"),
    "cut.jpg": (lambda: saved(picture(41), "JPEG")[:-300], "damaged|cut|truncated|incomplete"),
    "bomb.png": (bomb, "pixels"),
    "tiny.png": (lambda: png(picture(42, (5, 4))), "too few"),
}
TAKEN: dict[str, Callable[[], bytes]] = {
    "cmyk.jpg": lambda: saved(picture(20).convert("CMYK"), "JPEG"),
    "deep.png": lambda: saved(Image.fromarray(np.arange(64 * 48, dtype=np.uint16).reshape(48, 64) * 20), "PNG"),
    "palette.png": lambda: saved(picture(21).quantize(16), "PNG", transparency=3),
    "animated.gif": animated,
    "turned.jpg": lambda: saved(picture(22), "JPEG", exif=orientation(6)),
    "huge.png": lambda: png(picture(23, (5000, 4000))),
}
ODD_NAMES = ("-rf.png", "a\nb.png", "πνεῦμα 👂.png", "x" * 200 + ".png", "semi;colon&amp<b>.png")


def orientation(value: int) -> Image.Exif:
    exif = Image.Exif()
    exif[0x0112] = value
    return exif


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("hostile")
    for name, (make, _) in REFUSED.items():
        (root / name).write_bytes(make())
    for name, make_taken in TAKEN.items():
        (root / name).write_bytes(make_taken())
    for number, name in enumerate(ODD_NAMES):
        (root / name).write_bytes(png(picture(50 + number)))
    Path(os.fsdecode(os.fsencode(str(root)) + b"/caf\xe9.png")).write_bytes(png(picture(60)))
    (root / "throat").mkdir()
    (root / "throat" / "good.png").write_bytes(png(picture(70)))
    (root / "outside.png").symlink_to("/etc/hostname")
    return root


def test_each_bad_file_has_its_reason_and_the_rest_is_taken_in(library: Library, hostile: Path) -> None:
    report = ingest(library, hostile)
    reasons = {failure.path: failure.reason for failure in report.failures}
    assert set(reasons) == {*REFUSED, "outside.png"}
    for name, (_, said) in REFUSED.items():
        assert re.search(said, reasons[name]), (name, reasons[name])
    assert "outside" in reasons["outside.png"]
    assert report.added == len(TAKEN) + len(ODD_NAMES) + 2
    assert library.verify().problems == ()
    notes = {note.path: note.reason for note in report.notes}
    assert {"cmyk.jpg", "deep.png", "palette.png", "animated.gif", "turned.jpg"} <= set(notes)
    turned = next(case for case in library.catalog.cases() if case.filename == "turned.jpg")
    assert (turned.width, turned.height) == (48, 64)


def test_what_is_planted_in_a_file_is_nowhere_in_the_library(library: Library, tmp_path: Path) -> None:
    source = tmp_path / "source" / "throat"
    source.mkdir(parents=True)
    exif = Image.Exif()
    exif[0x010E] = exif[0x013B] = SECRET
    exif.get_ifd(0x8825).update(GPS)
    text = PngImagePlugin.PngInfo()
    text.add_text("Comment", SECRET)
    text.add_itxt("XML:com.adobe.xmp", SECRET, zip=False)
    xmp = f"<x:xmpmeta>{SECRET}</x:xmpmeta>".encode()
    planted = {
        "a.png": saved(picture(1), "PNG", pnginfo=text, exif=exif) + SECRET.encode(),
        "b.jpg": saved(picture(2), "JPEG", exif=exif, xmp=xmp, comment=SECRET) + SECRET.encode(),
        "c.webp": saved(picture(3), "WEBP", lossless=True, exif=exif.tobytes(), xmp=xmp),
        "d.tif": saved(picture(4), "TIFF", tiffinfo={270: SECRET}),
        "e.jpg": saved(picture(5), "JPEG", progressive=True, exif=exif, comment=SECRET),
    }
    for name, data in planted.items():
        (source / name).write_bytes(data)
        assert SECRET.encode() in data
    report = ingest(library, tmp_path / "source")
    assert (report.added, report.failed) == (5, 0)
    for path in (path for path in library.root.rglob("*") if path.is_file()):
        data = path.read_bytes()
        assert SECRET.encode() not in data, path
        assert SECRET.encode("utf-16-le") not in data, path
    for case in library.catalog.cases():
        original = Image.open(io.BytesIO(planted[Path(case.filename).name])).convert("RGB")
        stored = Image.open(io.BytesIO(library.image_bytes(case)))
        assert not stored.getexif()
        assert np.array_equal(np.asarray(stored.convert("RGB")), np.asarray(original)), case.filename
