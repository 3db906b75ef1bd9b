"""Untrusted bytes to a safe image: what is refused and why, what is converted, what is kept bit for bit."""

from __future__ import annotations

import contextlib
import io
import struct
import warnings
import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms

from core.errors import ImageError
from core.imaging import Limits, SafeImage, load_image, mirror, pixel_hash, thumbnail
from tests.conftest import picture, png


def encoded(image: Image.Image, form: str, **options: object) -> bytes:
    file = io.BytesIO()
    image.save(file, form, **options)
    return file.getvalue()


def pixels(data: bytes) -> np.ndarray:
    with Image.open(io.BytesIO(data)) as image:
        return np.asarray(image.convert("RGB"))


def check_kept(safe: SafeImage) -> None:
    """What holds for every image taken in: the file kept decodes to exactly the pixels that are searched."""
    assert safe.rgb.mode == "RGB"
    assert np.array_equal(pixels(safe.data), np.asarray(safe.rgb))
    assert safe.pixel_sha256 == pixel_hash(safe.rgb)
    with Image.open(io.BytesIO(safe.data)) as kept:
        assert (kept.format or "").lower().replace("jpeg", "jpg") == safe.extension
        assert not {"exif", "icc_profile", "xmp", "comment", "Comment"} & set(kept.info)
    again = load_image(safe.data)
    assert (again.data, again.pixel_sha256, again.notes) == (safe.data, safe.pixel_sha256, ())


