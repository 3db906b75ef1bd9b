"""How fast a flow is trained and applied, beside a plain loop, bare matrix products and torchdiffeq, in one run."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torchdiffeq import odeint

from core.cores import even_parts, on_every_core
from core.flow import CHUNK, FEW, Flow
from core.metric_loss import multi_similarity
from core.recipe import DEFAULT, REFERENCE, Recipe
from core.taxonomy import ENT
from core.trainer import Trainer
from core.training_set import TrainingSet, training_set
from core.triplets import mine_triplets
from core.vector_field import VectorField
from core.vectors import Matrix
from training.bench.timing import Latency, timed_in_turn

STEPS = 10


@dataclass(frozen=True)
class TrainingSpeed:
    """Seconds an epoch, validation included, of a plain loop and of both recipes; medians."""

    plain: float
    reference: float
    default: float


@dataclass(frozen=True)
class ApplyingSpeed:
    """Milliseconds to move `count` embeddings by ten steps: the flow, its bare matrix products, torchdiffeq's rk4.

    The products are taken as those of one wide matrix for all heads, each shared out among the cores by torch; the same
    with parts of the embeddings on every core, as the flow does it for many; and head by head.
    """

    count: int
    flow: Latency
    products: Latency
    core_products: Latency
    head_products: Latency
    torchdiffeq: Latency


def training_speed(images: int, dimension: int, rounds: int, seed: int) -> TrainingSpeed:
    """Epochs of all three in turn, so that noise falls on all alike."""
    data = _made_up(images, dimension, seed)
    loop = _PlainLoop(data, seed)
    epochs: list[Callable[[], object]] = [
        loop.epoch,
        _epoch(REFERENCE.changed(seed=seed, epochs=rounds + 1), data),
        _epoch(DEFAULT.changed(seed=seed, epochs=rounds + 1), data),
    ]
    seconds: list[list[float]] = [[], [], []]
    for _ in range(rounds):
        for run, times in zip(epochs, seconds, strict=True):
            started = time.perf_counter()
            run()
            times.append(time.perf_counter() - started)
    return TrainingSpeed(*(float(np.median(times)) for times in seconds))


def applying_speed(count: int, dimension: int, rounds: int, seed: int) -> ApplyingSpeed:
    """The flow on `count` embeddings beside its products alone and beside torchdiffeq on the field as it is written."""
    field = VectorField(dimension, generator=torch.Generator().manual_seed(seed)).eval()
    flow, x = Flow(field), _embeddings(count, dimension, seed)
    products = _Products(field, torch.from_numpy(x))
    grid = torch.linspace(0, 1, STEPS + 1)

    def by_torchdiffeq(_round: int) -> None:
        with torch.inference_mode():
            odeint(field, torch.from_numpy(x), grid, method="rk4")

    calls: dict[str, Callable[[int], object]] = {
        "flow": lambda _: flow.transform(x),
        "products": products.wide,
        "core_products": products.on_cores,
        "head_products": products.by_head,
        "torchdiffeq": by_torchdiffeq,
    }
    return ApplyingSpeed(count, **timed_in_turn(calls, range(rounds)))


class _Products:
    """The two matrix products of every stage, and nothing else."""

    def __init__(self, field: VectorField, x: Tensor) -> None:
        self.x, self.heads = x, len(field.heads)
        self.w_in = torch.randn(self.heads, field.dim, field.hidden)
        self.w_out = torch.randn(self.heads, field.hidden, field.dim)
        self.wide_in, self.wide_out = self.w_in.transpose(0, 1).flatten(1).contiguous(), self.w_out.flatten(0, 1)

    def wide(self, _round: int) -> None:
        """All heads as one wide matrix."""
        for part in torch.split(self.x, CHUNK):
            self._run(part, self._wide)

    def on_cores(self, _round: int) -> None:
        """The same, a part to each core."""
        on_every_core(lambda rows: self._run(self.x[rows], self._wide), even_parts(len(self.x), FEW, CHUNK))

    def by_head(self, _round: int) -> None:
        """A head to each batch."""
        for part in torch.split(self.x, CHUNK):
            self._run(
                part, lambda x: torch.bmm(torch.bmm(x.expand(self.heads, -1, -1), self.w_in), self.w_out).sum(dim=0)
            )

    def _wide(self, x: Tensor) -> Tensor:
        return torch.mm(torch.mm(x, self.wide_in), self.wide_out)

    def _run(self, part: Tensor, both: Callable[[Tensor], Tensor]) -> None:
        with torch.inference_mode():
            for _ in range(4 * STEPS):
                both(part)


class _PlainLoop:
    """The published procedure as one would write it down: heads one by one, batches gathered in Python."""

    def __init__(self, data: TrainingSet, seed: int) -> None:
        torch.manual_seed(seed)
        self.field, self.loss_of, self.random = VectorField(data.dim), multi_similarity(), random.Random(seed)
        self.optimizer = torch.optim.AdamW(self.field.parameters(), lr=1e-4)
        self.train = self._triplets(data, data.train.x, data.train.labels)
        self.val = self._triplets(data, data.val.x, data.val.labels)

    def _triplets(self, data: TrainingSet, x: np.ndarray, labels: np.ndarray) -> list[list[tuple[Tensor, int]]]:
        found = mine_triplets(x, labels, data.incompatible)
        rows = zip(found.anchors, found.positives, found.negatives, strict=True)
        return [[(torch.from_numpy(x[row]), int(labels[row])) for row in triplet] for triplet in rows]

    def epoch(self) -> None:
        self.field.train()
        self.random.shuffle(self.train)
        for start in range(0, len(self.train), 32):
            self.optimizer.zero_grad()
            loss = self._loss(self.train[start : start + 32])
            torch.autograd.backward(loss)
            torch.nn.utils.clip_grad_norm_(self.field.parameters(), 5.0)
            self.optimizer.step()
        self.field.eval()
        with torch.no_grad():
            for start in range(0, len(self.val), 64):
                self._loss(self.val[start : start + 64])

    def _loss(self, batch: list[list[tuple[Tensor, int]]]) -> Tensor:
        x = torch.stack([embedding for triplet in batch for embedding, _ in triplet])
        labels = torch.tensor([label for triplet in batch for _, label in triplet])
        dt = 1 / STEPS
        for step in range(STEPS):
            t = step * dt
            k_1 = self.field(t, x)
            k_2 = self.field(t + dt / 2, x + dt / 2 * k_1)
            k_3 = self.field(t + dt / 2, x + dt / 2 * k_2)
            k_4 = self.field(t + dt, x + dt * k_3)
            x = x + dt / 6 * (k_1 + 2 * k_2 + 2 * k_3 + k_4)
        return self.loss_of(x, labels)


def _epoch(recipe: Recipe, data: TrainingSet) -> Callable[[], object]:
    epochs = Trainer(recipe, data).fit()
    next(epochs)  # a fitted start is only looked at in it
    return lambda: next(epochs)


def _made_up(images: int, dimension: int, seed: int) -> TrainingSet:
    """As many images of each class, 70 % of them for training and 15 % for validation, with mirror images."""
    x, flipped = _embeddings(images, dimension, seed), _embeddings(images, dimension, seed + 1)
    labels = [ENT.labels[row % len(ENT.labels)] for row in range(images)]
    splits = [("train", "val", "test")[(row % 20 >= 14) + (row % 20 >= 17)] for row in range(images)]
    return training_set(x, labels, splits, ENT, flipped)


def _embeddings(count: int, dimension: int, seed: int) -> Matrix:
    x = np.random.default_rng(seed).standard_normal((count, dimension)).astype(np.float32)
    unit: Matrix = x / np.linalg.norm(x, axis=1, keepdims=True)
    return unit
