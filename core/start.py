"""Where a vector field begins, before the first step of its training."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from core.doubt import beyond_doubt
from core.flow import FlowConfig
from core.folds import folds
from core.ode import integrate_rk4
from core.readout import SHIFT, Readout, complement, discriminants, readouts
from core.recipe import Recipe
from core.training_set import TrainingSet
from core.validation import served
from core.vector_field import VectorField
from core.vectors import Matrix

DOUBT = 1.7
"""Standard errors by which the best of three readouts has to be better than none."""
FEW = 5000
"""So many training images are dealt out to validate on; where there are more, validation images will be enough."""
MOST_UNITS = 8192
"""Of all heads, for which a ridge regression is solved."""
SMALL = 1e-3
"""Least spread of embeddings that is scaled to 1, so that rounding is not blown up where all are alike."""


@dataclass(frozen=True)
class Start:
    """The space that a training starts from: embeddings less `mean` (D,), in units of their `spread`.

    Beside them, along the rows of `points` (r, D), what a readout says, where validation asks for one: it has as much
    to say as they.
    """

    mean: Matrix
    spread: float
    points: Matrix
    readout: Readout | None = None

    def move(self, x: Matrix) -> Matrix:
        """Embeddings (N, D) to where they are compared, (N, D)."""
        centred = (x - self.mean) / self.spread
        if self.readout is None:
            return centred
        return np.asarray(centred + self.readout(x) @ self.points, np.float32)


def choose_start(data: TrainingSet, recipe: Recipe, shown: float = 0.0) -> Start:
    """Centred embeddings alone, or with the readout that serves images best which it was not fitted to.

    Those are the validation images and, since they are few, all training images, dealt out by patient to as many
    readouts as there are folds. What is found so is fitted to all training images and mirror images, and taken only
    where there is little doubt that it is better: the best of three is easily the luckiest. `shown` is how far findings
    count, as `core.validation.findings_shown` has it.
    """
    starts = _starts(data, recipe)
    if len(starts) == 1 or not len(data.val):
        return starts[0]
    tried = [(starts, data)]
    if len(data.train) <= FEW:
        tried += [(_starts(fold, recipe), fold) for fold in folds(data, recipe.seed)]
    tried = [(several, on) for several, on in tried if len(several) == len(starts)]
    values = np.concatenate([[served(one.move, on, shown) for one in several] for several, on in tried], axis=1)
    best = 1 + int(values[1:].mean(axis=1).argmax())
    groups = [on.val.groups for _, on in tried]
    known = None if any(of is None for of in groups) else np.concatenate([of for of in groups if of is not None])
    return starts[best] if beyond_doubt(values[best] - values[0], DOUBT, known) else starts[0]


def _starts(data: TrainingSet, recipe: Recipe) -> list[Start]:
    """Centred embeddings alone and, where the field has room for them, with each readout."""
    mean = data.train.x.mean(axis=0)
    spread = max(SMALL, float(np.linalg.norm(data.train.x - mean, axis=1).mean()))
    plain = Start(mean, spread, np.zeros((0, data.dim), np.float32))
    unseen = _unseen(data.train.x)
    x = np.concatenate([data.train.x, data.mirrored.x])
    labels = np.concatenate([data.train.labels, data.mirrored.labels])  # a mirror image may be of a class of its own
    answers = len(np.unique(labels)) - 1
    if data.dim <= len(unseen) + 2 * answers or recipe.heads * recipe.hidden > MOST_UNITS:
        return [plain]
    points = _quietest(x, np.concatenate([unseen, discriminants(x, labels)]), answers)
    blind_to = np.concatenate([unseen, points])
    found = readouts(x, labels, blind_to, recipe.heads, recipe.hidden, recipe.seed)
    return [plain, *(Start(mean, spread, points, one) for one in found)]


def begin(field: VectorField, data: TrainingSet, recipe: Recipe, shown: float = 0.0) -> None:
    """Let the flow of `field`, which is of `recipe`, begin as the best start there is, in place.

    The last weights of every head become zero where there is no readout, and say it where there is one. So dx/dt =
    res_weight x + b + readout(x) points: what is added stays what it is on the way, because no unit sees the points,
    nor the mean, along which b leads.
    """
    start = choose_start(data, recipe, shown)
    with torch.no_grad():
        x = torch.from_numpy(data.train.x).to(field.res_weight.device)
        grid = FlowConfig(steps=recipe.steps).grid
        growth = float(integrate_rk4(lambda _t, y: y * field.res_weight.cpu(), torch.ones(()), grid))
        share = float(field.res_weight) * growth / (growth - 1)  # a constant velocity of 1 ends as growth / share
        said = share * start.spread * start.points  # (r, D)
        away = share * start.mean if start.readout is None else share * start.mean + start.readout.offset @ said
        for head in range(len(field.heads)):
            _weight(field, head, "4.weight").zero_()
            _weight(field, head, "4.bias").copy_(-torch.from_numpy(away))
        seen = torch.nn.functional.layer_norm(x, (field.dim,))
        scale = 1 / seen.std(dim=0).square().mean().sqrt().clamp_min(SMALL)
        field.x_norm.weight.fill_(scale)
        field.x_norm.bias.copy_(-seen.mean(dim=0) * scale)
        if start.readout is not None:
            _teach(field, start.readout, said)


def _teach(field: VectorField, readout: Readout, said: Matrix) -> None:
    """Let the heads say what `readout` says, along the rows of `said` (r, D)."""
    for head, (looks, weights) in enumerate(zip(readout.looks, readout.weights, strict=True)):
        for name, value in (("0.weight", 0.0), ("0.bias", 0.0), ("1.weight", 1.0), ("1.bias", SHIFT)):
            _weight(field, head, name).fill_(value)
        _weight(field, head, "0.weight")[:, : field.dim] = torch.from_numpy(looks)
        _weight(field, head, "4.weight").copy_(torch.from_numpy(len(field.heads) * (weights @ said).T))


def _quietest(x: Matrix, kept: Matrix, count: int) -> Matrix:
    """(count, D): orthonormal directions where embeddings (N, D) differ least, at right angles to `kept` (K, D)."""
    basis = complement(kept, x.shape[1])
    scatter = np.cov((x @ basis).T)
    return np.asarray((basis @ np.linalg.eigh(scatter)[1][:, :count]).T, np.float32)


def _unseen(x: Matrix) -> Matrix:
    """(3, D): what the LayerNorm of the inputs takes away or adds, and the mean, along which the flow moves all."""
    seen = torch.nn.functional.layer_norm(torch.from_numpy(x), (x.shape[1],)).numpy()
    return np.stack([np.ones(x.shape[1]), x.mean(axis=0), seen.mean(axis=0)])


def _weight(field: VectorField, head: int, name: str) -> Tensor:
    return field.get_parameter(f"heads.{head}.{name}")
