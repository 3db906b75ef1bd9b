"""Embeddings to train flows on, of data that everyone can make again."""

from __future__ import annotations

import io
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import numpy as np
from PIL import Image
from sklearn.datasets import load_breast_cancer, load_digits

from core.encoder import CLIPEncoder, describe
from core.field_of_view import crop_field_of_view
from core.imaging import mirror
from core.split import SplitConfig, plan_split
from core.taxonomy import ENT, AnatomyClass, Taxonomy
from core.vectors import Matrix
from training.phantoms.dataset import phantoms
from training.random_weights import write_random_weights

PHANTOM_SEED = 1000
"""Far from the seeds of the demo library and of what encoders are trained on."""
SIZE = 160
"""Height of the rendered frames in pixels."""
BATCH = 32
LABELLED = 0.1
"""Part of the data sets of scikit-learn that is trained on; a fifth of it validates."""


@dataclass(frozen=True)
class Kind:
    """Images as (N, D) embeddings, what is known of them, and a split.

    `mirrored` (N, D) are their mirror images, where mirroring means something. `finding` is "" where there is none,
    `group` the patient (or a number of each image's own).
    """

    name: str
    taxonomy: Taxonomy
    x: Matrix
    mirrored: Matrix | None
    label: tuple[str, ...]
    finding: tuple[str, ...]
    group: tuple[str, ...]
    split: tuple[str, ...] = ()

    def split_by(self, seed: int) -> Kind:
        """The same with the split of that seed: by patient for phantoms, one image in ten for the others."""
        if self.mirrored is None:
            return replace(self, split=_few_labelled(self.label, seed))
        numbers = {group: number for number, group in enumerate(dict.fromkeys(self.group))}
        groups = [numbers[group] for group in self.group]
        return replace(self, split=plan_split(self.label, groups, [None] * len(groups), SplitConfig(seed=seed)).splits)


@dataclass(frozen=True)
class _Shown:
    images: list[Image.Image]
    label: tuple[str, ...]
    finding: tuple[str, ...]
    group: tuple[str, ...]


@cache
def _phantoms(per_class: int) -> _Shown:
    made = list(phantoms(PHANTOM_SEED, per_class))
    images = [Image.open(io.BytesIO(phantom.jpeg(SIZE))).convert("RGB") for phantom in made]
    facts = [phantom.facts for phantom in made]
    return _Shown(
        images,
        tuple(fact.label for fact in facts),
        tuple(fact.finding or "" for fact in facts),
        tuple(phantom.patient for phantom in made),
    )


def thumbnail(per_class: int) -> Kind:
    """8 x 8 colours of the field of view, without their mean picture."""

    def colours(images: Sequence[Image.Image]) -> Matrix:
        small = [crop_field_of_view(image).resize((8, 8), Image.Resampling.BOX) for image in images]
        return np.stack([np.asarray(image, np.float32).ravel() / 255 for image in small])

    shown = _phantoms(per_class)
    plain, flipped = colours(shown.images), colours([mirror(image) for image in shown.images])
    mean = plain.mean(axis=0)
    return _kind("8x8 colours", shown, plain - mean, flipped - mean)


def untrained(per_class: int) -> Kind:
    """ViT-B/32 with random weights."""
    with tempfile.TemporaryDirectory() as folder:
        weights = Path(folder) / "random.safetensors"
        write_random_weights(weights, "ViT-B-32-quickgelu", seed=0)
        return _encoded("ViT-B/32, random weights", CLIPEncoder(*describe("clip-vit-b-32", weights)), per_class)


def ent_mini(per_class: int) -> Kind:
    """The bundled encoder."""
    return _encoded("ent-mini", CLIPEncoder(*describe("ent-mini")), per_class)


def digits(_per_class: int) -> Kind:
    """Handwritten digits of scikit-learn: 1797 images, 64 grey values as the embedding."""
    found = load_digits()
    return _table("digits", found.data, [f"digit-{target}" for target in found.target])


def breast_cancer(_per_class: int) -> Kind:
    """Cell nuclei of scikit-learn: 569 biopsies, 30 measurements, standardised, as the embedding."""
    found = load_breast_cancer()
    data = (found.data - found.data.mean(axis=0)) / found.data.std(axis=0)
    return _table("breast cancer", data, [str(found.target_names[target]) for target in found.target])


KINDS: Mapping[str, Callable[[int], Kind]] = {
    "thumbnail": thumbnail,
    "untrained": untrained,
    "ent-mini": ent_mini,
    "digits": digits,
    "breast-cancer": breast_cancer,
}


def _encoded(name: str, encoder: CLIPEncoder, per_class: int) -> Kind:
    shown = _phantoms(per_class)

    def embed(images: Sequence[Image.Image]) -> Matrix:
        batches = (images[start : start + BATCH] for start in range(0, len(images), BATCH))
        return np.concatenate([encoder.encode_images(batch) for batch in batches])

    return _kind(name, shown, embed(shown.images), embed([mirror(image) for image in shown.images]))


def _kind(name: str, shown: _Shown, plain: Matrix, flipped: Matrix) -> Kind:
    return Kind(name, ENT, _unit(plain), _unit(flipped), shown.label, shown.finding, shown.group)


def _table(name: str, data: np.ndarray, label: Sequence[str]) -> Kind:
    names = sorted(set(label))
    taxonomy = Taxonomy(name, tuple(AnatomyClass(n, n, n) for n in names))
    group = tuple(str(row) for row in range(len(label)))
    return Kind(name, taxonomy, _unit(data.astype(np.float32)), None, tuple(label), ("",) * len(label), group)


def _few_labelled(label: Sequence[str], seed: int) -> tuple[str, ...]:
    rng, split = np.random.default_rng(seed), np.full(len(label), "test", dtype=object)
    for name in dict.fromkeys(label):
        rows = rng.permutation(np.flatnonzero(np.asarray(label) == name))
        few = max(3, round(LABELLED * len(rows)))
        split[rows[:few]] = "train"
        split[rows[: max(1, few // 5)]] = "val"
    return tuple(split)


def _unit(rows: Matrix) -> Matrix:
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), np.float32)
