"""Ridge regression of the classes on random features (Rahimi and Recht 2008), as the heads of a field can say it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch.nn import functional

from core.training_set import Ints
from core.vectors import Matrix

SHRINKAGES = (0.03, 0.3, 3.0)
"""What is added to the variances within classes before they are made alike, in mean variances: little whitens all."""
SHIFT = -1.0
"""What is added to the layer norm of the units: most of them are silent for most embeddings, as bumps are."""
RIDGE = 0.5
"""Strength of the ridge, in mean variances of the features."""
MOST = 50_000
"""Embeddings that readouts of classes are fitted to, drawn by chance where there are more."""
CHUNK = 4096
"""Embeddings whose features are in memory at a time."""

Doubles = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Readout:
    """r numbers that are said of an embedding.

    `looks` (H, U, D) are what the U units of H groups look for, `weights` (H, U, r) and `offset` (r,) what follows
    from silu(layer norm over U (looks x) + SHIFT).
    """

    looks: Matrix
    weights: Matrix
    offset: Matrix

    def __call__(self, x: Matrix) -> Matrix:
        """Embeddings (N, D) to (N, r)."""
        parts = [x[start : start + CHUNK] for start in range(0, max(1, len(x)), CHUNK)]
        flat = self.weights.reshape(-1, self.weights.shape[-1])
        return np.concatenate([_features(part, self.looks) @ flat - self.offset for part in parts])

    def along(self, rows: Matrix, beside: Readout | None = None) -> Readout:
        """What is said times `rows` (r, D), D numbers; with what another one says that looks for the same."""
        weights, offset = self.weights @ rows, self.offset @ rows
        if beside is not None:
            weights, offset = weights + beside.weights, offset + beside.offset
        return Readout(self.looks, weights, offset)


def readouts(x: Matrix, labels: Ints, blind_to: Matrix, groups: int, units: int, seed: int) -> list[Readout]:
    """Which class embeddings (N, D) look like, for each of `SHRINKAGES`, by their classes (N,), which count alike.

    They say r numbers, r one less than the classes, which are the corners of a simplex; of the embeddings they were
    fitted to, with a mean length of 1.

    A unit looks for the difference of two embeddings, drawn from `seed`, where the scatter within classes has been
    made round; at right angles to the rows of `blind_to` (B, D), which no unit sees.
    """
    chance = np.random.default_rng(seed)
    if len(x) > MOST:
        each = np.unique(labels, return_index=True)[1]  # no class may be lost
        rows = np.union1d(chance.permutation(len(x))[:MOST], each)
        x, labels = x[rows], labels[rows]
    basis = complement(blind_to, x.shape[1])  # (D, D - B)
    z = x.astype(np.float64) @ basis
    classes, numbers = np.unique(labels, return_inverse=True)
    _, values, axes = _within(z, numbers)
    one, other = chance.integers(len(z), size=groups * units), chance.integers(1, len(z), size=groups * units)
    pairs = z[one] - z[(one + other) % len(z)]
    corners = simplex(len(classes))[numbers]
    found = []
    for shrinkage in SHRINKAGES:
        round_ = axes / np.sqrt(np.maximum(values, 0) + shrinkage * values.mean() + 1e-12)
        seen = pairs @ round_
        seen /= np.maximum(np.linalg.norm(seen, axis=1, keepdims=True), 1e-12)
        looks = np.asarray(seen @ (basis @ round_).T, np.float32).reshape(groups, units, -1)
        said = answered(x, looks, corners.astype(np.float32), alike(labels))
        length = np.float32(max(1e-6, np.linalg.norm(said(x), axis=1).mean()))
        found.append(Readout(looks, said.weights / length, said.offset / length))
    return found


def answered(x: Matrix, looks: Matrix, answers: Matrix, counts: Doubles, ridge: float = RIDGE) -> Readout:
    """The ridge regression of `answers` (N, r) to embeddings (N, D), each counting as often as `counts` (N,) says.

    Answers are taken less their mean, so that the mean of what the units say is answered 0. `ridge` is in mean
    variances of what a unit says.
    """
    fit = _of_units if len(x) > looks.shape[0] * looks.shape[1] else _of_embeddings
    mean, weights = fit(x, looks, answers, counts, ridge)
    by_unit = weights.reshape(*looks.shape[:2], -1).astype(np.float32)
    return Readout(looks, by_unit, (mean @ weights).astype(np.float32))


def alike(labels: Ints) -> Doubles:
    """How often each embedding has to count for all classes (N,) to count alike, (N,)."""
    numbers = np.unique(labels, return_inverse=True)[1]
    each = np.bincount(numbers)
    return np.asarray(len(labels) / len(each) / each[numbers])


def discriminants(x: Matrix, labels: Ints) -> Matrix:
    """(r, D): Fisher's linear discriminants of embeddings (N, D), with the least of `SHRINKAGES`; not orthogonal."""
    numbers = np.unique(labels, return_inverse=True)[1]
    means, values, axes = _within(x.astype(np.float64), numbers)
    apart = (means[1:] - means[0]) @ axes
    return np.asarray(apart / (np.maximum(values, 0) + SHRINKAGES[0] * values.mean() + 1e-12) @ axes.T)


