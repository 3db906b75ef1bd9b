"""A weights file of a CLIP model's true form with random numbers in it: to walk the way where none can be had."""

from __future__ import annotations

from pathlib import Path

from safetensors.torch import save_file

from core.encoder import random_weights


def write_random_weights(path: Path, model: str, seed: int) -> None:
    """Write random weights of open_clip's `model` to `path`, as safetensors. What they rank means nothing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    save_file(random_weights(model, seed), path)
