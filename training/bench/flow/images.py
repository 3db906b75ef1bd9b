"""The images of the flow's benchmark: the demo's phantoms and fresh ones, rendered when somebody looks at them."""

from __future__ import annotations

import hashlib
import io
import multiprocessing
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path

from PIL import Image

import training.phantoms
from training.phantoms.dataset import phantoms
from training.phantoms.patient import Phantom
from training.pretrain.pool import START

DEMO_SEED, DEMO_PER_CLASS = 0, 100
"""What the demo library is drawn from."""
FRESH_SEED = 710_001
"""Far from the seeds of the demo library and of what encoders are trained and measured on."""
JUDGES_SEED, JUDGES_PER_CLASS = 840_001, 250
"""Fresh patients who are test images in every split; training/README.md says how far they have stayed unseen."""
SIZE = 160
"""Height of the rendered frames in pixels."""


@dataclass(frozen=True)
class Shown:
    """Phantoms not yet rendered; `group` tells patients apart, of whatever seed they are. The last are `judges`."""

    people: tuple[Phantom, ...]
    judges: int = 0

    @property
    def group(self) -> tuple[str, ...]:
        return tuple(f"{one.seed}-{one.patient}" for one in self.people)

    @cached_property
    def images(self) -> list[Image.Image]:
        return rendered(self.people, SIZE)

    @cached_property
    def digest(self) -> str:
        """A short hash of all facts and of the renderer's sources: processors that round otherwise do not change it."""
        told = hashlib.sha256(repr([(one.seed, one.name, one.facts) for one in self.people]).encode())
        for source in sorted(Path(training.phantoms.__file__).parent.glob("*.py")):
            told.update(source.read_bytes())
        return told.hexdigest()[:12]


def enlarged_demo(per_class: int, judges: int = JUDGES_PER_CLASS) -> Shown:
    """`per_class` phantoms of each class, the demo's own and fresh ones where those do not suffice; then the judges."""
    demo = list(phantoms(DEMO_SEED, min(per_class, DEMO_PER_CLASS)))
    fresh = list(phantoms(FRESH_SEED, per_class - DEMO_PER_CLASS)) if per_class > DEMO_PER_CLASS else []
    judging = list(phantoms(JUDGES_SEED, judges)) if judges else []
    return Shown((*demo, *fresh, *judging), len(judging))


def rendered(people: Sequence[Phantom], size: int) -> list[Image.Image]:
    """Frames of `size` pixels' height, compressed as their cameras do it."""
    with multiprocessing.get_context(START).Pool() as workers:
        files = workers.map(partial(_file, size=size), people, chunksize=16)
    return [Image.open(io.BytesIO(file)).convert("RGB") for file in files]


def _file(phantom: Phantom, size: int) -> bytes:
    return phantom.jpeg(size)
