"""How typical an image is of its class, by its embedding: near the centre of the others, or far from it."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from core.vectors import Matrix

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


def class_sums(vectors: Matrix, classes: Ints, count: int) -> Floats:
    """The sum of the vectors (N, D) of each of `count` classes, given the class (N,) of each: (C, D)."""
    return np.stack([vectors[classes == one].sum(axis=0, dtype=np.float64) for one in range(count)])


def centrality(vectors: Matrix, classes: Ints, sums: Floats, sizes: Ints) -> Floats:
    """Cosine similarity (N,) of unit vectors (N, D) to the mean of the *other* members of their class.

    `sums` (C, D) and `sizes` (C,) are of all members, these among them. A vector that is left out of its own centre
    does not look typical for being one of few; with no other member there is no centre, and the value is NaN.
    """
    own = sums[classes]
    others = own - vectors
    lengths = np.linalg.norm(others, axis=1)
    dots = np.einsum("nd,nd->n", others, vectors.astype(np.float64))
    alone = (sizes[classes] < 2) | (lengths < 1e-9)
    return np.where(alone, np.nan, dots / np.where(alone, 1.0, lengths))


def typicality(central: Floats, classes: Ints) -> Floats:
    """The share of its class (N,), in (0, 1), that lies no nearer to the centre than a case: 1 is the most typical.

    A rank within the class, so that loose classes and tight ones can stand in one order; the only member has 0.5,
    and so has one without centrality.
    """
    shares = np.full(len(central), 0.5)
    for one in np.unique(classes):
        rows = np.flatnonzero((classes == one) & np.isfinite(central))
        order = np.argsort(central[rows], kind="stable")
        shares[rows[order]] = (np.arange(len(rows)) + 0.5) / max(len(rows), 1)
    return shares
