"""One image through one encoder beside another, in one run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch

from core.encoder_spec import Encoder
from training.bench.timing import Latency, timed_in_turn


@dataclass(frozen=True)
class EncoderSpeed:
    """Milliseconds of one image through the small encoder and through the large one."""

    small: Latency
    large: Latency

    @property
    def ratio(self) -> float:
        """The small one's time as a part of the large one's, medians."""
        return self.small.p50 / self.large.p50


def run(small: Encoder, large: Encoder, rounds: int) -> EncoderSpeed:
    """Encode one preprocessed image with each in turn, `rounds` times."""

    def once(encoder: Encoder) -> Callable[[int], object]:
        pixels = torch.randn(1, 3, encoder.spec.image_size, encoder.spec.image_size)
        return lambda _round: encoder.encode_batch(pixels)

    latencies = timed_in_turn({"small": once(small), "large": once(large)}, range(rounds))
    return EncoderSpeed(latencies["small"], latencies["large"])
