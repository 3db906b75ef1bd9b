"""Whether a gain on images that were not trained on is more than luck."""

from __future__ import annotations

import numpy as np

from core.metrics import Values
from core.training_set import Ints


def beyond_doubt(gain: Values, errors: float, groups: Ints | None = None) -> bool:
    """Whether the mean of `gain` (V,), what each image gains, is above 0 by more than `errors` standard errors.

    Images of one of `groups` (V,), their patients, say the same thing twice: what they gain is taken together (the
    cluster-robust error of Liang and Zeger 1986), and a single patient proves nothing. As if two more images had
    changed, by 1 each: a few that happen to agree prove little.
    """
    members = np.arange(len(gain)) if groups is None else np.unique(groups, return_inverse=True)[1]
    count = len(np.unique(members))
    if count < 2:
        return False
    off = np.bincount(members, weights=gain - gain.mean())
    error = (np.square(off).sum() * count / (count - 1) + 2) ** 0.5 / len(gain)
    return bool(gain.mean() > errors * error)
