"""Words and pictures in one query, each with the same say although their embeddings lie apart."""

from __future__ import annotations

import numpy as np

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
    spread = (sample @ parts.T).std(axis=0) if len(sample) > 1 else np.ones(2)
    weights = 1 / spread if (spread > 1e-6).all() else np.ones(2)
    summed = weights @ parts
    return np.asarray(summed / np.linalg.norm(summed), dtype=np.float32)
