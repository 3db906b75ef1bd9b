"""One whole run: render, train, write the encoder's folder, measure it on phantoms it has never seen."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from filelock import FileLock, Timeout

from core.clip_model import tokenizer, untrained_model
from core.encoder import CLIPEncoder, describe
from core.errors import EntError
from core.swap import take_place
from training.pretrain import bundle
from training.pretrain.config import PretrainConfig
from training.pretrain.figures import PhantomFigures, measure
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
    settings. Raises EntError when `folder` holds something already, there is no such checkpoint or, without `resume`,
    there is one, another program makes the same run, or the loss is not finite.
    """
    folder = folder.resolve()
    _check_that_it_is_free(folder)
    if resume and not list(cache.glob(f"run-{config.digest}-*/{CHECKPOINT}")):
        raise EntError("no run of these settings was cut short here; leave out --resume to begin one")
    with _beside(folder) as part:
        bundle.write_config(part, config.model())
        name = f"local-dir:{part}"
        pool = make_pool(config.images, config.images_seed, config.image_size, tokenizer(name), cache, on_render)
        pretrainer = Pretrainer(config, start_model(config, name, pool), pool)
        with _checkpoints(cache / f"run-{config.digest}-{pool.digest}") as kept:
            if resume:
                pretrainer.resume(kept / CHECKPOINT)
            elif (kept / CHECKPOINT).is_file():
                raise EntError(f"this run was cut short before: go on with --resume, or remove {kept} to begin again")
            for event in pretrainer.fit(kept):
                if on_event is not None:
                    on_event(event)
            bundle.write_weights(part, pretrainer.averaged, pool.vocabulary)
            record = _record(pretrainer, measure(CLIPEncoder(*describe(name)), measured))
            bundle.write_record(part, record)
            _check_that_it_is_free(folder)
            take_place(part, folder)
            shutil.rmtree(kept)
    return record


def _record(pretrainer: Pretrainer, phantoms: PhantomFigures) -> dict[str, Any]:
    """How the weights came to be and how good they are, for training.json."""
    losses = pretrainer.losses
    return {
        "trained_on": "synthetic images and captions only (training/phantoms)",
        "settings": asdict(pretrainer.config),
        "images": pretrainer.pool.drawn,
        "texts": pretrainer.pool.digest,
        "conditions": [asdict(one) for one in pretrainer.conditions],
        "seconds": round(pretrainer.seconds),
        "loss": {step: round(losses[step], 4) for step in losses if step % 100 == 0 or step == max(losses)},
        "phantoms": asdict(phantoms),
    }


@contextmanager
def _beside(folder: Path) -> Iterator[Path]:
    """A folder of this program's own, of the same disk, that is gone afterwards."""
    part = folder.with_name(f".{folder.name}.{os.getpid()}.part")
    try:
        yield part
    finally:
        shutil.rmtree(part, ignore_errors=True)


@contextmanager
def _checkpoints(folder: Path) -> Iterator[Path]:
    """The folder of a run's checkpoints, which no other program writes to meanwhile."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(folder.with_suffix(".lock"), timeout=0):
            yield folder
    except Timeout as error:
        raise EntError(
            "another program is training with the same settings; wait for it, or give another seed"
        ) from error


def _check_that_it_is_free(folder: Path) -> None:
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise EntError(f"{folder} is not empty; give a new folder")
