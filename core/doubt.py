"""Whether a gain on validation images is more than luck."""

from __future__ import annotations

from core.metrics import Values


def beyond_doubt(gain: Values, errors: float) -> bool:
    """Whether the mean of `gain` (V,), what each image gains, is above 0 by more than `errors` standard errors.

    As if two more images had changed, by 1 each: a few that happen to agree prove little.
    """
    if not len(gain):
        return False
    error = ((gain.var() + 2 / len(gain)) / len(gain)) ** 0.5
    return bool(gain.mean() > errors * error)