def png_header(width: int, height: int) -> bytes:
    """A PNG file that claims a size and holds no pixels."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    parts = (chunk(b"IHDR", header), chunk(b"IDAT", zlib.compress(b"\0" * 1000)), chunk(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def oriented(orientation: int) -> Image.Exif:
    exif = Image.Exif()
    exif[0x0112] = orientation
    return exif


PNG = png(picture(1))
JPEG = encoded(picture(1), "JPEG", quality=90)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "the file is empty"),
        (b"patient,label\n1,ear-left\n", "this is no image but text; give"),
        ("Bệnh nhân".encode(), "this is no image but text; give"),
        (b"\x00\x01\x02\x03", "begins with the bytes 00 01 02 03"),
        (b"%PDF-1.7 ...", "a PDF document, which is not taken; export it as PNG"),
        (b"\0" * 128 + b"DICM", "a DICOM file"),
        (b"\0\0\0\x20ftypheic", "a HEIC photograph"),
        (PNG[: len(PNG) // 2], "the PNG file is truncated"),
        (PNG[:-12], "the PNG file is truncated"),
        (PNG[:20], "the PNG file is truncated"),
        (JPEG[: len(JPEG) // 2], "the JPEG file is truncated"),
        (JPEG[:-2], "the JPEG file is truncated"),
        (JPEG[:100], "the JPEG file is truncated"),
        (encoded(picture(1), "WEBP")[:-40], "the WebP file is truncated"),
        (encoded(picture(1), "GIF")[:300], "the GIF file is"),
        (encoded(picture(1), "TIFF")[:300], "the TIFF file is"),
        (encoded(picture(1), "BMP")[:300], "the BMP file is truncated"),
        (PNG[:60] + bytes([PNG[60] ^ 1]) + PNG[61:], "the PNG file is damaged"),
        (png_header(64, 64), "the PNG file is truncated"),
        (png_header(100_000, 100_000), "100000 x 100000 pixels are more than the 64,000,000 allowed"),
        (png_header(12_000, 12_000), "12000 x 12000 pixels are more than"),  # where Pillow would only warn
        (png(picture(1, (15, 400))), "15 x 400 pixels are too few, 16 are needed each way"),
        (encoded(Image.new("F", (20, 20)), "TIFF"), "floating-point numbers"),
        (encoded(Image.new("I", (20, 20)), "TIFF"), "32-bit whole numbers"),
        (encoded(Image.new("LAB", (20, 20)), "TIFF"), "LAB colours"),
        (encoded(picture(1), "PPM"), "this is no image"),
    ],
)
def test_refuses_with_a_reason(data: bytes, reason: str) -> None:
    with pytest.raises(ImageError, match=reason.replace(".", r"\.").replace("(", r"\(")):
        load_image(data)


def test_limits_are_asked_before_anything_is_decoded() -> None:
    with pytest.raises(ImageError, match=r"has 100 bytes, 99 are allowed; export it smaller, or raise ENT_MAX_BYTES"):
        load_image(b"\0" * 100, Limits(max_bytes=99))
    for form in ("PNG", "JPEG", "WEBP", "TIFF", "BMP", "GIF"):
        data = encoded(picture(1), form)
        with pytest.raises(ImageError, match="64 x 48 pixels are more than the 3,071 allowed"):
            load_image(data, Limits(max_pixels=3071))
        assert load_image(data, Limits(max_pixels=3072)).rgb.size == (64, 48)


def test_a_second_header_does_not_smuggle_a_bomb_past_the_first() -> None:
    small, large = png(picture(1)), png_header(100_000, 100_000)
    with pytest.raises(ImageError, match="100000 x 100000 pixels are more"):
        load_image(small[:33] + large[8:33] + small[33:])


def test_an_image_beyond_pillows_own_limit_is_taken_where_ours_allows_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 2000)  # 3072 pixels: warned of
    for form in ("PNG", "JPEG", "WEBP", "TIFF", "BMP", "GIF"):
        assert load_image(encoded(picture(1), form)).rgb.size == (64, 48)
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 1000)  # refused
    for form in ("PNG", "JPEG", "BMP", "GIF"):
        assert load_image(encoded(picture(1), form)).rgb.size == (64, 48)
    for form in ("WEBP", "TIFF"):
        with pytest.raises(ImageError, match="too many pixels for its format; export it smaller or as PNG"):
            load_image(encoded(picture(1), form))


@pytest.mark.parametrize(
    ("form", "extension", "image", "options"),
    [
        ("PNG", "png", picture(2), {}),
        ("PNG", "png", picture(2).convert("L"), {}),
        ("JPEG", "jpg", picture(2), {"quality": 80}),
        ("JPEG", "jpg", picture(2), {"quality": 80, "progressive": True, "subsampling": 0}),
        ("JPEG", "jpg", picture(2), {"quality": 80, "restart_marker_blocks": 3}),
        ("JPEG", "jpg", picture(2).convert("L"), {"quality": 80}),
        ("JPEG", "jpg", picture(2), {"keep_rgb": True}),
        ("WEBP", "webp", picture(2), {"quality": 80}),
        ("WEBP", "webp", picture(2), {"lossless": True}),
    ],
)
def test_keeps_the_file_itself_where_it_needs_no_change(
    form: str, extension: str, image: Image.Image, options: dict[str, object]
) -> None:
    data = encoded(image, form, **options)
    safe = load_image(data)
    assert (safe.extension, safe.notes) == (extension, ())
    assert len(safe.data) <= len(data)
    assert np.array_equal(np.asarray(safe.rgb), pixels(data))
    check_kept(safe)


def grey_16() -> Image.Image:
    return Image.fromarray(np.arange(64 * 48, dtype=np.uint16).reshape(48, 64) * 21)


def rgb_16_png() -> bytes:
    """A 16-bit RGB PNG, which Pillow reads but does not write."""
    values = (np.random.default_rng(0).integers(0, 65536, (48, 64, 3))).astype(">u2")
    rows = b"".join(b"\0" + row.tobytes() for row in values)
    plain = png_header(64, 48)
    parts = [(b"IHDR", struct.pack(">IIBBBBB", 64, 48, 16, 2, 0, 0, 0)), (b"IDAT", zlib.compress(rows)), (b"IEND", b"")]
    body = b"".join(struct.pack(">I", len(b)) + k + b + struct.pack(">I", zlib.crc32(k + b)) for k, b in parts)
    return plain[:8] + body


def half_clear() -> Image.Image:
    image = picture(3).convert("RGBA")
    image.paste((255, 0, 0, 0), (0, 0, 32, 48))
    return image


def palette_with_alpha() -> bytes:
    return encoded(half_clear().quantize(16, method=Image.Quantize.FASTOCTREE), "PNG")


def animated(form: str) -> bytes:
    return encoded(picture(4), form, save_all=True, append_images=[picture(5), picture(6)], duration=50)


@pytest.mark.parametrize(
    ("data", "note"),
    [
        (encoded(grey_16(), "PNG"), "16-bit greyscale, scaled to 8 bit"),
        (encoded(grey_16(), "TIFF"), "16-bit greyscale, scaled to 8 bit"),
        (rgb_16_png(), "16-bit colour, scaled to 8 bit"),
        (encoded(picture(3).convert("CMYK"), "JPEG", quality=95), "CMYK (printing inks)"),
        (encoded(picture(3).convert("CMYK"), "TIFF"), "CMYK (printing inks)"),
        (encoded(picture(3).quantize(16), "PNG"), "palette of colours, turned into RGB"),
        (palette_with_alpha(), "palette with transparency, laid on black"),
        (encoded(half_clear(), "PNG"), "transparency, laid on black"),
        (encoded(half_clear().convert("LA"), "PNG"), "transparency, laid on black"),
        (encoded(half_clear(), "WEBP"), "transparency, laid on black"),
        (encoded(half_clear(), "WEBP", lossless=True), "transparency, laid on black"),
        (encoded(half_clear(), "TIFF"), "transparency, laid on black"),
        (encoded(picture(3).convert("RGBA"), "PNG"), "transparency that is used nowhere, left out"),
        (encoded(picture(3).convert("1"), "PNG"), "black and white, turned into RGB"),
        (encoded(picture(3).convert("1"), "TIFF", compression="group4"), "black and white, turned into RGB"),
        (animated("GIF"), "several pictures in one file, of which the first is kept"),
        (animated("PNG"), "several pictures in one file, of which the first is kept"),
        (animated("WEBP"), "several pictures in one file, of which the first is kept"),
        (animated("TIFF"), "several pictures in one file, of which the first is kept"),
    ],
)
def test_converts_and_says_so(data: bytes, note: str) -> None:
    safe = load_image(data)
    assert any(note in text for text in safe.notes), safe.notes
    check_kept(safe)


def test_conversions_are_right() -> None:
    grey = np.asarray(load_image(encoded(grey_16(), "PNG")).rgb)
    assert np.array_equal(grey[..., 0], np.asarray(grey_16()) >> 8)
    clear = np.asarray(load_image(encoded(half_clear(), "PNG")).rgb)
    assert clear[:, :32].max() == 0
    assert np.array_equal(clear[:, 32:], np.asarray(picture(3))[:, 32:])
    first = np.asarray(load_image(animated("PNG")).rgb)
    assert np.array_equal(first, np.asarray(picture(4)))
    for form in ("TIFF", "BMP"):
        safe = load_image(encoded(picture(3), form))
        assert (safe.extension, safe.notes) == ("png", ())
        assert np.array_equal(np.asarray(safe.rgb), np.asarray(picture(3)))
    inks = load_image(encoded(picture(3).convert("CMYK"), "JPEG", quality=95)).rgb
    assert np.abs(np.asarray(inks, dtype=int) - np.asarray(picture(3), dtype=int)).mean() < 4


TURNED_BACK = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}


@pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP", "TIFF"])
@pytest.mark.parametrize("orientation", TURNED_BACK)
def test_turns_upright(form: str, orientation: int) -> None:
    stored = picture(5).transpose(TURNED_BACK[orientation])
    options: dict[str, object] = {"lossless": True} if form == "WEBP" else {}
    data = encoded(stored, form, exif=oriented(orientation), **options)
    safe = load_image(data)
    assert "turned upright, as its orientation tag says" in safe.notes
    assert safe.rgb.size == picture(5).size
    if form != "JPEG":
        assert np.array_equal(np.asarray(safe.rgb), np.asarray(picture(5)))
    check_kept(safe)


@pytest.mark.parametrize("orientation", [0, 1, 9, 60000])
def test_an_orientation_without_meaning_changes_nothing(orientation: int) -> None:
    safe = load_image(encoded(picture(5), "JPEG", exif=oriented(orientation)))
    assert (safe.extension, safe.notes) == ("jpg", ())


def wide_gamut() -> bytes:
    """An RGB profile that is not sRGB: the same one with its red and blue swapped."""
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    return profile.replace(b"rXYZ", b"????", 1).replace(b"bXYZ", b"rXYZ", 1).replace(b"????", b"bXYZ", 1)


@pytest.mark.parametrize(("form", "extension"), [("PNG", "png"), ("JPEG", "jpg"), ("WEBP", "webp")])
def test_colour_profiles(form: str, extension: str) -> None:
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    plain = load_image(encoded(picture(6), form))
    same = load_image(encoded(picture(6), form, icc_profile=srgb))
    assert (same.extension, same.notes, same.data) == (extension, (), plain.data)
    other = load_image(encoded(picture(6), form, icc_profile=wide_gamut()))
    assert other.notes == ("colours converted to sRGB by the embedded colour profile",)
    assert not np.array_equal(np.asarray(other.rgb), np.asarray(plain.rgb))
    check_kept(other)
    broken = load_image(encoded(picture(6), form, icc_profile=b"no profile" * 20))
    assert broken.notes == ("its colour profile is broken or of another kind, and was ignored",)
    assert broken.data == plain.data


def test_grey_profile_on_a_grey_image_and_an_rgb_one_on_inks() -> None:
    rgb_profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    inks = load_image(encoded(picture(6).convert("CMYK"), "JPEG", icc_profile=rgb_profile))
    assert any("ignored" in note for note in inks.notes)
    assert any("CMYK" in note for note in inks.notes)
    check_kept(inks)


def test_pixels_have_the_same_hash_in_whatever_file() -> None:
    hashes = {load_image(encoded(picture(7), form)).pixel_sha256 for form in ("PNG", "TIFF", "BMP")}
    hashes.add(load_image(encoded(picture(7), "WEBP", lossless=True)).pixel_sha256)
    assert len(hashes) == 1
    other_shape = Image.frombytes("RGB", (48, 64), picture(7).tobytes())
    assert pixel_hash(other_shape) != pixel_hash(picture(7))


def test_thumbnail_and_mirror() -> None:
    for size, expected in [((640, 480), (256, 192)), ((100, 50), (100, 50)), ((16, 4000), (1, 256))]:
        with Image.open(io.BytesIO(thumbnail(picture(8, size)))) as small:
            assert (small.format, small.size) == ("WEBP", expected)
    assert np.array_equal(np.asarray(mirror(picture(8))), np.asarray(picture(8))[:, ::-1])


def test_reads_broken_tiffs_in_many_threads_without_a_warning() -> None:
    good = encoded(picture(9), "TIFF", software="x" * 50)
    broken = good.replace(
        b"\x31\x01\x02\x00\x33\x00\x00\x00", b"\x31\x01\x02\x00\xff\xff\x00\x00"
    )  # tag beyond the end
    assert broken != good
    before = list(warnings.filters)
    with ThreadPoolExecutor(4) as pool:
        images = list(pool.map(load_image, [broken] * 40))
    assert warnings.filters == before
    assert {image.pixel_sha256 for image in images} == {pixel_hash(picture(9))}


SAMPLES: dict[str, bytes] = {
    "png": encoded(picture(10, (40, 32)), "PNG"),
    "palette": encoded(picture(10, (40, 32)).quantize(8), "PNG"),
    "jpeg": encoded(picture(10, (40, 32)), "JPEG", exif=oriented(6), comment=b"hello"),
    "progressive": encoded(picture(10, (40, 32)), "JPEG", progressive=True),
    "webp": encoded(picture(10, (40, 32)), "WEBP", exif=oriented(3)),
    "lossless": encoded(picture(10, (40, 32)), "WEBP", lossless=True),
    "alpha": encoded(half_clear(), "WEBP"),
    "moving": animated("WEBP"),
    "gif": animated("GIF"),
    "tiff": encoded(picture(10, (40, 32)), "TIFF", compression="tiff_lzw"),
    "bmp": encoded(picture(10, (40, 32)), "BMP"),
}


@settings(max_examples=400, deadline=None, derandomize=True, database=None)
@given(
    name=st.sampled_from(sorted(SAMPLES)),
    cut=st.floats(0, 1),
    flips=st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(1, 255)), max_size=6),
    front=st.booleans(),
)
def test_damaged_files_raise_nothing_but_image_errors(
    name: str, cut: float, flips: list[tuple[float, int]], front: bool
) -> None:
    data = bytearray(SAMPLES[name])
    reach = min(len(data), 120) if front else len(data)  # headers are where damage does most
    for where, change in flips:
        data[int(where * reach)] ^= change
    if cut < 0.5:
        del data[int(cut * 2 * len(data)) :]
    with contextlib.suppress(ImageError):
        safe = load_image(bytes(data), Limits(max_pixels=1_000_000))
        assert np.array_equal(pixels(safe.data), np.asarray(safe.rgb))


def test_real_images_are_kept_to_the_pixel(real_images: Path) -> None:
    files = sorted((real_images / "entrep_sample").glob("*/*.png"))[::6]
    files += sorted((real_images / "vocalfolds").glob("*/*/*.jpg"))[::40]
    for path in files:
        data = path.read_bytes()
        safe = load_image(data)
        assert (safe.notes, "." + safe.extension) == ((), path.suffix)
        assert np.array_equal(np.asarray(safe.rgb), pixels(data))
