"""Trains a flow on embeddings, epoch by epoch, and can be stopped and taken up again between any two."""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

import torch
from torch import Tensor

from core.batches import Batch, training_batches
from core.errors import EntError, TrainingError
from core.first_weights import begin
from core.flow import Flow, FlowConfig
from core.keeper import Keeper
from core.metric_loss import MetricLoss, multi_similarity
from core.ode import integrate_rk4
from core.recipe import Recipe
from core.schedule import make_schedule
from core.stacked_field import StackedField
from core.training_set import TrainingSet
from core.validation import Checked, findings_shown, validate
from core.vector_field import VectorField

Ending = Literal["all epochs done", "no improvement any more", "interrupted"]


@dataclass(frozen=True)
class Epoch:
    """What an epoch, counted from 1, came to.

    Losses are means over batches; `val_recall` is the share of validation images whose nearest training image after
    the flow is of their class. Both are None without validation images. `best`: these weights are the ones kept. The
    seconds of the first are those of getting ready too.
    """

    number: int
    train_loss: float
    val_loss: float | None
    val_recall: float | None
    learning_rate: float
    seconds: float
    best: bool


def epochs_said(curve: Sequence[Epoch]) -> str:
    """How many epochs there are, in words."""
    return f"{len(curve)} epoch{'s' * (len(curve) != 1)}"


@dataclass(frozen=True)
class TrainResult:
    """The flow with the weights that were kept, the epoch they are of, the whole curve, and why it ended."""

    flow: Flow
    best_epoch: int
    curve: tuple[Epoch, ...]
    ending: Ending


