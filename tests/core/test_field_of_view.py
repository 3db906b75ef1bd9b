"""The square round the endoscope's disc, on drawn scenes where it is known and on real images."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from core.field_of_view import Box, crop_field_of_view, field_of_view
from core.imaging import load_image
from tests.conftest import picture

Draw = Callable[[ImageDraw.ImageDraw], None]


def scene(size: tuple[int, int], draw: Draw, seed: int = 1) -> Image.Image:
    """A bright picture seen through a drawn shape, black round it."""
    shape = Image.new("L", size)
    draw(ImageDraw.Draw(shape))
    black = Image.new("RGB", size)
    black.paste(picture(seed, size).point(lambda level: 60 + level * 2 // 3), mask=shape)
    return black


def disc(x: float, y: float, radius: float) -> Draw:
    return lambda draw: draw.ellipse([x - radius, y - radius, x + radius, y + radius], fill=255)


def square(x: float, y: float, radius: float) -> tuple[float, ...]:
    return (x - radius, y - radius, x + radius, y + radius)


def check_near(box: Box, expected: tuple[float, ...], tolerance: float) -> None:
    found = (box.left, box.top, box.right, box.bottom)
    assert box.right - box.left == box.bottom - box.top
    assert np.abs(np.subtract(found, expected)).max() <= tolerance, (found, expected)


@pytest.mark.parametrize(
    ("size", "circle"),
    [
        ((640, 480), (300, 230, 200)),
        ((640, 480), (300, 230, 250)),  # cut off above and below
        ((640, 480), (310, 290, 250)),  # cut off below only
        ((640, 480), (420, 200, 120)),  # small and off the middle
        ((480, 640), (240, 320, 220)),
        ((1920, 1080), (960, 540, 530)),
        ((160, 120), (78, 60, 58)),
        ((64, 48), (32, 24, 22)),
    ],
)
def test_finds_the_disc(size: tuple[int, int], circle: tuple[int, int, int]) -> None:
    check_near(field_of_view(scene(size, disc(*circle))), square(*circle), max(1, 0.012 * max(size)))


def burnt_in(image: Image.Image) -> Image.Image:
    draw, font = ImageDraw.Draw(image), ImageFont.load_default(22)
    draw.text((6, 10), "Patient\n1970-12-03", fill="white", font=font)
    draw.text((560, 330), "16:22:05\nROOM 2", fill="yellow", font=font)
    draw.line([(0, 470), (639, 470)], fill="white", width=2)
    return image


def notched(image: Image.Image) -> Image.Image:
    ImageDraw.Draw(image).polygon([(288, 434), (312, 434), (300, 458)], fill="white")
    return image


def dark_inside(image: Image.Image) -> Image.Image:
    draw = ImageDraw.Draw(image)
    draw.ellipse([90, 200, 260, 420], fill=(9, 4, 4))  # the lumen reaches the rim
    draw.ellipse([320, 60, 400, 180], fill=(5, 2, 2))
    return image


def noisy(image: Image.Image) -> Image.Image:
    grain = np.random.default_rng(0).integers(0, 14, (image.height, image.width, 3))
    file = io.BytesIO()
    Image.fromarray(np.clip(np.asarray(image) + grain, 0, 255).astype(np.uint8)).save(file, "JPEG", quality=40)
    return Image.open(file).convert("RGB")


def dim(image: Image.Image) -> Image.Image:
    return image.point(lambda level: level // 3)


def lifted(image: Image.Image) -> Image.Image:
    return image.point(lambda level: min(255, level + 16))  # video black


@pytest.mark.parametrize("spoil", [burnt_in, notched, dark_inside, noisy, dim, lifted])
def test_is_not_misled(spoil: Callable[[Image.Image], Image.Image]) -> None:
    image = spoil(scene((640, 480), disc(300, 230, 205)))
    check_near(field_of_view(image), square(300, 230, 205), 8)


def test_a_panel_of_text_beside_the_disc_is_left_out() -> None:
    image = scene((960, 480), disc(640, 240, 230))
    for line in range(12):
        where = (10, 20 + 36 * line)
        ImageDraw.Draw(image).text(where, f"Field {line}: ABCDEFGH", fill="white", font=ImageFont.load_default(20))
    check_near(field_of_view(image), square(640, 240, 230), 12)


def test_another_shape_on_black_is_squared() -> None:
    image = scene((1280, 720), lambda draw: draw.rounded_rectangle([300, 20, 980, 700], 60, fill=255))
    check_near(field_of_view(image), (300, 20, 980, 700), 14)
    wide = scene((1280, 720), lambda draw: draw.rectangle([160, 0, 1119, 719], fill=255))
    check_near(field_of_view(wide), (160, -120, 1120, 840), 14)


@pytest.mark.parametrize(
    "image",
    [
        picture(2, (640, 480)).point(lambda level: 40 + level // 2),
        Image.new("RGB", (640, 480)),
        Image.new("RGB", (640, 480), "white"),
        Image.fromarray(np.random.default_rng(0).integers(0, 256, (480, 640, 3), dtype=np.uint8)),
        picture(3, (16, 4000)),
        picture(3, (17, 16)),
    ],
)
def test_the_full_frame_where_there_is_no_disc(image: Image.Image) -> None:
    assert field_of_view(image) == Box(0, 0, *image.size)
    assert crop_field_of_view(image) is image


def test_crop_is_exact_and_black_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 1000)  # the crop is ours to make, whatever Pillow's limit
    image = scene((640, 480), disc(310, 290, 250))
    box, crop = field_of_view(image), np.asarray(crop_field_of_view(image))
    assert box.bottom > 480
    assert crop.shape == (box.bottom - box.top, box.right - box.left, 3)
    below = box.bottom - 480
    assert crop[-below:].max() == 0
    assert np.array_equal(crop[:-below], np.asarray(image)[box.top : 480, box.left : box.right])
    assert field_of_view(image) == box


def test_real_images(real_images: Path) -> None:
    """The sample's discs are about 500 pixels across, seen by eye; the vocal folds fill their frames."""
    for path in sorted((real_images / "entrep_sample").glob("*/*.png")):
        box = field_of_view(load_image(path.read_bytes()).rgb)
        assert 485 <= box.right - box.left == box.bottom - box.top <= 515, path.name
        assert 25 <= box.left <= 115
        assert -60 <= box.top <= 45
    for path in sorted((real_images / "vocalfolds").glob("*/*/*.jpg"))[::4]:
        assert field_of_view(load_image(path.read_bytes()).rgb) == Box(0, 0, 512, 512), path.name
