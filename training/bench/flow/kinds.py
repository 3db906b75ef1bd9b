"""Embeddings to train flows on, of data that everyone can make again."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, partial
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
from training.bench.flow.blind import WEIGHTS, blind_embeddings, load_blind
from training.bench.flow.images import Shown, enlarged_demo
from training.bench.flow.kept import kept_arrays
from training.random_weights import write_random_weights

BATCH = 32
LABELLED = 0.1
"""Part of the data sets of scikit-learn that is trained on; a fifth of it validates."""
MODEL = "ViT-B-32-quickgelu"

Embed = Callable[[Sequence[Image.Image]], Matrix]
Say = Callable[[str], None]


@dataclass(frozen=True)
class Kind:
    """Images as (N, D) embeddings, what is known of them, and a split.

    `mirrored` (N, D) are their mirror images, where mirroring means something. `finding` is "" where there is none,
    `group` the patient (or a number of each image's own). The last `judges` are test images in every split. `digest`
    changes with the embeddings, but not with the rounding of another processor.
    """

    name: str
    taxonomy: Taxonomy
    x: Matrix
    mirrored: Matrix | None
    label: tuple[str, ...]
    finding: tuple[str, ...]
    group: tuple[str, ...]
    digest: str
    judges: int = 0
    split: tuple[str, ...] = ()

    def split_by(self, seed: int) -> Kind:
        """The same with the split of that seed: by patient for phantoms, one image in ten for the others."""
        if self.mirrored is None:
            return replace(self, split=_few_labelled(self.label, seed))
        count = len(self.label) - self.judges
        numbers = {group: number for number, group in enumerate(dict.fromkeys(self.group))}
        groups = [numbers[group] for group in self.group[:count]]
        planned = plan_split(self.label[:count], groups, [None] * count, SplitConfig(seed=seed))
        return replace(self, split=(*planned, *("test",) * self.judges))


def ent_mini(per_class: int, say: Say) -> Kind:
    """The bundled encoder."""
    encoder = CLIPEncoder(*describe("ent-mini"))

    def embed(images: Sequence[Image.Image]) -> Matrix:
        return _encode(encoder, images)

    return _kind("ent-mini", encoder.spec.fingerprint[:12], per_class, lambda: embed, say)


def blind(per_class: int, say: Say) -> Kind:
    """A small encoder that never saw a label, to which mirror images are the same."""
    version = hashlib.sha256(WEIGHTS.read_bytes()).hexdigest()[:12]
    return _kind("side-blind encoder", version, per_class, lambda: partial(blind_embeddings, load_blind()), say)


def untrained(per_class: int, say: Say) -> Kind:
    """ViT-B/32 with random weights."""

    def ready() -> Embed:
        with tempfile.TemporaryDirectory() as folder:
            weights = Path(folder) / "random.safetensors"
            write_random_weights(weights, MODEL, seed=0)
            encoder = CLIPEncoder(*describe("clip-vit-b-32", weights))
            encoder.load()
        return lambda images: _encode(encoder, images)

    return _kind("ViT-B/32, random weights", "0", per_class, ready, say)


def thumbnail(per_class: int, say: Say) -> Kind:
    """8 x 8 colours of the field of view, without their mean picture."""

    def colours(images: Sequence[Image.Image]) -> Matrix:
        small = [crop_field_of_view(image).resize((8, 8), Image.Resampling.BOX) for image in images]
        return np.stack([np.asarray(image, np.float32).ravel() / 255 for image in small])

    return _kind("8x8 colours", "0", per_class, lambda: colours, say, centred=True)


def digits(_per_class: int, _say: Say) -> Kind:
    """Handwritten digits of scikit-learn: 1797 images, 64 grey values as the embedding."""
    found = load_digits()
    return _table("digits", found.data, [f"digit-{target}" for target in found.target])


def breast_cancer(_per_class: int, _say: Say) -> Kind:
    """Cell nuclei of scikit-learn: 569 biopsies, 30 measurements, standardised, as the embedding."""
    found = load_breast_cancer()
    data = (found.data - found.data.mean(axis=0)) / found.data.std(axis=0)
    return _table("breast cancer", data, [str(found.target_names[target]) for target in found.target])


KINDS: Mapping[str, Callable[[int, Say], Kind]] = {
    "ent-mini": ent_mini,
    "blind": blind,
    "untrained": untrained,
    "thumbnail": thumbnail,
    "digits": digits,
    "breast-cancer": breast_cancer,
}


@cache
def _shown(per_class: int) -> Shown:
    return enlarged_demo(per_class)


def _encode(encoder: CLIPEncoder, images: Sequence[Image.Image]) -> Matrix:
    batches = (images[start : start + BATCH] for start in range(0, len(images), BATCH))
    return np.concatenate([encoder.encode_images(batch) for batch in batches])


def _kind(
    name: str, version: str, per_class: int, ready: Callable[[], Embed], say: Say, *, centred: bool = False
) -> Kind:
    """The embeddings of the enlarged demo by what `ready` gets ready, kept by `name`, `version` and the images."""
    shown = _shown(per_class)
    digest = f"{name.translate(str.maketrans(' /,', '---'))}-{version}-{per_class}-{shown.digest}"

    def make() -> dict[str, np.ndarray]:
        embed = ready()
        say(f"{name}: embedding {len(shown.people)} images and their mirror images")
        learnt_from = shown.images[: len(shown.images) - shown.judges]
        return {"plain": embed(shown.images), "mirrored": embed([mirror(image) for image in learnt_from])}

    found = kept_arrays(digest, make)
    mean = found["plain"].mean(axis=0) * np.float32(centred)
    plain, flipped = (_unit(found[which] - mean) for which in ("plain", "mirrored"))
    flipped = np.concatenate([flipped, plain[len(flipped) :]])  # nobody asks for the mirror images of judges
    facts = [one.facts for one in shown.people]
    label, finding = tuple(fact.label for fact in facts), tuple(fact.finding or "" for fact in facts)
    return Kind(name, ENT, plain, flipped, label, finding, shown.group, digest, shown.judges)


def _table(name: str, data: np.ndarray, label: Sequence[str]) -> Kind:
    names = sorted(set(label))
    taxonomy = Taxonomy(name, tuple(AnatomyClass(n, n, n) for n in names))
    group = tuple(str(row) for row in range(len(label)))
    digest = name.replace(" ", "-")
    return Kind(name, taxonomy, _unit(data.astype(np.float32)), None, tuple(label), ("",) * len(label), group, digest)


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
