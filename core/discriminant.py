"""Linear discriminant analysis (Fisher 1936; Rao 1948) with shrinkage: the directions in which classes lie apart."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.training_set import Ints
from core.vectors import Matrix

SHRINKAGES = (0.03, 0.1, 0.3, 0.6)
"""Parts of a round scatter mixed into that within classes; more for fewer images."""


@dataclass(frozen=True)
class Discriminant:
    """`directions` (r, D), r one less than the classes: along them the scatter within classes is alike and round."""

    directions: Matrix

    def unit(self, x: Matrix) -> Matrix:
        """Which way embeddings (N, D) lie among the classes: (N, r) of length 1."""
        seen = x @ self.directions.T
        return np.asarray(seen / np.maximum(np.linalg.norm(seen, axis=1, keepdims=True), 1e-12), np.float32)


def discriminants(x: Matrix, labels: Ints, blind_to: Matrix) -> list[Discriminant]:
    """One for each of `SHRINKAGES`, of embeddings (N, D) and their classes (N,).

    Every direction is at right angles to the rows of `blind_to` (B, D), which are not seen.
    """
    basis = complement(blind_to, x.shape[1])  # (D, D - B)
    z = x.astype(np.float64) @ basis
    classes = np.unique(labels)
    means = np.stack([z[labels == label].mean(axis=0) for label in classes])
    within = z - means[np.searchsorted(classes, labels)]
    scatter = within.T @ within / len(z)
    apart = means - means.mean(axis=0)
    return [Discriminant(_directions(scatter, apart, part) @ basis.T) for part in SHRINKAGES]


def complement(rows: Matrix, dim: int) -> Matrix:
    """An orthonormal basis (D, D - B) of what is at right angles to `rows` (B, D)."""
    whole = np.linalg.qr(np.concatenate([np.asarray(rows, np.float64).T, np.eye(dim)], axis=1))[0]
    return np.asarray(whole[:, len(rows) :])


def _directions(scatter: Matrix, apart: Matrix, shrinkage: float) -> Matrix:
    """(r, D): the discriminant's directions, scaled so that the shrunken scatter is round along them."""
    size = np.trace(scatter) / len(scatter)
    shrunken = (1 - shrinkage) * scatter + (shrinkage * size + 1e-12) * np.eye(len(scatter))
    root = np.linalg.cholesky(shrunken)
    whitened = np.linalg.solve(root, apart.T)  # (D, classes)
    axes = np.linalg.svd(whitened, full_matrices=False)[0][:, : len(apart) - 1]
    return np.asarray(np.linalg.solve(root.T, axes).T)