def simplex(count: int) -> Doubles:
    """(count, count - 1): corners that lie equally far from each other and from 0."""
    centred = np.eye(count) - 1 / count
    return np.asarray(np.linalg.svd(centred)[0][:, : count - 1])


def complement(rows: Matrix, dim: int) -> Matrix:
    """An orthonormal basis (D, D - B) of what is at right angles to `rows` (B, D)."""
    whole = np.linalg.qr(np.concatenate([np.asarray(rows, np.float64).T, np.eye(dim)], axis=1))[0]
    return np.asarray(whole[:, len(rows) :])


def _within(z: Doubles, numbers: Ints) -> tuple[Doubles, Doubles, Doubles]:
    """The means of the classes, and variances and axes of what lies around them."""
    means = np.stack([z[numbers == number].mean(axis=0) for number in range(numbers.max() + 1)])
    around = z - means[numbers]
    values, axes = np.linalg.eigh(around.T @ around / len(z))
    return means, values, axes


def _of_units(x: Matrix, looks: Matrix, answers: Matrix, counts: Doubles, ridge: float) -> tuple[Doubles, Doubles]:
    """The mean features (U,) and their weights (U, r): as many equations as there are units."""
    units = looks.shape[0] * looks.shape[1]
    squares, products = np.zeros((units, units)), np.zeros((units, answers.shape[1]))
    mean, mean_answer = np.zeros(units), counts @ answers / counts.sum()
    for start in range(0, len(x), CHUNK):
        part = slice(start, start + CHUNK)
        features = _features(x[part], looks).astype(np.float64)
        weighed = features * counts[part, None]
        squares += weighed.T @ features
        products += weighed.T @ answers[part]
        mean += weighed.sum(axis=0)
    mean /= counts.sum()
    squares -= counts.sum() * np.outer(mean, mean)
    products -= counts.sum() * np.outer(mean, mean_answer)
    squares[np.diag_indices(units)] += ridge * np.trace(squares) / units + 1e-9
    return mean, _solved(squares, products)


def _of_embeddings(x: Matrix, looks: Matrix, answers: Matrix, counts: Doubles, ridge: float) -> tuple[Doubles, Doubles]:
    """The same where there are fewer embeddings than units: as many equations as embeddings, by the kernel trick."""
    features = _features(x, looks).astype(np.float64)
    mean, share = counts @ features / counts.sum(), np.sqrt(counts)[:, None]
    centred = (features - mean) * share
    products = centred @ centred.T
    products[np.diag_indices(len(x))] += ridge * np.trace(products) / features.shape[1] + 1e-9
    return mean, centred.T @ _solved(products, (answers - counts @ answers / counts.sum()) * share)


def _solved(matrix: Doubles, right: Doubles) -> Doubles:
    """x of matrix x = right, for a positive definite matrix."""
    factor = torch.linalg.cholesky(torch.from_numpy(matrix))
    return np.asarray(torch.cholesky_solve(torch.from_numpy(right), factor).numpy())


def _features(x: Matrix, looks: Matrix) -> Matrix:
    """What the units of all groups say to embeddings (N, D), (N, H * U)."""
    seen = torch.from_numpy(x @ looks.reshape(-1, x.shape[1]).T).view(len(x), *looks.shape[:2])
    return functional.silu(functional.layer_norm(seen, looks.shape[1:2]) + SHIFT).flatten(1).numpy()
