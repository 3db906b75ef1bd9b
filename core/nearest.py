"""Nearest neighbours by comparing everything with everything, a block at a time."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch

from core.vectors import Matrix

Rows = npt.NDArray[np.int64]
BLOCK = 1024
"""Rows compared at once: with 50 000 others their similarities take 200 MB."""
NOT_A_NEIGHBOUR = -2.0
"""Below every cosine: what may not be a neighbour comes last."""


def nearest(x: Matrix, reference: Matrix, k: int, groups: Rows | None = None) -> tuple[Rows, Matrix]:
    """Rows of the `k` vectors of `reference` (N, D) nearest to each of `x` (Q, D), and their cosines, both (Q, k).

    All vectors are L2-normalised. With `groups` (N,), `x` is `reference` itself, and a vector is no neighbour of those
    of its own group; its own row is left out in any case then. Fewer than `k` possible neighbours end in row -1.
    """
    k = min(k, len(reference))
    among = torch.from_numpy(np.ascontiguousarray(reference))
    group = None if groups is None else torch.from_numpy(groups)
    rows, cosines = np.empty((len(x), k), np.int64), np.empty((len(x), k), np.float32)
    with torch.inference_mode():
        for start in range(0, len(x), BLOCK):
            block = slice(start, min(start + BLOCK, len(x)))
            similarities = torch.from_numpy(np.ascontiguousarray(x[block])) @ among.T
            if group is not None:
                similarities.masked_fill_(group[block, None] == group[None, :], NOT_A_NEIGHBOUR)
            values, found = similarities.topk(k, dim=1)
            rows[block], cosines[block] = found.numpy(), values.numpy()
    rows[cosines < -1.5] = -1
    return rows, np.clip(cosines, -1.0, 1.0)


def each_its_own(count: int) -> Rows:
    """Groups for `nearest` in which every vector is alone."""
    return np.arange(count, dtype=np.int64)
