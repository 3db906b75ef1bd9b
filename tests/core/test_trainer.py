"""Training against a plain loop, against interruption, and against bad data."""

from __future__ import annotations

from itertools import islice

import numpy as np
import pytest
import torch
from pytorch_metric_learning.losses import MultiSimilarityLoss

from core.errors import TrainingError
from core.recipe import DEFAULT, REFERENCE, Recipe
from core.taxonomy import ENT
from core.trainer import Trainer
from core.training_set import TrainingSet, training_set
from core.triplets import mine_triplets
from core.vector_field import VectorField

DIM = 24


def embeddings(count: int, seed: int = 0, spread: float = 0.8) -> tuple[np.ndarray, list[str]]:
    """Unit vectors round a centre for each class, in turn, and their labels."""
    rng = np.random.default_rng(seed)
    centres = np.random.default_rng(99).standard_normal((len(ENT.labels), DIM))
    labels = [ENT.labels[i % len(ENT.labels)] for i in range(count)]
    x = np.stack([centres[ENT.labels.index(label)] for label in labels])
    x = x + spread * DIM**0.5 * rng.standard_normal(x.shape) / 2
    return (x / np.linalg.norm(x, axis=1, keepdims=True)).astype(np.float32), labels


def small_set(train: int = 70, val: int = 21) -> TrainingSet:
    x, labels = embeddings(train + val)
    flipped = embeddings(train + val, seed=1)[0]
    return training_set(x, labels, ["train"] * train + ["val"] * val, ENT, flipped)


def plain_loop(trainer: Trainer, steps: int) -> tuple[list[float], VectorField]:
    """The published procedure, head by head and triplet by triplet, from the trainer's start and with its seeds."""
    recipe, part = trainer.recipe, trainer.data.train
    field = VectorField(DIM)
    field.load_state_dict(trainer.field.state_dict())
    state = trainer.state()
    order = torch.Generator()
    order.set_state(state["order"])
    torch.set_rng_state(state["dropout"])
    optimizer = torch.optim.AdamW(field.parameters(), lr=1e-4)
    loss_of = MultiSimilarityLoss()
    found = mine_triplets(part.x, part.labels, trainer.data.incompatible)
    triplets = list(zip(found.anchors, found.positives, found.negatives, strict=True))
    shuffled = [triplets[i] for i in torch.randperm(len(triplets), generator=order).tolist()]
    field.train()
    losses = []
    for start in range(0, 32 * steps, 32):
        batch = shuffled[start : start + 32]
        x = torch.stack([torch.from_numpy(part.x[row]) for triplet in batch for row in triplet])
        labels = torch.tensor([int(part.labels[row]) for triplet in batch for row in triplet])
        optimizer.zero_grad()
        dt = 0.1
        for i in range(recipe.steps):
            t = i * dt
            k_1 = field(t, x)
            k_2 = field(t + dt / 2, x + dt / 2 * k_1)
            k_3 = field(t + dt / 2, x + dt / 2 * k_2)
            k_4 = field(t + dt, x + dt * k_3)
            x = x + dt / 6 * (k_1 + 2 * k_2 + 2 * k_3 + k_4)
        loss = loss_of(x, labels)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(field.parameters(), 5.0)
        optimizer.step()
        losses.append(float(loss.detach()))
    return losses, field


def test_the_reference_is_the_published_procedure_step_by_step() -> None:
    trainer = Trainer(REFERENCE, small_set(train=105))  # 105 triplets: three full batches and a rest
    torch.manual_seed(0)
    losses, field = plain_loop(trainer, steps=3)
    ours = [trainer._step(batch) for batch in islice(trainer._batches.epoch(trainer._order), 3)]
    assert ours == pytest.approx(losses, abs=1e-5)
    for (name, expected), found in zip(field.named_parameters(), trainer.field.parameters(), strict=True):
        assert torch.allclose(found, expected, atol=1e-5), name


def test_the_reference_has_the_published_settings() -> None:
    r = REFERENCE
    assert (r.t_dim, r.hidden, r.heads, r.dropout, r.steps) == (32, 256, 4, 0.1, 10)
    assert (r.batches, r.batch_size, r.learning_rate, r.weight_decay, r.clip) == ("triplets", 32, 1e-4, 0.01, 5.0)
    assert (r.epochs, r.warmup_epochs, r.plateau_factor, r.plateau_patience) == (200, 20, 0.8, 15)
    assert (r.patience, r.min_delta, r.mirrored, r.averaging, r.noise) == (40, 5e-4, False, 0.0, 0.0)


def test_the_reference_lowers_its_rate_before_its_warmup_has_ended() -> None:
    trainer = Trainer(REFERENCE.changed(epochs=18, hidden=8, steps=1), small_set())
    rates = [epoch.learning_rate for epoch in trainer.fit()]
    assert rates[:16] == [1e-4] * 16
    assert rates[16:] == pytest.approx([0.8e-4] * 2)
