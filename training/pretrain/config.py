"""The settings of one training run of ent-mini, and the form of its model."""

from __future__ import annotations

import hashlib
import json
import math
from dataclasses import asdict, dataclass
from typing import Any

from core.errors import EntError

MEAN = (0.48145466, 0.4578275, 0.40821073)
STD = (0.26862954, 0.26130258, 0.27577711)
VOCABULARY = 49_408
"""Tokens that open_clip's tokenizer knows."""

LEAST = {"steps": 1, "warmup": 1, "batch": 2, "images": 7, "seed": 0, "images_seed": 0}
"""The smallest values of settings."""


@dataclass(frozen=True)
class PretrainConfig:
    """What a run is made of; the same settings give the same weights under the same `Conditions` on one processor.

    `images` phantoms (drawn from `images_seed`) are rendered once and seen again and again for `steps` batches of
    `batch`. The learning rate rises over `warmup` steps to `lr` and falls to nothing along a cosine. `average` is the
    weight of the past in the running average of the weights, which is what is kept. The terms of the loss: `clip`
    image to caption, `class_` and `finding` of an image by its embedding alone, and `class_pairs`,
    `finding_pairs` between images (supervised contrastive).
    """

    seed: int = 0
    images: int = 28_000
    images_seed: int = 1_000
    image_size: int = 160
    steps: int = 4_000
    batch: int = 96
    lr: float = 2e-3
    weight_decay: float = 0.05
    warmup: int = 100
    average: float = 0.998
    clip: float = 1.0
    class_: float = 1.0
    finding: float = 1.0
    class_pairs: float = 1.0
    finding_pairs: float = 1.0

    def __post_init__(self) -> None:
        if self.image_size % 32 or not 64 <= self.image_size <= 256:
            raise EntError(f"the image size is a multiple of 32 from 64 to 256, got {self.image_size}")
        for name, least in LEAST.items():
            if getattr(self, name) < least:
                raise EntError(f"{name} of a pretraining is {least} or more, got {getattr(self, name)}")
        if not (math.isfinite(self.lr) and self.lr > 0 and 0 <= self.average < 1):
            raise EntError(f"lr is above 0 and average in [0, 1), got {self.lr} and {self.average}")

    @property
    def digest(self) -> str:
        """A short name for these settings."""
        return hashlib.sha256(json.dumps(asdict(self), sort_keys=True).encode()).hexdigest()[:12]

    def learning_rate(self, step: int) -> float:
        """The learning rate of step `step`, counted from 0."""
        rising = min(1.0, (step + 1) / self.warmup)
        return self.lr * rising * (0.5 + 0.5 * math.cos(math.pi * min(1.0, step / self.steps))) + 1e-6

    def model(self, vocabulary: int = VOCABULARY) -> dict[str, Any]:
        """The model in open_clip's form: a ResNet with attention pooling, which keeps what lies left and right."""
        return {
            "model_cfg": {
                "embed_dim": 512,
                "vision_cfg": {
                    "image_size": self.image_size,
                    "layers": [1, 2, 2, 2],
                    "width": 16,
                    "head_width": 32,
                },
                "text_cfg": {"context_length": 32, "vocab_size": vocabulary, "width": 128, "heads": 4, "layers": 2},
            },
            "preprocess_cfg": {
                "mean": list(MEAN),
                "std": list(STD),
                "interpolation": "bicubic",
                "resize_mode": "shortest",
            },
        }
