"""An encoder that never saw a label: what is left of an image when its mirror image counts as the same picture.

It learns to tell images apart by contrast alone (SimCLR, Chen et al. 2020): two views of one image are to be alike,
and mirroring is one of the ways in which views differ. A linear probe of its embeddings still tells the side of four
images in five (`bench flow`).

Its weights are shipped, since another processor would end its training with others: what is measured on them in one
place can be gone on with in another.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.nn import functional

from core.field_of_view import crop_field_of_view
from core.settings import ROOT
from core.vectors import Matrix
from training.phantoms.dataset import phantoms
from training.phantoms.patient import Phantom
from training.pretrain.augment import augment, normalised

WEIGHTS = ROOT / "data" / "bench" / "side-blind.safetensors"
IMAGES_SEED = 520_001
SIDE = 64
"""Pixels of the side of what it sees."""
BATCH = 128
"""Images embedded together."""
FRAME = 72
"""Height of the frames that are rendered for it to learn from, in pixels."""


@dataclass(frozen=True)
class BlindConfig:
    """How it is trained: a few minutes on two cores."""

    per_class: int = 400
    steps: int = 400
    batch: int = 128
    width: int = 24
    learning_rate: float = 2e-3
    temperature: float = 0.2
    seed: int = 0


class BlindNet(nn.Module):
    """(B, 3, side, side) to (B, 8 * width): four residual stages and a mean over all places."""

    def __init__(self, width: int) -> None:
        super().__init__()
        sizes = [width, width, 2 * width, 4 * width, 8 * width]
        self.stem = nn.Sequential(nn.Conv2d(3, width, 3, 2, 1, bias=False), nn.BatchNorm2d(width), nn.ReLU())
        self.stages = nn.Sequential(*(_Stage(a, b, 1 if a == b else 2) for a, b in pairwise(sizes)))
        self.head = nn.Sequential(nn.Linear(sizes[-1], sizes[-1]), nn.ReLU(), nn.Linear(sizes[-1], 128))

    def forward(self, x: Tensor) -> Tensor:
        """The embeddings; `head` moves them to where they are contrasted while training."""
        features: Tensor = self.stages(self.stem(x)).mean(dim=(2, 3))
        return features


class _Stage(nn.Module):
    def __init__(self, width_in: int, width_out: int, stride: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(width_in, width_out, 3, stride, 1, bias=False),
            nn.BatchNorm2d(width_out),
            nn.ReLU(),
            nn.Conv2d(width_out, width_out, 3, 1, 1, bias=False),
            nn.BatchNorm2d(width_out),
        )
        self.skip = nn.Conv2d(width_in, width_out, 1, stride, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        return functional.relu(self.body(x) + self.skip(x))


def train_blind(
    frames: Callable[[Sequence[Phantom]], list[Image.Image]],
    config: BlindConfig,
    on_progress: Callable[[int, int], None] = lambda done, total: None,
) -> BlindNet:
    """Train it on fresh phantoms, which `frames` renders; `on_progress` is told the steps done and all steps."""
    pixels = _pixels(frames(list(phantoms(IMAGES_SEED, config.per_class))))
    chance = torch.Generator().manual_seed(config.seed)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(config.seed)
        net = BlindNet(config.width)
    optimizer = torch.optim.AdamW(net.parameters(), lr=config.learning_rate, weight_decay=1e-3)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, config.learning_rate, total_steps=config.steps)
    for step in range(config.steps):
        rows = torch.randperm(len(pixels), generator=chance)[: config.batch]
        views = [_view(pixels[rows], chance) for _ in range(2)]
        loss = _contrast(net.head(net(torch.cat(views))), config.temperature)
        optimizer.zero_grad()
        torch.autograd.backward(loss)
        optimizer.step()
        schedule.step()
        on_progress(step + 1, config.steps)
    return net.eval()


def save_blind(net: BlindNet, path: Path) -> None:
    """Write its weights, in half precision."""
    path.parent.mkdir(parents=True, exist_ok=True)
    save_file({name: of.half() if of.is_floating_point() else of for name, of in net.state_dict().items()}, path)


def load_blind(path: Path = WEIGHTS) -> BlindNet:
    """The net of which `save_blind` wrote the weights."""
    weights = load_file(path)
    net = BlindNet(len(weights["stem.0.weight"]))
    net.load_state_dict(weights)
    return net.eval()


@torch.inference_mode()
def blind_embeddings(net: BlindNet, images: Sequence[Image.Image]) -> Matrix:
    """(N, D) of images, not normalised."""
    batches = torch.split(_pixels(images), BATCH)
    return np.concatenate([net(normalised(batch.permute(0, 3, 1, 2).float() / 255)).numpy() for batch in batches])


def _pixels(images: Sequence[Image.Image]) -> Tensor:
    size = (SIDE, SIDE)
    frames = (crop_field_of_view(image).resize(size, Image.Resampling.BICUBIC) for image in images)
    return torch.from_numpy(np.stack([np.asarray(frame) for frame in frames]))  # (N, side, side, 3)


def _view(pixels: Tensor, chance: torch.Generator) -> Tensor:
    return augment(pixels, torch.rand(len(pixels), generator=chance) < 0.5, chance)


def _contrast(embeddings: Tensor, temperature: float) -> Tensor:
    """NT-Xent of (2 B, D), rows i and B + i being views of one image."""
    x, count = functional.normalize(embeddings, dim=-1), len(embeddings)
    logits = (x @ x.T / temperature).masked_fill(torch.eye(count, dtype=torch.bool), -torch.inf)
    return functional.cross_entropy(logits, torch.arange(count).roll(count // 2))
