"""The folder that others load ent-mini from: open_clip's configuration, weights, and how they came to be."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from torch import Tensor

from training.pretrain.config import VOCABULARY

CONFIG, WEIGHTS, RECORD = "open_clip_config.json", "open_clip_model.safetensors", "training.json"
TOKENS = "token_embedding.weight"


def write_config(folder: Path, config: Mapping[str, Any]) -> None:
    """Write the model's form to `folder`, which is made."""
    folder.mkdir(parents=True, exist_ok=True)
    _write_json(folder / CONFIG, config)


def write_weights(folder: Path, weights: Mapping[str, Tensor], vocabulary: Tensor) -> None:
    """Write weights: matrices in half precision, and zeros for words that were never seen, so that they say nothing.

    `weights` have a row for each of the tokens in `vocabulary` (V,); the model that others load has all of them.
    """
    kept = {name: tensor.detach().cpu() for name, tensor in weights.items()}
    kept[TOKENS] = torch.zeros(VOCABULARY, kept[TOKENS].shape[1]).index_copy_(0, vocabulary, kept[TOKENS])
    halved = {name: tensor.half() if tensor.ndim > 1 else tensor for name, tensor in kept.items()}
    part = folder / f"{WEIGHTS}.part"
    save_file({name: tensor.contiguous() for name, tensor in halved.items()}, part)
    part.replace(folder / WEIGHTS)


def write_record(folder: Path, record: Mapping[str, Any]) -> None:
    """Write settings, losses and figures of the run."""
    _write_json(folder / RECORD, record)


def _write_json(path: Path, data: Mapping[str, Any]) -> None:
    path.write_text(json.dumps(data, indent=2) + "\n", encoding="utf-8")
