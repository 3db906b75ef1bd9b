"""What ent-mini is asked to learn: images with their captions, and images of one meaning together."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from training.pretrain.config import PretrainConfig
from training.pretrain.meaning import FINDING_NAMES, LABELS, Meaning

TEMPERATURE = 0.1
"""Of the contrast between images (Khosla et al. 2020); that between images and captions is learnt."""
SMOOTHING = 0.05
SCALE = 8.0
"""Length given to an embedding before the linear heads, whose logits would be too flat otherwise."""


class Objective(nn.Module):
    """The loss of a batch; holds the linear heads that read class and finding off an embedding while training."""

    def __init__(self, config: PretrainConfig, dim: int = 512) -> None:
        super().__init__()
        self.config = config
        self.label_head = nn.Linear(dim, len(LABELS))
        self.finding_head = nn.Linear(dim, len(FINDING_NAMES))

    def forward(self, images: Tensor, texts: Tensor, said: Tensor, meaning: Meaning, scale: Tensor) -> Tensor:
        """The loss of embeddings `images` and `texts` (B, D), L2-normalised; `said` (B, B): text j is true of i."""
        config = self.config
        logits = scale * images @ texts.T  # (image, text)
        loss = config.clip * (contrast(logits, said) + contrast(logits.T, said.T)) / 2
        labels, findings = self.label_head(SCALE * images), self.finding_head(SCALE * images)
        loss = loss + config.class_ * functional.cross_entropy(labels, meaning.label, label_smoothing=SMOOTHING)
        loss = loss + config.finding * functional.cross_entropy(findings, meaning.finding, label_smoothing=SMOOTHING)
        same_label = meaning.label[:, None] == meaning.label
        same_finding = same_label & (meaning.finding[:, None] == meaning.finding)
        among = images @ images.T / TEMPERATURE
        among = among.masked_fill(
            torch.eye(len(images), dtype=torch.bool, device=images.device), float("-inf")
        )  # not with itself
        loss = loss + config.class_pairs * contrast(among, same_label)
        return loss + config.finding_pairs * contrast(among, same_finding)


def contrast(logits: Tensor, true: Tensor) -> Tensor:
    """Minus the mean log-probability of what is true in each row, over the rows in which something is.

    `logits` (B, C), `true` (B, C) bool; entries of minus infinity take no part (Khosla et al. 2020, equation 2).
    """
    true = true & logits.isfinite()
    log_probability = logits - logits.logsumexp(1, keepdim=True)
    counts = true.sum(1)
    sums = torch.where(true, log_probability, torch.zeros_like(log_probability)).sum(1)
    some = counts > 0
    return -(sums[some] / counts[some]).mean() if bool(some.any()) else logits.new_zeros(())
