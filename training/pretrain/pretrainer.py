"""The training loop of ent-mini: any step can be done again, so a run that was cut short goes on as if it were not."""

from __future__ import annotations

import platform
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from core.device import autocast, best_device
from core.errors import EntError
from training.pretrain.augment import augment
from training.pretrain.config import PretrainConfig
from training.pretrain.meaning import Meaning
from training.pretrain.objective import Objective
from training.pretrain.pool import Pool

CHECKPOINT = "checkpoint.pt"
KEEP_EVERY, TELL_EVERY = 250, 20
"""Steps between checkpoints, and between events."""
CLIP_NORM = 2.0
LARGEST_SCALE = 100.0
SENTENCES, STRUCTURES = 0.5, 0.25
"""Parts of the texts that are whole sentences and structures; the rest are findings."""


@dataclass(frozen=True)
class PretrainEvent:
    """How far a run has come: steps done and in all, mean loss since the last event, seconds spent."""

    step: int
    steps: int
    loss: float
    seconds: float


@dataclass(frozen=True)
class Conditions:
    """What decides how weights are rounded."""

    processor: str
    device: str
    precision: str
    threads: int
    torch_version: str

    @classmethod
    def here(cls, device: torch.device) -> Conditions:
        """Those of now, on that device; the precision is that in which images are encoded during training."""
        processor = f"{platform.machine()} {torch.backends.cpu.get_cpu_capability()}"
        with autocast(device, training=True):
            mixed = torch.is_autocast_enabled(device.type)
        precision = "bfloat16" if mixed else "float32"
        return cls(processor, device.type, precision, torch.get_num_threads(), str(torch.__version__))


@dataclass(frozen=True)
class Batch:
    """B images as the model takes them, and what they mean; a text for each as tokens (B, L), its kind and the parts
    that it names (B,).
    """

    pixels: Tensor
    tokens: Tensor
    kinds: Tensor
    names: Tensor
    meaning: Meaning

    def to(self, device: torch.device) -> Batch:
        """The same on that device."""
        pixels, tokens, kinds, names = (x.to(device) for x in (self.pixels, self.tokens, self.kinds, self.names))
        return Batch(pixels, tokens, kinds, names, self.meaning.to(device))


