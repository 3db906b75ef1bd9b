"""The first weights of a vector field: those with which its flow is a start."""

from __future__ import annotations

import torch
from torch import Tensor

from core.readout import SHIFT
from core.recipe import Recipe
from core.start import SMALL, choose_start, share_of
from core.training_set import TrainingSet
from core.vector_field import VectorField
from core.vectors import Matrix


def begin(field: VectorField, data: TrainingSet, recipe: Recipe, shown: float = 0.0) -> None:
    """Let the flow of `field`, which is of `recipe`, begin as the best start there is, in place.

    The last weights of every head become zero where there is nothing to say but the mean, and say it where there is. So
    dx/dt = res_weight x + share (readout(x) along its points + shift(x) - mean), where what is added at a rate of share
    has been added once at the end. What a readout adds stays what it is on the way, because no unit sees its points,
    nor the mean.
    """
    start = choose_start(data, recipe, shown)
    with torch.no_grad():
        x = torch.from_numpy(data.train.x).to(field.res_weight.device)
        share = share_of(recipe.steps, float(field.res_weight))
        said = start.said
        away = start.mean if said is None else start.mean + said.offset
        for head in range(len(field.heads)):
            _weight(field, head, "4.weight").zero_()
            _weight(field, head, "4.bias").copy_(-torch.from_numpy(share * away))
        seen = torch.nn.functional.layer_norm(x, (field.dim,))
        scale = 1 / seen.std(dim=0).square().mean().sqrt().clamp_min(SMALL)
        field.x_norm.weight.fill_(scale)
        field.x_norm.bias.copy_(-seen.mean(dim=0) * scale)
        if said is not None:
            _teach(field, said.looks, share * said.weights)


def _teach(field: VectorField, looks: Matrix, weights: Matrix) -> None:
    """Let the heads look for `looks` (H, U, D) and say D numbers by `weights` (H, U, D)."""
    for head, (seen, said) in enumerate(zip(looks, weights, strict=True)):
        for name, value in (("0.weight", 0.0), ("0.bias", 0.0), ("1.weight", 1.0), ("1.bias", SHIFT)):
            _weight(field, head, name).fill_(value)
        _weight(field, head, "0.weight")[:, : field.dim] = torch.from_numpy(seen)
        _weight(field, head, "4.weight").copy_(torch.from_numpy(len(field.heads) * said.T))


def _weight(field: VectorField, head: int, name: str) -> Tensor:
    return field.get_parameter(f"heads.{head}.{name}")
