"""Anchors with their positives and hard negatives, found for all images at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from core.taxonomy import Taxonomy
from core.vectors import Matrix

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

CHUNK = 2048


@dataclass(frozen=True)
class Triplets:
    """Rows of images, (T,) each: an anchor, the image most like it of its class, and of a class it must be told from.

    `alone` are the rows that no triplet begins with: the only image of their class, or no other class is there.
    """

    anchors: Ints
    positives: Ints
    negatives: Ints
    alone: Ints

    def __len__(self) -> int:
        return len(self.anchors)


def mine_triplets(x: Matrix, labels: Ints, incompatible: Bools) -> Triplets:
    """One triplet for every image that can have one, after the published method (hard negatives by the taxonomy).

    `x` (N, D) are L2-normalised embeddings, `labels` (N,) the classes as numbers below C, `incompatible` (C, C) says
    of which classes a negative may be. A class none of whose incompatible ones is present (or that has none) takes
    the most similar image of any other class. Of equally similar images the first counts.
    """
    negative = negative_classes(labels, incompatible)
    positives, negatives = np.empty_like(labels), np.empty_like(labels)
    usable = np.empty(len(labels), np.bool_)
    for start in range(0, len(x), CHUNK):
        rows = np.arange(start, min(start + CHUNK, len(x)))
        similarity = x[rows] @ x.T  # (chunk, N)
        same = labels[rows, None] == labels
        same[np.arange(len(rows)), rows] = False  # an image is no positive of its own
        apart = negative[labels[rows][:, None], labels]
        positives[rows] = np.where(same, similarity, -np.inf).argmax(axis=1)
        negatives[rows] = np.where(apart, similarity, -np.inf).argmax(axis=1)
        usable[rows] = same.any(axis=1) & apart.any(axis=1)
    anchors = np.flatnonzero(usable)
    return Triplets(anchors, positives[anchors], negatives[anchors], np.flatnonzero(~usable))


def negative_classes(labels: Ints, incompatible: Bools) -> Bools:
    """(C, C): of which classes a class takes its negatives, given which of them are present in `labels`."""
    present = np.zeros(len(incompatible), np.bool_)
    present[labels] = True
    others = ~np.eye(len(incompatible), dtype=np.bool_)
    usable = incompatible & present & others
    return np.where(usable.any(axis=1, keepdims=True), usable, others)


def incompatibility(taxonomy: Taxonomy) -> Bools:
    """(C, C), in the order of the taxonomy: whether class i must be told apart from class j."""
    order = {label: number for number, label in enumerate(taxonomy.labels)}
    matrix = np.zeros((len(order), len(order)), np.bool_)
    for c in taxonomy.classes:
        matrix[order[c.name], [order[other] for other in c.incompatible]] = True
    return matrix
