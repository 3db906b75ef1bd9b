"""What each step of a training sees."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from core.errors import TrainingError
from core.recipe import Recipe
from core.training_set import Part, TrainingSet
from core.triplets import Triplets, mine_triplets


@dataclass(frozen=True)
class Batch:
    """Embeddings (B, D), their classes (B,), and what was found (B,), -1 where nobody said; None where nobody did."""

    x: Tensor
    labels: Tensor
    findings: Tensor | None = None


class Batches(Protocol):
    """The batches of one epoch after the other, in an order drawn from a generator."""

    def epoch(self, generator: torch.Generator) -> Iterator[Batch]: ...


class TripletBatches:
    """`size` triplets a batch, every one once an epoch, as the published method does it."""

    def __init__(self, part: Part, triplets: Triplets, size: int) -> None:
        self._x, self._labels = torch.from_numpy(part.x), torch.from_numpy(part.labels)
        rows = np.stack([triplets.anchors, triplets.positives, triplets.negatives], axis=1)
        self._rows, self._size = torch.from_numpy(rows), size  # (T, 3)

    def epoch(self, generator: torch.Generator) -> Iterator[Batch]:
        """In an order drawn from `generator`; the last batch may be smaller."""
        return self._in_order(torch.randperm(len(self._rows), generator=generator))

    def in_order(self) -> Iterator[Batch]:
        """The triplets as they are, for validation."""
        return self._in_order(torch.arange(len(self._rows)))

    def _in_order(self, order: Tensor) -> Iterator[Batch]:
        for chosen in torch.split(order, self._size):
            rows = self._rows[chosen].flatten()  # anchor, positive, negative, anchor, ...
            yield Batch(self._x[rows], self._labels[rows])


class BalancedBatches:
    """`size` images a batch, as many of each class, plain and mirrored alike; as many an epoch as there are.

    So a class with fewer images than the others is gone through again, in another order, and of one with more some
    have to wait for a later epoch.
    """

    def __init__(self, parts: list[Part], size: int, noise: float) -> None:
        x = np.concatenate([part.x for part in parts])
        labels = np.concatenate([part.labels for part in parts])
        self._x, self._labels, self._noise = torch.from_numpy(x), torch.from_numpy(labels), noise
        found = [part.findings for part in parts if part.findings is not None]
        self._findings = torch.from_numpy(np.concatenate(found)) if len(found) == len(parts) else None
        self._spread = float(np.linalg.norm(x - x.mean(axis=0), axis=1).mean())
        self._classes = [torch.from_numpy(np.flatnonzero(labels == label)) for label in np.unique(labels)]
        self._each = max(2, size // len(self._classes))
        self._count = max(1, round(len(labels) / (self._each * len(self._classes))))

    def epoch(self, generator: torch.Generator) -> Iterator[Batch]:
        """In an order drawn from `generator`, with noise drawn from it too."""
        wanted = self._each * self._count
        dealt = [self._dealt(rows, wanted, generator) for rows in self._classes]
        for start in range(0, wanted, self._each):
            rows = torch.cat([of_class[start : start + self._each] for of_class in dealt])
            findings = None if self._findings is None else self._findings[rows]
            yield Batch(self._noisy(self._x[rows], generator), self._labels[rows], findings)

    def _dealt(self, rows: Tensor, wanted: int, generator: torch.Generator) -> Tensor:
        rounds = -(-wanted // len(rows))
        return torch.cat([rows[torch.randperm(len(rows), generator=generator)] for _ in range(rounds)])[:wanted]

    def _noisy(self, x: Tensor, generator: torch.Generator) -> Tensor:
        if not self._noise:
            return x
        added = torch.randn(x.shape, generator=generator) * (self._noise * self._spread / x.shape[1] ** 0.5)
        return torch.nn.functional.normalize(x + added, dim=-1)


def training_batches(data: TrainingSet, recipe: Recipe) -> Batches:
    """The batches that `recipe` makes of `data`. Raises TrainingError when there is nothing to put in them."""
    if recipe.batches == "triplets":
        triplets = mine_triplets(data.train.x, data.train.labels, data.incompatible)
        if not len(triplets):
            raise TrainingError("no image has both another of its class and one of another; import more images")
        return TripletBatches(data.train, triplets, recipe.batch_size)
    parts = [data.train, data.mirrored] if recipe.mirrored and len(data.mirrored) else [data.train]
    return BalancedBatches(parts, recipe.batch_size, recipe.noise)
