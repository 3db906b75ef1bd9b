"""Words and pictures in one query, each with the same say although their embeddings lie apart."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from core.vectors import Matrix

SAMPLE = 512
"""Cases whose similarities tell how widely those to a part of a query vary."""


def blend(words: Matrix, pictures: Matrix, sample: Matrix) -> Matrix:
    """The unit vector (D,) that ranks by `words` (D,) and `pictures` (D,) together; `sample` (N, D) are some cases.

    CLIP's text and image embeddings fill two cones apart from each other ("Mind the gap", Liang et al. 2022), so all
    cases are about equally far from any words, while they differ much in their distance from a picture: in the plain
    mean of the two, the picture alone would rank. So each part's similarities count by how far they are spread over
    the cases: ranking by x . words / std + x . pictures / std, which is ranking by the sum of their z-scores.
    """
    parts = np.stack([words, pictures])  # (2, D)
    summed = (1 / spread(parts, sample)) @ parts
    return np.asarray(summed / np.linalg.norm(summed), dtype=np.float32)


def spread(parts: Matrix, sample: Matrix) -> npt.NDArray[np.float64]:
    """How widely the similarities of some cases, `sample` (N, D), to each of `parts` (P, D) vary: their standard
    deviations (P,), or ones where the sample does not tell."""
    deviations = (sample @ parts.T).std(axis=0, dtype=np.float64) if len(sample) > 1 else np.zeros(len(parts))
    return deviations if (deviations > 1e-6).all() else np.ones(len(parts))
