"""One whole run: render, train, write the encoder's folder, measure it on phantoms it has never seen."""

from __future__ import annotations

import platform
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch

from core.clip_model import tokenizer, untrained_model
from core.encoder import CLIPEncoder, describe
from core.errors import EntError
from core.swap import take_place
from training.pretrain import bundle
from training.pretrain.config import PretrainConfig
from training.pretrain.figures import measure
from training.pretrain.pool import Pool, Progress, make_pool
from training.pretrain.pretrainer import CHECKPOINT, Pretrainer, PretrainEvent


def start_model(config: PretrainConfig, name: str, pool: Pool) -> torch.nn.Module:
    """The model of `name` as training starts with it: random, and with no more words than the pool has."""
    text_tower = config.model(len(pool.vocabulary))["model_cfg"]["text_cfg"]
    return untrained_model(name, config.seed, text_cfg=text_tower)


def run(
    folder: Path,
    config: PretrainConfig,
    cache: Path,
    resume: bool = False,
    measured: int = 100,
    on_render: Progress | None = None,
    on_event: Callable[[PretrainEvent], None] | None = None,
) -> dict[str, Any]:
    """Train an encoder into `folder` (checkpoints and rendered images go to `cache`) and return its record.

    It is measured on `measured` fresh phantoms of each class.
    The folder is there when all of it is done. With `resume` it goes on from the checkpoint of a run with the same
    settings. Raises EntError when `folder` holds something already, there is no such checkpoint, or the loss is not
    finite.
    """
    folder = folder.resolve()
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise EntError(f"{folder} is not empty; give a new folder")
    part = folder.with_name(f".{folder.name}.part")
    bundle.write_config(part, config.model())
    name = f"local-dir:{part}"
    pool = make_pool(config.images, config.images_seed, config.image_size, tokenizer(name), cache, on_render)
    pretrainer = Pretrainer(config, start_model(config, name, pool), pool)
    checkpoints = cache / f"run-{config.digest}-{pool.digest}"
    if resume:
        pretrainer.resume(checkpoints / CHECKPOINT)
    for event in pretrainer.fit(checkpoints):
        if on_event is not None:
            on_event(event)
    bundle.write_weights(part, pretrainer.averaged, pool.vocabulary)
    record = {
        "trained_on": "synthetic images and captions only (training/phantoms)",
        "settings": asdict(config),
        "images": pool.digest,
        "torch": torch.__version__,
        "device": pretrainer.device.type,
        "processor": platform.machine(),
        "precision": pretrainer.precision,
        "threads": torch.get_num_threads(),
        "seconds": round(pretrainer.seconds),
        "loss": {step: round(loss, 4) for step, loss in pretrainer.losses.items() if step % 100 == 0},
        "phantoms": asdict(measure(CLIPEncoder(*describe(name)), measured)),
    }
    bundle.write_record(part, record)
    take_place(part, folder)
    return record
