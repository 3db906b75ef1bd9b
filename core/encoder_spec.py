"""What the engine needs to know of an encoder, and to ask of one."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    import torch
    from PIL import Image

ONLY_DRAWINGS = "This encoder has only seen drawings: what it finds for a real image means little."

Embeddings = npt.NDArray[np.float32]
Progress = Callable[[int, int], None]
"""Called with (bytes done, bytes in all) while something is downloaded."""


@dataclass(frozen=True)
class EncoderSpec:
    """All that decides what an embedding is; a library is bound to one. `name` is only what a person asked for."""

    name: str
    model: str
    weights_sha256: str
    dimension: int
    image_size: int
    mean: tuple[float, float, float]
    std: tuple[float, float, float]
    interpolation: str
    resize_mode: str
    crop: str = "field-of-view-1"
    architecture: str = ""  # hash of the model's configuration: the same weights can be used in more than one
    config: str = ""  # that configuration, open_clip's as JSON: with the weights, all that building the model needs

    @property
    def only_drawings(self) -> bool:
        """Whether nothing but drawings was shown to it in training, so that it knows no real image."""
        return self.model == "bundled:ent-mini"

    @property
    def fingerprint(self) -> str:
        """Hex digest that two encoders share exactly when their embeddings may be compared."""
        facts = {k: v for k, v in asdict(self).items() if k not in ("name", "model", "config")}
        return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> EncoderSpec:
        return cls(**{**data, "mean": tuple(data["mean"]), "std": tuple(data["std"])})


def words_of(texts: Sequence[str]) -> tuple[str, ...]:
    """The words of `texts` in small letters, each once, in their order."""
    return tuple(dict.fromkeys(re.findall(r"\w+", " ".join(texts).lower())))


class Encoder(Protocol):
    """What the engine needs of an encoder. Embeddings are (B, spec.dimension) float32, L2-normalised rows."""

    spec: EncoderSpec

    def load(self, on_progress: Progress | None = None) -> None:
        """Make ready to encode; done on first use otherwise. Raises EncoderError."""

    def preprocess(self, rgb: Image.Image) -> torch.Tensor:
        """One RGB image to the (3, H, W) float32 tensor that `encode_batch` stacks; needs no weights."""

    def encode_batch(self, pixels: torch.Tensor) -> Embeddings:
        """(B, 3, H, W) preprocessed images to (B, D) embeddings."""

    def encode_images(self, images: Sequence[Image.Image]) -> Embeddings:
        """RGB images, any size, to (B, D) embeddings."""

    def encode_texts(self, texts: Sequence[str]) -> Embeddings:
        """Words to (B, D) embeddings in the space of the images; what is too long for the encoder is cut off.

        Raises EncoderError where it has no text tower.
        """

    def unknown_words(self, texts: Sequence[str]) -> tuple[str, ...]:
        """Those words that it has never read in training, as far as its weights tell: they say nothing to it."""
