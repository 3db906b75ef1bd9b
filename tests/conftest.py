"""What every test may use: a deterministic encoder, made-up images, the folder of real ones."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from core.encoder_spec import Embeddings, EncoderSpec
from core.library import Library
from core.settings import get_settings

REAL = Path(__file__).resolve().parent.parent.parent / "shared" / "real"
DIMENSION = 32


class FakeEncoder:
    """A small encoder without weights: a fixed random projection of the picture at 8 x 8 pixels."""

    spec = EncoderSpec(
        name="fake",
        model="fake",
        weights_sha256="0" * 64,
        dimension=DIMENSION,
        image_size=8,
        mean=(0.0, 0.0, 0.0),
        std=(1.0, 1.0, 1.0),
        interpolation="box",
        resize_mode="squash",
    )

    def __init__(self) -> None:
        self.encoded = 0
        projection = np.random.default_rng(0).normal(size=(3 * 8 * 8, DIMENSION))
        self.projection = torch.from_numpy(projection.astype(np.float32))

    def load(self, on_progress: object = None) -> None:
        pass

    def preprocess(self, rgb: Image.Image) -> torch.Tensor:
        pixels = np.asarray(rgb.resize((8, 8), Image.Resampling.BOX), dtype=np.float32) / 255 - 0.4
        return torch.from_numpy(pixels).permute(2, 0, 1)

    def encode_batch(self, pixels: torch.Tensor) -> Embeddings:
        self.encoded += len(pixels)
        features = pixels.flatten(1) @ self.projection
        return torch.nn.functional.normalize(features, dim=-1).numpy()

    def encode_images(self, images: Sequence[Image.Image]) -> Embeddings:
        return self.encode_batch(torch.stack([self.preprocess(rgb) for rgb in images]))

    def encode_texts(self, texts: Sequence[str]) -> Embeddings:
        """Near the picture whose seed the text ends with, but apart from all pictures, as CLIP's texts are."""
        own = self.encode_images([picture(int(re.sub(r".*\D", "", text))) for text in texts])
        gap = np.full(DIMENSION, 0.5 / DIMENSION**0.5, np.float32)
        return (own + gap) / np.linalg.norm(own + gap, axis=1, keepdims=True)

    def unknown_words(self, texts: Sequence[str]) -> tuple[str, ...]:
        return tuple(word for text in texts for word in text.split() if word.startswith("un"))


@pytest.fixture(autouse=True)
def _fresh_settings() -> Iterator[None]:
    """Settings are read from the environment once a process; a test that changes them must not leave them behind."""
    get_settings.cache_clear()
    yield
    get_settings.cache_clear()


@pytest.fixture
def encoder() -> FakeEncoder:
    return FakeEncoder()


@pytest.fixture
def library(tmp_path: Path, encoder: FakeEncoder) -> Iterator[Library]:
    """An empty library of the ENT classes."""
    made = Library.create(tmp_path / "library", encoder=encoder)
    yield made
    made.close()


def picture(seed: int, size: tuple[int, int] = (64, 48)) -> Image.Image:
    """A made-up colour picture, another for every seed."""
    rng = np.random.default_rng(seed)
    small = rng.integers(0, 256, (6, 8, 3), dtype=np.uint8)
    return Image.fromarray(small).resize(size, Image.Resampling.BICUBIC)


def png(image: Image.Image) -> bytes:
    """An image as the bytes of a PNG file."""
    file = io.BytesIO()
    image.save(file, "PNG")
    return file.getvalue()


@pytest.fixture
def folder_of(tmp_path: Path) -> Callable[..., Path]:
    """Makes a folder-per-class source: folder_of({"ear-left": 3}) has three pictures of that class."""

    def make(counts: dict[str, int], name: str = "source", seed: int = 0) -> Path:
        root = tmp_path / name
        for label, count in counts.items():
            (root / label).mkdir(parents=True)
            for number in range(count):
                seed += 1
                (root / label / f"{number:03}.png").write_bytes(png(picture(seed)))
        return root

    return make


@pytest.fixture(scope="session")
def real_images() -> Path:
    """The folder of real ENT images, kept outside the project; tests that need it are skipped without it."""
    if not (REAL / "entrep_sample").is_dir():
        pytest.skip("the real images (../shared/real) are not on this machine")
    return REAL
