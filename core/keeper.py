"""Which weights of a training are kept, and when it is time to stop."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor

from core.doubt import beyond_doubt
from core.recipe import Recipe
from core.training_set import Ints
from core.validation import Checked
from core.vector_field import VectorField

DOUBT = 2.0
"""Standard errors by which an epoch has to better the first: one (Breiman et al. 1984), and one more since there are as
many to choose from as there are epochs."""


class Keeper:
    """Keeps a copy of the best weights, by the rule that the recipe names.

    `loss`: the validation loss or the training loss fell by `min_delta` below its best; of both, the best is then
    brought up to date. `nearest`: the first weights, until those of an epoch serve validation images better by more
    than chance; of such epochs the latest. The best of all would be the luckiest, and averaged weights at a rate near
    zero are the least left to chance. Without validation images both go by the training loss alone.
    """

    def __init__(self, recipe: Recipe, groups: Ints | None = None) -> None:
        """`groups` (V,) numbers the patients of the validation images."""
        self._recipe, self._groups = recipe, groups
        self.weights: dict[str, Tensor] | None = None
        self.epoch = 0
        self._val, self._train = math.inf, math.inf
        self._first: Tensor | None = None  # how well the first weights serve each validation image

    def offer(self, epoch: int, field: VectorField, train_loss: float, checked: Checked | None) -> bool:
        """Keep the weights of `field` after `epoch` (from 1) if they are better; whether they are."""
        if not self._better(train_loss, checked):
            return False
        weights = {name: tensor.detach().cpu().clone() for name, tensor in field.state_dict().items()}
        self.epoch, self.weights = epoch, weights  # at once: an interruption must not part them
        return True

    def patience_is_over(self, epoch: int) -> bool:
        """Whether nothing has improved for as many epochs as the recipe waits; `epoch` have ended.

        Never while the rate has still to come down: the best weights of such a schedule are at its end.
        """
        return self._recipe.schedule != "cosine" and epoch - self.epoch >= self._recipe.patience

    def _better(self, train_loss: float, checked: Checked | None) -> bool:
        if self._recipe.keep == "nearest" and checked is not None:
            if self._first is None:
                self._first = torch.from_numpy(checked.served)
                return True
            return beyond_doubt(checked.served - self._first.numpy(), DOUBT, self._groups)
        val_loss = math.inf if checked is None else checked.loss
        delta = self._recipe.min_delta
        better = val_loss < self._val - delta or train_loss < self._train - delta
        if better:
            self._val, self._train = min(self._val, val_loss), min(self._train, train_loss)
        return better

    def state_dict(self) -> dict[str, Any]:
        return {
            "weights": self.weights,
            "epoch": self.epoch,
            "val": self._val,
            "train": self._train,
            "first": self._first,
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.weights, self.epoch = state["weights"], state["epoch"]
        self._val, self._train, self._first = state["val"], state["train"], state["first"]
