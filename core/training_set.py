"""The embeddings that a flow is trained on: labels, split, mirror images, and what must be told apart."""

from __future__ import annotations

import hashlib
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from core.errors import TrainingError
from core.split import SPLITS
from core.taxonomy import Taxonomy
from core.triplets import Bools, incompatibility
from core.vectors import Matrix

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Part:
    """Embeddings (N, D), L2-normalised, with their classes (N,), numbers in the order of the taxonomy.

    `findings` (N,) numbers what was found, another number in every class, -1 where nobody said; None where nobody did.
    `groups` (N,) numbers their patients, all over a training set; None where every image stands for itself.
    """

    x: Matrix
    labels: Ints
    findings: Ints | None = None
    groups: Ints | None = None

    def __len__(self) -> int:
        return len(self.labels)

    def at(self, rows: npt.NDArray[Any]) -> Part:
        """Those in `rows`: their numbers, or whether each is one of them."""
        findings, groups = (None if of is None else of[rows] for of in (self.findings, self.groups))
        return Part(self.x[rows], self.labels[rows], findings, groups)


@dataclass(frozen=True)
class TrainingSet:
    """What Trainer.fit needs: training and validation images, and training images mirrored.

    `val` may be empty. `mirrored` are mirror images of training images with the labels of those mirror images; empty
    where the taxonomy does not say what a mirror image is, or none was made. `incompatible` is (C, C).
    """

    train: Part
    val: Part
    mirrored: Part
    incompatible: Bools

    def __post_init__(self) -> None:
        if len(np.unique(self.train.labels)) < 2:
            raise TrainingError(
                f"the training split has {len(self.train)} labelled images of {len(np.unique(self.train.labels))} "
                "classes; a flow learns to tell classes apart: give it at least two"
            )
        if np.bincount(self.train.labels).max() < 2:
            raise TrainingError("no class has two images in the training split; import more images of each class")

    @property
    def unmirrored(self) -> TrainingSet:
        """The same without any mirror image."""
        return replace(self, mirrored=self.mirrored.at(np.arange(0)))

    @property
    def dim(self) -> int:
        return int(self.train.x.shape[1])


def training_set(
    x: Matrix,
    labels: Sequence[str],
    splits: Sequence[str],
    taxonomy: Taxonomy,
    mirrored: Matrix | None = None,
    has_mirror: Bools | None = None,
    findings: Sequence[str | None] | None = None,
    groups: Sequence[Hashable] | None = None,
) -> TrainingSet:
    """The training set of labelled cases: `x` (N, D) with a label and a split each.

    `mirrored` (N, D) are the embeddings of their mirror images, of which those are used that `has_mirror` (N,; all
    when it is not given) and the taxonomy allow. `findings` are what was found, "" or None where nobody said; a mirror
    image shows the same. `groups` tell patients apart; without them every case is one of its own. Raises
    TrainingError when nothing can be learnt from them.
    """
    if not len(x) == len(labels) == len(splits):
        raise TrainingError(
            f"{len(x)} embeddings, {len(labels)} labels and {len(splits)} splits are not of the same cases"
        )
    order = {label: number for number, label in enumerate(taxonomy.labels)}
    numbers = np.array([order[label] for label in labels], np.int64)
    train, val = (np.flatnonzero(np.asarray(splits) == split) for split in SPLITS[:2])
    to = np.array([order[c.mirror] if c.mirror else -1 for c in taxonomy.classes], np.int64)
    rows = train[:0]
    if mirrored is not None:
        usable = np.ones(len(x), np.bool_) if has_mirror is None else has_mirror
        rows = train[usable[train] & (to[numbers[train]] >= 0)]
    found, number_of = _numbered(findings), {group: number for number, group in enumerate(groups or ())}
    group = np.array([number_of[group] for group in groups], np.int64) if groups is not None else np.arange(len(x))

    def part(rows: Ints, x: Matrix, labels: Ints) -> Part:
        shown = None if found is None else np.where(found[rows] < 0, -1, labels * (found.max() + 1) + found[rows])
        return Part(x[rows], labels, shown, group[rows])

    flipped = part(rows, x if mirrored is None else mirrored, to[numbers[rows]])
    plain, checked = (part(rows, x, numbers[rows]) for rows in (train, val))
    return TrainingSet(plain, checked, flipped, incompatibility(taxonomy))


def digest_of(data: TrainingSet) -> str:
    """Hexadecimal; another one for a set of which anything is different: embeddings, classes, findings, who is whose.

    How patients are numbered does not matter.
    """
    found = hashlib.sha256()
    parts = (data.train, data.val, data.mirrored)
    known = [part.groups for part in parts if part.groups is not None]
    patients = np.unique(np.concatenate(known), return_inverse=True)[1] if known else None
    for array in (patients, data.incompatible, *(a for part in parts for a in (part.x, part.labels, part.findings))):
        found.update(b"none" if array is None else f"{array.shape}".encode() + np.ascontiguousarray(array).tobytes())
    return found.hexdigest()[:16]


def _numbered(findings: Sequence[str | None] | None) -> Ints | None:
    """A number for each finding, -1 where none is said; None where no two are told apart."""
    names = sorted({finding for finding in findings or () if finding})
    numbers = {name: number for number, name in enumerate(names)}
    found = [numbers.get(finding or "", -1) for finding in findings or ()]
    return np.array(found, np.int64) if len(names) > 1 else None
