"""A weights file of a CLIP model's true form with random numbers in it: to walk the way where none can be had."""

from __future__ import annotations

from pathlib import Path

from safetensors.torch import save_file

from core.clip_model import untrained_model


def write_random_weights(path: Path, model: str, seed: int) -> None:
    """Write random weights of open_clip's `model` to `path`, as safetensors. What they rank means nothing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    weights = untrained_model(model, seed).state_dict()
    save_file({name: tensor.contiguous() for name, tensor in weights.items()}, path)
