"""Training against a plain loop, against interruption, and against bad data."""

from __future__ import annotations

import io
import json
from itertools import islice

import numpy as np
import pytest
import torch
from pytorch_metric_learning.losses import MultiSimilarityLoss

from core.batches import BalancedBatches
from core.errors import TrainingError
from core.metrics import gallery_recall_at_1
from core.recipe import DEFAULT, RECIPES, REFERENCE, Recipe, recipe_named
from core.taxonomy import ENT, AnatomyClass, Taxonomy
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


QUICK = {
    "reference": REFERENCE.changed(epochs=6, hidden=16, heads=2, steps=2, plateau_patience=1, warmup_epochs=2),
    "default": DEFAULT.changed(epochs=6, hidden=16, heads=2, batch_size=28),
}


@pytest.mark.parametrize("recipe", QUICK.values(), ids=QUICK)
@pytest.mark.parametrize("stop", [1, 4])
def test_stopping_and_going_on_ends_with_the_same_weights(recipe: Recipe, stop: int) -> None:
    data = small_set()
    whole = Trainer(recipe, data)
    list(whole.fit())
    first = Trainer(recipe, data)
    for epoch in first.fit():
        torch.manual_seed(epoch.number)  # nothing may come from the global generator
        if epoch.number == stop:
            break
    file = io.BytesIO()
    torch.save(first.state(), file)
    rest = Trainer(recipe, data)
    rest.load_state(torch.load(io.BytesIO(file.getvalue()), weights_only=True))
    list(rest.fit())
    one, other = whole.result(), rest.result()
    assert one.best_epoch == other.best_epoch
    for (name, expected), found in zip(whole.field.state_dict().items(), rest.field.state_dict().values(), strict=True):
        assert torch.equal(expected, found), name
    kept = zip(one.flow.field.state_dict().values(), other.flow.field.state_dict().values(), strict=True)
    assert all(torch.equal(a, b) for a, b in kept)
    assert [e.train_loss for e in one.curve] == [e.train_loss for e in other.curve]


@pytest.mark.parametrize("recipe", QUICK.values(), ids=QUICK)
def test_a_seed_decides_everything(recipe: Recipe) -> None:
    first, again, other = (list(Trainer(recipe.changed(seed=s, epochs=2), small_set()).fit()) for s in (1, 1, 2))
    assert [e.train_loss for e in first] == [e.train_loss for e in again]
    assert [e.train_loss for e in first] != [e.train_loss for e in other]


def test_training_finds_the_classes() -> None:
    x, labels = embeddings(420, spread=1.3)
    splits = ["train"] * 280 + ["val"] * 140
    data = training_set(x, labels, splits, ENT)
    raw = gallery_recall_at_1(data.val.x, data.val.labels, data.train.x, data.train.labels)
    trainer = Trainer(DEFAULT.changed(epochs=15), data)
    curve = list(trainer.fit())
    result = trainer.result()
    best = curve[result.best_epoch - 1]
    assert best.val_recall is not None
    assert best.val_recall > raw
    moved = result.flow.transform(data.val.x), result.flow.transform(data.train.x)
    again = gallery_recall_at_1(moved[0], data.val.labels, moved[1], data.train.labels)
    assert again == pytest.approx(best.val_recall)  # the weights kept are those of that epoch
    assert curve[-1].train_loss < curve[0].train_loss


def test_early_stopping_waits_as_long_as_it_is_told() -> None:
    trainer = Trainer(QUICK["reference"].changed(epochs=200, learning_rate=1e-12, patience=3), small_set())
    curve = list(trainer.fit())
    assert trainer.result().ending == "no improvement any more"
    assert len(curve) == trainer.result().best_epoch + 3


def test_a_rate_that_is_still_to_come_down_is_waited_for() -> None:
    trainer = Trainer(QUICK["default"].changed(epochs=8, patience=2, learning_rate=1e-12), small_set())
    assert len(list(trainer.fit())) == 8
    assert trainer.result().ending == "all epochs done"


def test_without_validation_images_the_training_loss_decides() -> None:
    for recipe in QUICK.values():
        trainer = Trainer(recipe, small_set(val=0))
        curve = list(trainer.fit())
        assert {(e.val_loss, e.val_recall) for e in curve} == {(None, None)}
        lowest = np.inf
        for epoch in curve:
            assert epoch.best == (epoch.train_loss < lowest - recipe.min_delta)
            lowest = min(lowest, epoch.train_loss) if epoch.best else lowest
        assert trainer.result().best_epoch == max(e.number for e in curve if e.best)


