"""What is slow to make and always comes out the same: kept among the caches, under a name that says what it is of.

What takes hours can be recorded beside this file, so that a fresh clone does not measure it again.
"""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch

from core.recipe import Recipe
from core.settings import get_settings
from core.trainer import Trainer, TrainResult
from core.training_set import TrainingSet

FOLDER = "bench-flow"
MEASURED = Path(__file__).with_name("measured")
"""What was recorded for everybody."""
SAVE_EVERY = 60.0
"""Seconds between two savings of a training's state."""
Arrays = dict[str, np.ndarray]


def kept_arrays(name: str, make: Callable[[], Arrays]) -> Arrays:
    """The arrays kept under `name`; made and kept now where there are none."""
    path = _path(f"{name}.npz")
    if path.is_file():
        with np.load(path) as found:
            return dict(found)
    made = make()
    part = path.with_name(f".{path.name}.part.npz")
    with part.open("wb") as file:
        np.savez(file, allow_pickle=False, **made)
    part.replace(path)
    return made


def kept_json(name: str, make: Callable[[], Any], recorded: bool = True) -> Any:
    """The JSON value kept or, where they count, `recorded` under `name`; made and kept now where there is none."""
    if (found := _found(name, recorded)) is not None:
        return json.loads(found.read_text(encoding="utf-8"))
    made, path = make(), _path(f"{name}.json")
    part = path.with_name(f".{path.name}.part")
    part.write_text(json.dumps(made), encoding="utf-8")
    part.replace(path)
    return made


def record(name: str) -> None:
    """Put the JSON value kept under `name` among those that everybody has, in place of what was there."""
    MEASURED.mkdir(exist_ok=True)
    shutil.copyfile(_path(f"{name}.json"), MEASURED / f"{name}.json")


def kept_training(name: str, recipe: Recipe, data: TrainingSet) -> TrainResult:
    """A training to its own end, gone on with where one of that name was cut short.

    Its state is kept while it lasts; what comes of it is for the caller to keep.
    """
    trainer, path = Trainer(recipe, data), _path(f"{name}.state.pt")
    if path.is_file():
        trainer.load_state(torch.load(path, weights_only=True))
    saved = time.monotonic()
    for _ in trainer.fit():
        if time.monotonic() - saved > SAVE_EVERY:
            part = path.with_name(f".{path.name}.part")
            torch.save(trainer.state(), part)
            part.replace(path)
            saved = time.monotonic()
    return trainer.result()


def forget_training(name: str) -> None:
    """Remove the state of a training whose outcome is kept."""
    _path(f"{name}.state.pt").unlink(missing_ok=True)


def is_kept(name: str) -> bool:
    """Whether a JSON value is kept or recorded under `name`."""
    return _found(name) is not None


def _found(name: str, recorded: bool = True) -> Path | None:
    places = (_path(f"{name}.json"), MEASURED / f"{name}.json") if recorded else (_path(f"{name}.json"),)
    return next((path for path in places if path.is_file()), None)


def _path(name: str) -> Path:
    folder = get_settings().cache / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    return folder / name