class Trainer:
    """One training. `data` is what it sees of the set it was given: without mirror images, where the recipe has none.

    Everything random comes from the recipe's seed, and nothing from torch's global state.

    `fit` yields after every epoch. Whoever stops listening can have the best flow so far from `result`, and all that
    is needed to go on from `state`; a trainer given that state by `load_state` ends with the same weights as one that
    was never stopped.
    """

    def __init__(self, recipe: Recipe, data: TrainingSet, device: str = "cpu") -> None:
        """Raises TrainingError when `data` has nothing that `recipe` can learn from."""
        started = time.perf_counter()
        data = data if recipe.mirrored else data.unmirrored
        self.recipe, self.data, self._device = recipe, data, torch.device(device)
        seeds = torch.Generator().manual_seed(recipe.seed)
        self._dropout = torch.Generator(self._device).manual_seed(_drawn(seeds))
        self._order = torch.Generator().manual_seed(_drawn(seeds))
        sizes = (data.dim, recipe.t_dim, recipe.hidden, recipe.heads, recipe.dropout)
        self.field = VectorField(*sizes, generator=seeds).to(self._device)
        self._grid = FlowConfig(steps=recipe.steps).grid
        self._shown = findings_shown(data, recipe)
        if recipe.start != "drawn":
            begin(self.field, data, recipe, self._shown)
        self._averaged = copy.deepcopy(self.field) if recipe.averaging else None
        self._batches = training_batches(data, recipe)
        self._optimizer = torch.optim.AdamW(
            self.field.parameters(), lr=recipe.learning_rate, weight_decay=recipe.weight_decay
        )
        self._schedule = make_schedule(self._optimizer, recipe)
        self._loss: MetricLoss = multi_similarity()
        self._keeper = Keeper(recipe, data.val.groups)
        self._curve: list[Epoch] = []
        self._preparing = time.perf_counter() - started

    def fit(self) -> Iterator[Epoch]:
        """Train until the epochs are done or nothing improves any more; what an epoch came to, after each.

        Raises TrainingError when the loss is no longer finite; the best weights before that stay.
        """
        while not self.done:
            yield self._epoch(len(self._curve))

    @property
    def curve(self) -> tuple[Epoch, ...]:
        """What every epoch so far came to."""
        return tuple(self._curve)

    def result(self) -> TrainResult:
        """The best so far. Raises TrainingError before the first epoch has ended."""
        if self._keeper.weights is None:
            raise TrainingError("the training was stopped before its first epoch had ended; nothing was learnt yet")
        field = copy.deepcopy(self.field)
        field.load_state_dict(self._keeper.weights)
        flow = Flow(field.cpu(), FlowConfig(steps=self.recipe.steps))
        return TrainResult(flow, self._keeper.epoch, tuple(self._curve), self._ending())

    def state(self) -> dict[str, Any]:
        """All that the rest of the training depends on: tensors, numbers and texts, to be given to `load_state`."""
        return {
            "field": self.field.state_dict(),
            "averaged": None if self._averaged is None else self._averaged.state_dict(),
            "optimizer": self._optimizer.state_dict(),
            "schedule": self._schedule.state_dict(),
            "order": self._order.get_state(),
            "dropout": self._dropout.get_state(),
            "keeper": self._keeper.state_dict(),
            "curve": [asdict(epoch) for epoch in self._curve],
        }

    def load_state(self, state: dict[str, Any]) -> None:
        """Go on from there. Raises TrainingError when it is the state of another training."""
        try:
            self.field.load_state_dict(state["field"])
            if self._averaged is not None:
                self._averaged.load_state_dict(state["averaged"])
            self._optimizer.load_state_dict(state["optimizer"])
            self._schedule.load_state_dict(state["schedule"])
            self._order.set_state(state["order"])
            self._dropout.set_state(state["dropout"])
            self._keeper.load_state_dict(state["keeper"])
            self._curve = [Epoch(**epoch) for epoch in state["curve"]]
        except (KeyError, TypeError, ValueError, RuntimeError) as error:
            raise TrainingError(f"this is not the state of this training: {error}; start a new one") from error

    def _epoch(self, index: int) -> Epoch:
        started = time.perf_counter()
        self._schedule.before(index)
        rate = float(self._optimizer.param_groups[0]["lr"])
        learns = index > 0 or self.recipe.start == "drawn"  # what was not drawn is looked at first: it may be the best
        losses = [self._step(batch, learns) for batch in self._batches.epoch(self._order)]
        train_loss = sum(losses) / len(losses)
        field = self.field if self._averaged is None else self._averaged
        checked = self._checked(field)
        self._schedule.after(index, train_loss if checked is None else checked.loss)
        best = self._keeper.offer(index + 1, field, train_loss, checked)
        val_loss, val_recall = (None, None) if checked is None else (checked.loss, checked.recall)
        seconds = round(time.perf_counter() - started + (0 if index else self._preparing), 3)
        self._curve.append(Epoch(index + 1, train_loss, val_loss, val_recall, rate, seconds, best))
        return self._curve[-1]

    def _step(self, batch: Batch, learns: bool = True) -> float:
        x_0, labels = batch.x.to(self._device), batch.labels.to(self._device)
        x_1 = integrate_rk4(StackedField(self.field, self._dropout), x_0, self._grid)
        loss = self._loss(x_1, labels)
        if (weight := self.recipe.findings * self._shown) and batch.findings is not None:
            known = batch.findings >= 0
            loss = loss + weight * self._loss(x_1[known], batch.findings[known].to(self._device))
        value = float(loss.detach())
        if not math.isfinite(value):
            raise self._diverged(f"loss became {value}")
        if not learns:
            return value
        self._optimizer.zero_grad()
        torch.autograd.backward(loss)
        torch.nn.utils.clip_grad_norm_(self.field.parameters(), self.recipe.clip)
        self._optimizer.step()
        self._average()
        return value

    def _checked(self, field: VectorField) -> Checked | None:
        try:
            return validate(field, self.recipe, self.data, self._loss, self._shown)
        except EntError as error:  # of a flow that leads to infinity
            raise self._diverged("flow of a validation image is no longer finite") from error

    def _diverged(self, what: str) -> TrainingError:
        return TrainingError(
            f"the {what} in epoch {len(self._curve) + 1}; lower the learning rate ({self.recipe.learning_rate:g}) or "
            "the steps, and train again"
        )

    @torch.no_grad()
    def _average(self) -> None:
        """Bring the averaged weights a little nearer; at first faster, so that they soon forget the random start."""
        if self._averaged is None:
            return
        step = float(_steps_taken(self._optimizer))
        keep = min(self.recipe.averaging, step / (step + 10))
        for mean, weight in zip(self._averaged.parameters(), self.field.parameters(), strict=True):
            mean.lerp_(weight, 1 - keep)

    @property
    def done(self) -> bool:
        """Whether nothing is left to do: `fit` would yield nothing more."""
        return self._ending() != "interrupted"

    def _ending(self) -> Ending:
        if len(self._curve) >= self.recipe.epochs:
            return "all epochs done"
        return "no improvement any more" if self._keeper.patience_is_over(len(self._curve)) else "interrupted"


def _drawn(generator: torch.Generator) -> int:
    return int(torch.randint(2**62, (), generator=generator))


def _steps_taken(optimizer: torch.optim.Optimizer) -> Tensor | int:
    states = [state["step"] for state in optimizer.state.values() if "step" in state]
    return states[0] if states else 0
