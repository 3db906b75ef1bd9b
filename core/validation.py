"""How good a field is on images that it was not trained on, after each epoch."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from core.batches import TripletBatches
from core.flow import Flow, FlowConfig
from core.metric_loss import MetricLoss
from core.metrics import Values, nearest_few, precision_at_k
from core.recipe import Recipe
from core.training_set import Ints, Part, TrainingSet
from core.triplets import mine_triplets
from core.vector_field import VectorField
from core.vectors import Matrix

BATCH = 64
"""Triplets in a batch of the published method's validation."""
PAIRED = 512
"""Images compared with each other in a batch of ours."""
NEAREST = 5


@dataclass(frozen=True)
class Checked:
    """Loss on the validation images, and the share of them whose nearest training image is of their class.

    `served` (V,) is how well each is: half for the nearest being right, half for the share of right ones among the
    five nearest, which is less left to chance, since a few hundred validation images are a coarse ruler. Where a
    library says what was found, the same by finding counts beside it as far as embeddings show findings, so that
    classes are not learnt at their cost.
    """

    loss: float
    recall: float
    served: Values


def validate(
    field: VectorField, recipe: Recipe, data: TrainingSet, loss: MetricLoss, shown: float = 0.0
) -> Checked | None:
    """Loss and recall of `field`, evaluated (no dropout), on the validation images; None without any.

    `shown` is how far embeddings show findings, as `findings_shown` has it.
    """
    if not len(data.val):
        return None
    flow = Flow(field, FlowConfig(steps=recipe.steps))
    moved, gallery = flow.transform(data.val.x), flow.transform(data.train.x)
    order = _nearest(moved, gallery)
    first = data.train.labels[order[:, 0]] == data.val.labels
    lost = _loss(Part(moved, data.val.labels), recipe, data, loss)
    return Checked(lost, float(first.mean()), _by_both(order, data, shown))


def served(move: Callable[[Matrix], Matrix], data: TrainingSet, shown: float = 0.0) -> Values:
    """How well each validation image is served, (V,), where `move` takes embeddings: see `Checked.served`."""
    return _by_both(_nearest(move(data.val.x), move(data.train.x)), data, shown)


def _nearest(val: Matrix, gallery: Matrix) -> npt.NDArray[np.intp]:
    """The training images nearest to each validation image, nearest first, (V, 5)."""
    return nearest_few(val, gallery, NEAREST)


def _by(order: npt.NDArray[np.intp], val: Ints, train: Ints) -> Values:
    right = train[order] == val[:, None]
    return (precision_at_k(right, 1) + precision_at_k(right, order.shape[1])) / 2


def findings_shown(data: TrainingSet, recipe: Recipe) -> float:
    """How far embeddings show what was found within a class, from 0 (not at all) to 1, told by validation images.

    0 where findings are nothing to `recipe`.
    Of the nearest training images that are of the right class: how many show the right finding, less what would be
    right by chance in that class (Cohen's kappa). 0 where findings are not known.
    """
    if not recipe.findings or not len(data.val) or data.val.findings is None or data.train.findings is None:
        return 0.0
    mean = data.train.x.mean(axis=0)
    order = _nearest(data.val.x - mean, data.train.x - mean)
    right = (data.train.labels[order] == data.val.labels[:, None]) & (data.val.findings[:, None] >= 0)
    same = data.train.findings[order] == data.val.findings[:, None]
    of_class = data.train.labels == data.val.labels[:, None]
    frequent = (of_class & (data.train.findings == data.val.findings[:, None])).sum(axis=1) / of_class.sum(axis=1).clip(
        1
    )
    if not right.any():
        return 0.0
    chance = float((frequent * right.sum(axis=1)).sum() / right.sum())
    agreed = float((same & right).sum() / right.sum())
    return max(0.0, (agreed - chance) / (1 - chance)) if chance < 1 else 0.0


def _by_both(order: npt.NDArray[np.intp], data: TrainingSet, shown: float) -> Values:
    """By class and, where it is said and as far as it is shown, by finding."""
    by_class = _by(order, data.val.labels, data.train.labels)
    if data.val.findings is None or data.train.findings is None:
        return by_class
    by_finding = _by(order, data.val.findings, data.train.findings)
    return np.where(data.val.findings < 0, by_class, (by_class + shown * by_finding) / (1 + shown))


def _loss(moved: Part, recipe: Recipe, data: TrainingSet, loss: MetricLoss) -> float:
    """Mean over batches like those of the training. The loss takes cosines, so normalised embeddings do as well."""
    x, labels = torch.from_numpy(moved.x), torch.from_numpy(moved.labels)
    if recipe.batches == "triplets":
        triplets = mine_triplets(data.val.x, data.val.labels, data.incompatible)  # as the encoder sees them
        if len(triplets):
            batches = TripletBatches(moved, triplets, BATCH).in_order()
            losses = [float(loss(batch.x, batch.labels)) for batch in batches]
            return sum(losses) / len(losses)
    pairs = zip(torch.split(x, PAIRED), torch.split(labels, PAIRED), strict=True)
    losses = [float(loss(*part)) for part in pairs]
    return sum(losses) / len(losses)
