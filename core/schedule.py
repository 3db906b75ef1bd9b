"""The learning rate over the epochs of a training."""

from __future__ import annotations

import math
from typing import Any, Protocol

import torch
from torch.optim.lr_scheduler import ReduceLROnPlateau

from core.recipe import Recipe


class Schedule(Protocol):
    """Sets the learning rate of an optimiser for the epoch that comes; can be saved and loaded."""

    def before(self, epoch: int) -> None:
        """Called before epoch `epoch`, counted from 0."""

    def after(self, epoch: int, loss: float) -> None:
        """Called after it with the validation loss (the training loss where there is no validation)."""

    def state_dict(self) -> dict[str, Any]: ...

    def load_state_dict(self, state: dict[str, Any]) -> None: ...


class Plateau:
    """Lowers the rate when the loss has not fallen for some epochs.

    As the published method has it, the epochs of the warm-up count as bad ones (the loss told is infinite) and run at
    the full rate: with its settings the rate first falls before the warm-up has ended.
    """

    def __init__(self, optimizer: torch.optim.Optimizer, recipe: Recipe) -> None:
        self._warmup = recipe.warmup_epochs
        self._inner = ReduceLROnPlateau(
            optimizer, mode="min", factor=recipe.plateau_factor, patience=recipe.plateau_patience
        )

    def before(self, epoch: int) -> None:
        pass

    def after(self, epoch: int, loss: float) -> None:
        self._inner.step(loss if epoch >= self._warmup else math.inf)

    def state_dict(self) -> dict[str, Any]:
        return dict(self._inner.state_dict())

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self._inner.load_state_dict(state)


class Cosine:
    """Rises over the warm-up, then falls to zero along half a cosine: a function of the epoch alone."""

    def __init__(self, optimizer: torch.optim.Optimizer, recipe: Recipe) -> None:
        self._optimizer, self._recipe = optimizer, recipe

    def before(self, epoch: int) -> None:
        recipe = self._recipe
        if epoch < recipe.warmup_epochs:
            share = (epoch + 1) / (recipe.warmup_epochs + 1)
        else:
            done = (epoch - recipe.warmup_epochs) / max(1, recipe.epochs - recipe.warmup_epochs)
            share = (1 + math.cos(math.pi * done)) / 2
        for group in self._optimizer.param_groups:
            group["lr"] = recipe.learning_rate * share

    def after(self, epoch: int, loss: float) -> None:
        pass

    def state_dict(self) -> dict[str, Any]:
        return {}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        pass


def make_schedule(optimizer: torch.optim.Optimizer, recipe: Recipe) -> Schedule:
    """The schedule that `recipe` names."""
    return Plateau(optimizer, recipe) if recipe.schedule == "plateau" else Cosine(optimizer, recipe)
