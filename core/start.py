"""Where a vector field begins, before the first step of its training."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from core.discriminant import Discriminant, complement, discriminants
from core.ode import integrate_rk4
from core.training_set import TrainingSet
from core.validation import served
from core.vector_field import VectorField
from core.vectors import Matrix

WEIGHTS = (0.5, 1.0, 2.0, 4.0)
"""How much the discriminant may count at the start, the embedding itself counting 1."""
DOUBT = 3.0
"""Standard errors by which the best of the sixteen that are tried has to be better than none of them."""
SMALL = 1e-3
"""Least spread of embeddings that is scaled to 1, so that rounding is not blown up where all are alike."""


@dataclass(frozen=True)
class Start:
    """The space that a training starts from: embeddings less `mean` (D,), in units of their `spread`.

    Beside them, `weight` times the unit vector of a discriminant, where validation asks for one.
    """

    mean: Matrix
    spread: float
    discriminant: Discriminant | None = None
    weight: float = 0.0

    def move(self, x: Matrix) -> Matrix:
        """Embeddings (N, D) to where they are compared, (N, D + r)."""
        centred = (x - self.mean) / self.spread
        if self.discriminant is None:
            return centred
        return np.concatenate([centred, self.weight * self.discriminant.unit(x)], axis=1)


def choose_start(data: TrainingSet) -> Start:
    """Centred embeddings alone, or with the discriminant and weight that serve the validation images best.

    It is fitted to training images and mirror images, and taken only where there is no doubt that it is better: on a
    few validation images the best of many is easily the luckiest.
    """
    mean = data.train.x.mean(axis=0)
    plain = Start(mean, max(SMALL, float(np.linalg.norm(data.train.x - mean, axis=1).mean())))
    room = data.dim - 2 * len(np.unique(data.train.labels)) - 3
    if not len(data.val) or room < 0:
        return plain
    x = np.concatenate([data.train.x, data.mirrored.x])
    labels = np.concatenate([data.train.labels, data.mirrored.labels])
    found = discriminants(x, labels, _unseen(data.train.x))
    starts = [Start(mean, plain.spread, one, weight) for one in found for weight in WEIGHTS]
    values = [served(start.move, data) for start in starts]
    best = max(range(len(starts)), key=lambda row: (values[row].mean(), -starts[row].weight))
    gain = values[best] - served(plain.move, data)
    return starts[best] if gain.mean() > DOUBT * gain.std() / len(gain) ** 0.5 else plain


def begin(field: VectorField, data: TrainingSet, grid: tuple[float, ...]) -> None:
    """Let the flow of `field` on `grid` begin as the best start there is, in place.

    The last weights of every head become zero, but for the first head's where there is a discriminant. So
    dx/dt = res_weight x + b + A u(x), where u, the discriminant's unit vector, stays what it is on the way: A points
    to where u does not look, and b along the mean, to which it is blind.
    """
    start = choose_start(data)
    with torch.no_grad():
        x = torch.from_numpy(data.train.x).to(field.res_weight.device)
        growth = float(integrate_rk4(lambda _t, y: y * field.res_weight.cpu(), torch.ones(()), grid))
        share = float(field.res_weight) * growth / (growth - 1)  # a constant velocity of 1 ends as growth / share
        for head in range(len(field.heads)):
            _weight(field, head, "4.weight").zero_()
            _weight(field, head, "4.bias").copy_(-share * x.mean(dim=0))
        seen = torch.nn.functional.layer_norm(x, (field.dim,))
        scale = 1 / seen.std(dim=0).square().mean().sqrt().clamp_min(SMALL)
        field.x_norm.weight.fill_(scale)
        field.x_norm.bias.copy_(-seen.mean(dim=0) * scale)
        if start.discriminant is not None:
            _teach(field, start.discriminant, data.train.x, share * start.spread * start.weight)


def _teach(field: VectorField, discriminant: Discriminant, x: Matrix, size: float) -> None:
    """Let the first head say `size` times u(x), each of its numbers by several pairs of units.

    silu(z) - silu(-z) = z, and the LayerNorm over the units of all pairs makes their values a unit vector times a
    constant.
    """
    looks = discriminant.directions / np.linalg.norm(discriminant.directions)  # (r, D)
    points = _quietest(x, looks)  # (r, D)
    copies = field.hidden // (2 * len(looks))
    if not copies:
        return
    used = 2 * copies * len(looks)
    w_in = np.concatenate([np.tile(looks, (copies, 1)), -np.tile(looks, (copies, 1))])
    each = size * len(field.heads) / copies / (field.hidden / (2 * copies)) ** 0.5
    w_out = each * np.concatenate([np.tile(points, (copies, 1)), -np.tile(points, (copies, 1))])
    for name in ("0.weight", "0.bias"):
        _weight(field, 0, name).zero_()
    _weight(field, 0, "0.weight")[:used, : field.dim] = torch.from_numpy(w_in).to(field.res_weight)
    _weight(field, 0, "4.weight")[:, :used] = torch.from_numpy(w_out.T).to(field.res_weight)


def _quietest(x: Matrix, looks: Matrix) -> Matrix:
    """(r, D): orthonormal directions where embeddings (N, D) differ least, at right angles to (r, D) and the unseen."""
    basis = complement(np.concatenate([_unseen(x), looks]), x.shape[1])
    scatter = np.cov((x @ basis).T)
    return np.asarray((basis @ np.linalg.eigh(scatter)[1][:, : len(looks)]).T)


def _unseen(x: Matrix) -> Matrix:
    """(3, D): what the LayerNorm of the inputs takes away or adds, and the mean, along which the flow moves all."""
    seen = torch.nn.functional.layer_norm(torch.from_numpy(x), (x.shape[1],)).numpy()
    return np.stack([np.ones(x.shape[1]), x.mean(axis=0), seen.mean(axis=0)])


def _weight(field: VectorField, head: int, name: str) -> Tensor:
    return field.get_parameter(f"heads.{head}.{name}")
