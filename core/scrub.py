"""Image files without their metadata: an allow-list of JPEG segments, PNG chunks and WebP chunks; pixels untouched."""

from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import NoReturn

from core.errors import ImageError

PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
PNG_KEPT = frozenset({b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND"})
"""sRGB says what is taken for granted without it; gAMA and cHRM would have browsers show other colours than Pillow."""

JPEG_SIZES = frozenset({*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC})
JPEG_KEPT = JPEG_SIZES | {0xC4, 0xCC, 0xDA, 0xDB, 0xDC, 0xDD}  # DHT DAC SOS DQT DNL DRI
JPEG_SHOWN = frozenset({0xC0, 0xC1, 0xC2})
"""The JPEG processes every browser shows: baseline, extended, progressive (all with Huffman codes)."""
JFIF = bytes.fromhex("ffe0 0010") + b"JFIF\0" + bytes.fromhex("0101 00 0001 0001 00 00")
ADOBE = bytes.fromhex("ffee 000e") + b"Adobe" + bytes.fromhex("0064 0000 0000")
MAX_SCANS = 100
"""Encoders write about ten; each costs a pass over all pixels, so a small file could keep a decoder busy for hours."""
_MARKER = re.compile(rb"\xff[^\x00\xff]")
_SCAN_END = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]")

MAX_PROFILE = 4_000_000
BROKEN = b"broken"
"""Stands for a colour profile that cannot be unpacked."""


@dataclass(frozen=True)
class Scrubbed:
    """A file with nothing in it but what its pixels need, and what was read from the metadata before it went.

    `size` is (width, height) as the header has it, before any turning; `orientation` the EXIF one, 1 to 8;
    `shown` is whether every browser shows the file as Pillow decodes it.
    """

    data: bytes
    size: tuple[int, int]
    orientation: int = 1
    icc_profile: bytes | None = None
    animated: bool = False
    deep: bool = False  # more than 8 bits a channel
    shown: bool = True


def scrub_png(data: bytes) -> Scrubbed:
    """The PNG file without anything but header, palette, transparency and pixels. Raises ImageError when damaged."""
    kept: list[bytes | memoryview] = [PNG_SIGNATURE]
    found: dict[bytes, memoryview] = {}
    for kind, body, whole in _png_chunks(data):
        found.setdefault(kind, body)
        if kind in PNG_KEPT:
            if zlib.crc32(whole[4:-4]) != int.from_bytes(whole[-4:], "big"):
                _damaged("PNG")
            kept.append(whole)
    header = found.get(b"IHDR", memoryview(b""))
    if len(header) != 13 or kept[1][4:8] != b"IHDR":
        _damaged("PNG")
    width, height, depth, colour = struct.unpack_from(">IIBB", header)
    if colour != 3:  # where colours are not by palette, a palette is only advice
        kept = [whole for whole in kept if whole[4:8] != b"PLTE"]
    return Scrubbed(
        data=b"".join(kept),
        size=(width, height),
        orientation=_orientation(bytes(found.get(b"eXIf", b""))),
        icc_profile=_unpack_profile(bytes(found[b"iCCP"])) if b"iCCP" in found else None,
        animated=b"acTL" in found,
        deep=depth > 8,
        shown=depth <= 8 and colour in (0, 2),
    )


def _png_chunks(data: bytes) -> Iterator[tuple[bytes, memoryview, memoryview]]:
    """Name, content and whole of each chunk up to IEND; what follows IEND is not looked at."""
    view, start = memoryview(data), len(PNG_SIGNATURE)
    kind = b""
    while kind != b"IEND":
        if start + 12 > len(data):
            _truncated("PNG")
        length, kind = struct.unpack_from(">I4s", data, start)
        end = start + 12 + length
        if end > len(data):
            _truncated("PNG")
        yield kind, view[start + 8 : end - 4], view[start:end]
        start = end


def _unpack_profile(chunk: bytes) -> bytes:
    packed = chunk.partition(b"\0")[2][1:]
    unpacker = zlib.decompressobj()
    try:
        profile = unpacker.decompress(packed, MAX_PROFILE)
    except zlib.error:
        return BROKEN
    return profile if unpacker.eof else BROKEN


def scrub_jpeg(data: bytes) -> Scrubbed:
    """The first picture of a JPEG file, tables and scans only. Raises ImageError when damaged or truncated."""
    kept: list[bytes | memoryview] = [b"\xff\xd8"]
    exif, profile, frame, scans = b"", dict[int, bytes](), None, 0
    for marker, body, whole in _jpeg_segments(data):
        head = bytes(body[:14])
        if marker in JPEG_KEPT:
            kept.append(whole)
            scans += marker == 0xDA
        elif marker == 0xE0 and head.startswith(b"JFIF\0"):
            kept.append(JFIF)  # without the thumbnail it may hold
        elif marker == 0xEE and head.startswith(b"Adobe") and len(head) >= 12:
            kept.append(ADOBE + head[11:12])  # how its colours are stored
        elif marker == 0xE1 and head.startswith(b"Exif\0\0"):
            exif = exif or bytes(body[6:])
        elif marker == 0xE2 and head.startswith(b"ICC_PROFILE\0") and len(head) == 14:
            profile.setdefault(head[12], bytes(body[14:]))
        if marker in JPEG_SIZES and frame is None and len(body) >= 6:
            frame = marker, *struct.unpack_from(">BHHB", body)
    if frame is None or not scans or scans > MAX_SCANS:
        _damaged("JPEG")
    marker, precision, height, width, channels = frame
    return Scrubbed(
        data=b"".join([*kept, b"\xff\xd9"]),
        size=(width, height),
        orientation=_orientation(exif),
        icc_profile=b"".join(profile[number] for number in sorted(profile)) or None,
        deep=precision > 8,
        shown=marker in JPEG_SHOWN and precision == 8 and channels in (1, 3),
    )


def _jpeg_segments(data: bytes) -> Iterator[tuple[int, memoryview, memoryview]]:
    """Marker, content and whole of each segment up to EOI; the whole of a scan includes its entropy-coded data."""
    view, end = memoryview(data), 2
    while found := _MARKER.search(data, end):
        start, end, marker = found.start(), found.end(), data[found.end() - 1]
        if marker == 0xD9:
            return
        if marker == 0x01 or 0xD0 <= marker <= 0xD7:  # stand alone, mean nothing here
            continue
        length = int.from_bytes(data[end : end + 2], "big")
        if marker == 0xD8 or (length < 2 and end + 2 <= len(data)):
            _damaged("JPEG")
        head = end + length
        if head > len(data):
            break
        end = head
        if marker == 0xDA:
            if (after := _SCAN_END.search(data, head)) is None:
                break
            end = after.start()
        yield marker, view[start + 4 : head], view[start:end]
    _truncated("JPEG")


def scrub_webp(data: bytes) -> Scrubbed:
    """The WebP file with its picture (or frames) only. Raises ImageError when damaged or truncated."""
    found: dict[bytes, bytes] = {}
    frames: list[bytes] = []
    for kind, body in _webp_chunks(data):
        if kind == b"ANMF":
            frames.append(_webp_chunk(kind, body))
        found.setdefault(kind, bytes(body))
    kept, size = _webp_picture(found, frames)
    content = b"WEBP" + b"".join(kept)
    return Scrubbed(
        data=b"RIFF" + struct.pack("<I", len(content)) + content,
        size=size,
        orientation=_orientation(found.get(b"EXIF", b"").removeprefix(b"Exif\0\0")),
        icc_profile=found.get(b"ICCP"),
        animated=len(frames) > 1,
        shown=not frames,
    )


def _webp_picture(found: Mapping[bytes, bytes], frames: list[bytes]) -> tuple[list[bytes], tuple[int, int]]:
    """The chunks to keep, and the size (width, height) that their header has."""
    canvas, lossy, lossless = (found.get(kind, b"") for kind in (b"VP8X", b"VP8 ", b"VP8L"))
    if len(canvas) >= 10 and (frames or (lossy and b"ALPH" in found)):
        width, height = (int.from_bytes(canvas[at : at + 3], "little") + 1 for at in (4, 7))
        flags = canvas[0] & 0x12 if frames else 0x10  # 2 animated, 16 alpha
        head = _webp_chunk(b"VP8X", bytes([flags, 0, 0, 0]) + canvas[4:10])
        rest = [
            _webp_chunk(kind, found[kind]) for kind in ((b"ANIM",) if frames else (b"ALPH", b"VP8 ")) if kind in found
        ]
        return [head, *rest, *frames], (width, height)
    if len(lossy) >= 10:
        width, height = struct.unpack_from("<HH", lossy, 6)
        return [_webp_chunk(b"VP8 ", lossy)], (width & 0x3FFF, height & 0x3FFF)
    if len(lossless) < 5:
        _damaged("WebP")
    bits = int.from_bytes(lossless[1:5], "little")
    return [_webp_chunk(b"VP8L", lossless)], ((bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1)


def _webp_chunks(data: bytes) -> Iterator[tuple[bytes, memoryview]]:
    view, start, end = memoryview(data), 12, 8 + int.from_bytes(data[4:8], "little")
    if end > len(data):
        _truncated("WebP")
    while start + 8 <= end:
        kind, length = struct.unpack_from("<4sI", data, start)
        if start + 8 + length > end:
            _truncated("WebP")
        yield kind, view[start + 8 : start + 8 + length]
        start += 8 + length + length % 2


def _webp_chunk(kind: bytes, body: bytes | memoryview) -> bytes:
    return kind + struct.pack("<I", len(body)) + body + b"\0" * (len(body) % 2)


def _orientation(exif: bytes) -> int:
    """The orientation, 1 to 8, in an EXIF block that begins with its TIFF header; 1 where it says nothing sensible."""
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(exif[:4])
    if order is None:
        return 1
    try:
        (directory,) = struct.unpack_from(order + "I", exif, 4)
        (entries,) = struct.unpack_from(order + "H", exif, directory)
        for number in range(entries):
            tag, kind, count, value = struct.unpack_from(order + "HHIH", exif, directory + 2 + 12 * number)
            if tag == 0x0112:
                return value if (kind, count) == (3, 1) and 1 <= value <= 8 else 1
    except struct.error:
        pass
    return 1


def _truncated(form: str) -> NoReturn:
    raise ImageError(f"the {form} file is truncated: its end is missing; copy or export it again")


def _damaged(form: str) -> NoReturn:
    raise ImageError(f"the {form} file is damaged and cannot be read; copy or export it again")
