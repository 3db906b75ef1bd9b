"""How good a field is on images that it was not trained on, after each epoch."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from core.batches import TripletBatches
from core.flow import Flow, FlowConfig
from core.metric_loss import MetricLoss
from core.metrics import gallery_recall_at_1
from core.recipe import Recipe
from core.training_set import Part, TrainingSet
from core.triplets import mine_triplets
from core.vector_field import VectorField

BATCH = 64
"""Triplets in a batch of the published method's validation."""
PAIRED = 512
"""Images compared with each other in a batch of ours."""


@dataclass(frozen=True)
class Checked:
    """Loss on the validation images, and the share of them whose nearest training image is of their class."""

    loss: float
    recall: float


def validate(field: VectorField, recipe: Recipe, data: TrainingSet, loss: MetricLoss) -> Checked | None:
    """Loss and recall of `field`, evaluated (no dropout), on the validation images; None without any."""
    if not len(data.val):
        return None
    flow = Flow(field, FlowConfig(steps=recipe.steps))
    moved, gallery = flow.transform(data.val.x), flow.transform(data.train.x)
    recall = gallery_recall_at_1(moved, data.val.labels, gallery, data.train.labels)
    return Checked(_loss(Part(moved, data.val.labels), recipe, data, loss), recall)


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
