"""The loss that pulls images of one class together and pushes classes apart."""

from __future__ import annotations

from typing import Protocol

from pytorch_metric_learning.losses import MultiSimilarityLoss
from torch import Tensor


class MetricLoss(Protocol):
    """A loss on embeddings (B, D) and their classes (B,), a scalar."""

    def __call__(self, embeddings: Tensor, labels: Tensor) -> Tensor: ...


def multi_similarity(alpha: float = 2.0, beta: float = 50.0, base: float = 0.5) -> MetricLoss:
    """Multi-similarity loss (Wang et al. 2019) over all pairs of the batch, on cosines.

    The defaults are the published method's. Zero, with a gradient, for a batch without any pair.
    """
    loss: MetricLoss = MultiSimilarityLoss(alpha=alpha, beta=beta, base=base)
    return loss
