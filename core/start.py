"""Where a vector field begins, before the first step of its training."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from core.doubt import beyond_doubt
from core.flow import FlowConfig
from core.folds import folds
from core.mean_shift import mean_shift
from core.nearest import each_its_own
from core.ode import integrate_rk4
from core.readout import Readout, complement, discriminants, readouts
from core.recipe import Recipe
from core.training_set import Ints, TrainingSet
from core.validation import served
from core.vectors import Matrix

DOUBT = 1.7
"""Standard errors by which the best of three readouts has to be better than none, and a mean shift beside it."""
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
    to say as they. And, where it asks for that, a mean shift by `shift`, whose units see the way that it leads, so that
    it says another thing at each stage of `steps` steps of RK4; they look for the same as those of the readout.
    """

    mean: Matrix
    spread: float
    points: Matrix
    readout: Readout | None = None
    shift: Readout | None = None
    steps: int = 1

    def move(self, x: Matrix) -> Matrix:
        """Embeddings (N, D) to where they are compared, (N, D)."""
        said = self.said
        if said is None:
            return (x - self.mean) / self.spread
        if self.shift is None:  # nothing of what is added is seen, so that it stays what it is
            return (x - self.mean + said(x)) / self.spread
        share = share_of(self.steps)

        def velocity(_t: float, y: Tensor) -> Tensor:
            return y + share * torch.from_numpy(said(y.numpy()) - self.mean)

        moved = integrate_rk4(velocity, torch.tensor(x), FlowConfig(steps=self.steps).grid)
        return np.asarray(moved.numpy() / self.spread, np.float32)

    @property
    def said(self) -> Readout | None:
        """What readout and mean shift add, D numbers; None without either."""
        if self.readout is None:
            return self.shift
        return self.readout.along(np.float32(self.spread) * self.points, beside=self.shift)


def choose_start(data: TrainingSet, recipe: Recipe, shown: float = 0.0) -> Start:
    """Centred embeddings, with the readout and then the mean shift that serve images which they were not fitted to.

    Those are the validation images and, since they are few, all training images, dealt out by patient to as many starts
    as there are folds. What is found so is fitted to all training images and mirror images, and taken only where there
    is little doubt that it is better: the best of three readouts is easily the luckiest. `shown` is how far findings
    count, as `core.validation.findings_shown` has it.
    """
    starts = _starts(data, recipe)
    if len(starts) == 1 or not len(data.val):
        return starts[0]
    tried = [(starts, data)]
    if len(data.train) <= FEW:
        tried += [(_starts(fold, recipe), fold) for fold in folds(data, recipe.seed)]
    tried = [(several, on) for several, on in tried if len(several) == len(starts)]
    groups = [on.val.groups for _, on in tried]
    known = None if any(of is None for of in groups) else np.concatenate([of for of in groups if of is not None])
    values = np.concatenate([[served(one.move, on, shown) for one in several] for several, on in tried], axis=1)
    best = 1 + int(values[1:].mean(axis=1).argmax())
    if not beyond_doubt(values[best] - values[0], DOUBT, known):
        best = 0
    if recipe.start == "read":
        return starts[best]
    shifted = [with_shift(several[best], _looks(several, best), on, recipe) for several, on in tried]
    moved = np.concatenate([served(one.move, on, shown) for one, (_, on) in zip(shifted, tried, strict=True)])
    return shifted[0] if beyond_doubt(moved - values[best], DOUBT, known) else starts[best]


def _starts(data: TrainingSet, recipe: Recipe) -> list[Start]:
    """Centred embeddings alone and, where the field has room for them, with each readout."""
    mean = data.train.x.mean(axis=0)
    spread = max(SMALL, float(np.linalg.norm(data.train.x - mean, axis=1).mean()))
    plain = Start(mean, spread, np.zeros((0, data.dim), np.float32))
    unseen = _unseen(data.train.x)
    x, labels = _with_mirrored(data)
    answers = len(np.unique(labels)) - 1
    if data.dim <= len(unseen) + 2 * answers or recipe.heads * recipe.hidden > MOST_UNITS:
        return [plain]
    points = _quietest(x, np.concatenate([unseen, discriminants(x, labels)]), answers)
    blind_to = np.concatenate([unseen, points])
    found = readouts(x, labels, blind_to, recipe.heads, recipe.hidden, recipe.seed)
    return [plain, *(replace(plain, points=points, readout=one) for one in found)]


def with_shift(start: Start, looks: Matrix, data: TrainingSet, recipe: Recipe) -> Start:
    """`start` and a mean shift to those that show the same finding, or are of one class where findings do not count.

    Its units look for `looks` (H, U, D), as those of the readout of `start` do, where it has one.
    """
    x, labels = _with_mirrored(data)
    alike, people = labels, _put_together(data.train.groups, data.mirrored.groups)
    found = _put_together(data.train.findings, data.mirrored.findings)
    if recipe.findings and found is not None:
        alike = np.where(found < 0, -1 - labels, found)  # those of which nobody said it, of a class, go together too
    if people is None:
        people = each_its_own(len(x))
    return replace(start, shift=mean_shift(x, labels, alike, people, looks), steps=recipe.steps)


def _looks(starts: Sequence[Start], which: int) -> Matrix:
    """What the units of one of `starts` look for; where it has none, those of the first readout."""
    readers = (start.readout for start in (starts[which], starts[1]))
    return next(reader.looks for reader in readers if reader is not None)


def _with_mirrored(data: TrainingSet) -> tuple[Matrix, Ints]:
    """Training embeddings and those of mirror images, with their classes: a mirror image may be of one of its own."""
    parts = (data.train, data.mirrored)
    return np.concatenate([part.x for part in parts]), np.concatenate([part.labels for part in parts])


def _put_together(one: Ints | None, other: Ints | None) -> Ints | None:
    return None if one is None or other is None else np.concatenate([one, other])


def share_of(steps: int, rate: float = 1.0) -> float:
    """How fast to add what shall have been added at the end, in units of what embeddings have grown to by then."""
    growth = float(integrate_rk4(lambda _t, y: y * rate, torch.ones(()), FlowConfig(steps=steps).grid))
    return rate * growth / (growth - 1)  # a constant velocity of 1 ends as growth / share


def _quietest(x: Matrix, kept: Matrix, count: int) -> Matrix:
    """(count, D): orthonormal directions where embeddings (N, D) differ least, at right angles to `kept` (K, D)."""
    basis = complement(kept, x.shape[1])
    scatter = np.cov((x @ basis).T)
    return np.asarray((basis @ np.linalg.eigh(scatter)[1][:, :count]).T, np.float32)


def _unseen(x: Matrix) -> Matrix:
    """(3, D): what the LayerNorm of the inputs takes away or adds, and the mean, along which the flow moves all."""
    seen = torch.nn.functional.layer_norm(torch.from_numpy(x), (x.shape[1],)).numpy()
    return np.stack([np.ones(x.shape[1]), x.mean(axis=0), seen.mean(axis=0)])