def test_a_loss_that_explodes_is_a_clear_error_and_keeps_the_best_so_far() -> None:
    trainer = Trainer(QUICK["default"], small_set())
    epochs = trainer.fit()
    next(epochs)
    with torch.no_grad():
        trainer.field.res_weight.fill_(float("nan"))
    with pytest.raises(TrainingError, match="the loss became nan in epoch 2; lower the learning rate"):
        next(epochs)
    assert trainer.result().best_epoch == 1


def test_nothing_is_learnt_before_the_first_epoch_has_ended() -> None:
    with pytest.raises(TrainingError, match="nothing was learnt yet"):
        Trainer(QUICK["default"], small_set()).result()


def test_the_state_of_another_training_is_refused() -> None:
    state = Trainer(QUICK["reference"], small_set()).state()
    with pytest.raises(TrainingError, match="state of this training"):
        Trainer(QUICK["reference"].changed(heads=3), small_set()).load_state(state)


def test_data_that_teaches_nothing_is_refused_in_words() -> None:
    x, _ = embeddings(4)
    for labels, said in (
        (["throat"] * 4, "of 1 classes"),
        (["throat", "ear-left", "ear-right", "vc-open"], "no class has two images"),
    ):
        with pytest.raises(TrainingError, match=said):
            training_set(x, labels, ["train"] * 4, ENT)


def test_classes_with_one_image_and_no_mirror_take_part_as_they_can() -> None:
    one_way = Taxonomy("x", tuple(AnatomyClass(name, name, "r", mirror=None) for name in ("a", "b", "c")))
    x, _ = embeddings(9)
    labels = ["a"] * 4 + ["b"] * 4 + ["c"]
    data = training_set(x, labels, ["train"] * 9, one_way, mirrored=x)
    assert len(data.mirrored) == 0
    for recipe in QUICK.values():
        assert len(list(Trainer(recipe.changed(epochs=2), data).fit())) == 2


def test_mirrored_images_carry_the_mirrored_label() -> None:
    x, labels = embeddings(14)
    data = training_set(x, labels, ["train"] * 12 + ["val", "test"], ENT, -x, np.arange(14) % 2 == 0)
    assert np.array_equal(data.mirrored.x, -x[0:12:2])
    assert [ENT.labels[i] for i in data.mirrored.labels] == [ENT[label].mirror for label in labels[0:12:2]]


def test_balanced_batches_hold_as_many_of_each_class_and_see_everything() -> None:
    x, labels = embeddings(70)
    rows = [i for i, label in enumerate(labels) if label != "throat" or i < 20]  # throat is rare
    data = training_set(x[rows], [labels[i] for i in rows], ["train"] * len(rows), ENT)
    batches = BalancedBatches([data.train], 28, noise=0.0)
    seen = set()
    for batch in batches.epoch(torch.Generator().manual_seed(0)):
        assert torch.bincount(batch.labels).tolist() == [4] * 7
        seen |= {tuple(row) for row in batch.x.tolist()}
    throat = {tuple(row) for row in data.train.x[data.train.labels == ENT.labels.index("throat")].tolist()}
    assert throat <= seen


def test_recipes_go_through_json_and_strangers_are_refused() -> None:
    for recipe in RECIPES.values():
        assert Recipe.from_dict(json.loads(json.dumps(recipe.to_dict()))) == recipe
    with pytest.raises(TrainingError, match="there is no recipe 'best'; there are default, reference"):
        recipe_named("best")
    with pytest.raises(TrainingError, match="no settings of a training: magic"):
        Recipe.from_dict({"name": "x", "magic": 1})


NONSENSE: list[dict[str, object]] = [
    {"epochs": 0},
    {"epochs": 2.0},
    {"learning_rate": 0.0},
    {"learning_rate": "a"},
    {"learning_rate": float("nan")},
    {"dropout": 1.0},
    {"averaging": 1.5},
    {"noise": float("inf")},
    {"findings": -1.0},
    {"weight_decay": -1.0},
    {"clip": 0.0},
    {"hidden": 0},
    {"warmup_epochs": -5},
    {"plateau_factor": 2.0},
    {"seed": 1.5},
    {"t_dim": 33},
    {"epochs": 10**400},
    {"mirrored": 1},
    {"start": "nonsense"},
    {"batches": "x"},
    {"schedule": "z"},
    {"keep": "q"},
]


@pytest.mark.parametrize("bad", NONSENSE, ids=str)
def test_settings_that_mean_nothing_are_refused_by_name(bad: dict[str, object]) -> None:
    with pytest.raises(TrainingError, match=next(iter(bad))):
        DEFAULT.changed(**bad)