class Pretrainer:
    """Trains `model` (an open_clip CLIP) on `pool`.

    `averaged` is the running average of its weights; `losses` the mean loss by step, `seconds` the time spent, and
    `conditions` those under which steps were made, of the whole run, however often it was cut short.
    """

    def __init__(self, config: PretrainConfig, model: nn.Module, pool: Pool) -> None:
        self.config, self.pool = config, pool
        self.device = torch.device(best_device())
        self.model: Any = model.to(self.device).to(memory_format=torch.channels_last)
        torch.manual_seed(config.seed)
        self.objective = Objective(config).to(self.device)
        self.averaged = {name: tensor.detach().clone() for name, tensor in self.model.state_dict().items()}
        self._parameters = [*self.model.parameters(), *self.objective.parameters()]
        self._optimizer = torch.optim.AdamW(self._parameters, lr=config.lr, weight_decay=config.weight_decay)
        self.step = 0
        self.seconds = 0.0
        self.losses: dict[int, float] = {}
        self.conditions = [Conditions.here(self.device)]

    def fit(self, folder: Path | None = None) -> Iterator[PretrainEvent]:
        """Do the steps that are left, keeping a checkpoint in `folder`; raises EntError when the loss is not finite."""
        start, losses = time.monotonic() - self.seconds, []
        self.model.train()
        while self.step < self.config.steps:
            loss = self._do_step(self._batch(self.step).to(self.device))
            if not torch.isfinite(loss):
                raise EntError(f"the loss is not finite in step {self.step}; train with another seed")
            losses.append(float(loss))
            self.seconds = time.monotonic() - start
            if self.step % TELL_EVERY == 0 or self.step == self.config.steps:
                self.losses[self.step] = sum(losses) / len(losses)
                losses.clear()
                yield PretrainEvent(self.step, self.config.steps, self.losses[self.step], self.seconds)
            if folder is not None and (self.step % KEEP_EVERY == 0 or self.step == self.config.steps):
                self.save(folder / CHECKPOINT)

    def save(self, path: Path) -> None:
        """Keep everything that going on needs."""
        state = {
            "config": asdict(self.config),
            "step": self.step,
            "seconds": self.seconds,
            "losses": self.losses,
            "conditions": [asdict(one) for one in self.conditions],
            "model": self.model.state_dict(),
            "averaged": self.averaged,
            "objective": self.objective.state_dict(),
            "optimizer": self._optimizer.state_dict(),
        }
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(".part")
        torch.save(state, part)
        part.replace(path)

    def resume(self, path: Path) -> None:
        """Go on where the checkpoint at `path` stands.

        Raises EntError when there is none, it cannot be read, or it is of a run with other settings.
        """
        if not path.is_file():
            raise EntError("no run of these settings and images was cut short here; leave out --resume to begin one")
        try:
            state = torch.load(path, map_location=self.device, weights_only=True)
        except (RuntimeError, EOFError, UnpicklingError) as error:
            raise EntError(f"{path} is damaged; remove {path.parent} and begin again") from error
        if state["config"] != asdict(self.config):
            raise EntError(f"{path} belongs to a run with other settings; give the same, or start in another folder")
        self.model.load_state_dict(state["model"])
        self.objective.load_state_dict(state["objective"])
        self._optimizer.load_state_dict(state["optimizer"])
        self.averaged, self.step = state["averaged"], state["step"]
        self.seconds, self.losses = state["seconds"], state["losses"]
        before = [Conditions(**one) for one in state["conditions"]]
        self.conditions = before if before[-1:] == self.conditions else before + self.conditions

    def _do_step(self, batch: Batch) -> Tensor:
        for group in self._optimizer.param_groups:
            group["lr"] = self.config.learning_rate(self.step)
        loss = self._loss(batch)
        self._optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(self._parameters, CLIP_NORM)
        self._optimizer.step()
        self.step += 1
        self._average()
        return loss.detach()

    def _batch(self, step: int) -> Batch:
        """What step `step` sees: the same whenever it is asked for."""
        generator = torch.Generator().manual_seed(self.config.seed * 1_000_003 + step)
        rows = torch.randint(len(self.pool), (self.config.batch,), generator=generator)
        mirrored = torch.rand(len(rows), generator=generator) < 0.5
        kinds = torch.bucketize(
            torch.rand(len(rows), generator=generator), torch.tensor([SENTENCES, SENTENCES + STRUCTURES])
        )
        meaning = self.pool.meaning[rows].mirrored(mirrored)
        tokens = self.pool.tokens[rows, kinds, mirrored.long()]
        names = self.pool.names[rows, kinds]
        pixels = augment(torch.from_numpy(self.pool.pixels[rows.numpy()]), mirrored, generator)
        return Batch(pixels.contiguous(memory_format=torch.channels_last), tokens.long(), kinds, names, meaning)

    def _loss(self, batch: Batch) -> Tensor:
        with autocast(self.device, training=True):
            images = self.model.encode_image(batch.pixels)
        texts = self.model.encode_text(batch.tokens)
        scale = self.model.logit_scale.exp().clamp(max=LARGEST_SCALE)
        images, texts = functional.normalize(images.float(), dim=-1), functional.normalize(texts, dim=-1)
        said = batch.meaning.said_by(batch.kinds, batch.names)
        loss: Tensor = self.objective(images, texts, said, batch.meaning, scale)
        return loss

    @torch.no_grad()
    def _average(self) -> None:
        past = min(self.config.average, (1 + self.step) / (10 + self.step))
        for name, tensor in self.model.state_dict().items():
            if tensor.is_floating_point():
                self.averaged[name].lerp_(tensor, 1 - past)
            else:
                self.averaged[name].copy_(tensor)
