"""How sure a mean is: intervals and paired tests by resampling whole groups, such as the patients of the queries."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

import numpy as np
import numpy.typing as npt

from core.errors import EntError

Values = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]
DRAWS = 2000
LEVEL = 0.95
EVEN = 1e-12
"""Variance of resampled means below which they are all the same."""
CELLS = 1 << 22
"""Draws times groups that are held as numbers at a time; what is kept of them is a byte each."""


@dataclass(frozen=True)
class Interval:
    """Where a mean is likely to lie, both ends included."""

    low: float
    high: float


@dataclass(frozen=True)
class PairedTest:
    """`difference` of two means on the same queries, its interval, and the two-sided p that it is nothing."""

    difference: float
    interval: Interval | None
    p: float


class Bootstrap:
    """Resamples of Q queries, drawn once, so that everything asked of it sees the same ones (Efron 1979).

    `groups` (Q,) names the group of each query: whole groups are drawn with replacement, since images of one patient
    tell the same thing twice.
    """

    def __init__(self, groups: npt.NDArray[Any], draws: int = DRAWS, seed: int = 0) -> None:
        """Draw. Raises EntError when there is no query, or no draw is asked for."""
        if not len(groups) or draws < 1:
            raise EntError(f"resampling needs at least one query and one draw, got {len(groups)} and {draws}")
        names, self._group = np.unique(groups, return_inverse=True)
        self.groups = len(names)
        rng, at_once = np.random.default_rng(seed), max(1, CELLS // self.groups)
        self._counts = [_drawn(rng, min(at_once, draws - start), self.groups) for start in range(0, draws, at_once)]

    def sums(self, columns: npt.ArrayLike) -> Values:
        """The sums of `columns` (Q, C) in every resample, (draws, C)."""
        values = np.asarray(columns, dtype=np.float64)
        by_group = np.zeros((self.groups, values.shape[1]))
        np.add.at(by_group, self._group, values)
        return np.concatenate([counts.astype(np.float64) @ by_group for counts in self._counts])

    def means(self, values: npt.ArrayLike, where: Mask | None = None) -> Values:
        """The mean of `values` (Q,) in every resample, (draws,), over the queries `where`; NaN where it has none."""
        counted = np.ones(len(self._group)) if where is None else where.astype(np.float64)
        sums, counts = self.sums(np.stack([np.asarray(values) * counted, counted], axis=1)).T
        means: Values = np.divide(sums, counts, out=np.full(len(counts), np.nan), where=counts > 0)
        return means

    def interval(self, values: npt.ArrayLike, where: Mask | None = None) -> Interval | None:
        """The percentile interval of the mean of `values` (Q,) over `where`; None with fewer than two groups there."""
        return percentile_interval(self.means(values, where)) if self.groups_in(where) > 1 else None

    def groups_in(self, where: Mask | None = None) -> int:
        """How many groups the queries `where` (Q,) are of."""
        return self.groups if where is None else len(np.unique(self._group[where]))

    def paired(self, after: npt.ArrayLike, before: npt.ArrayLike) -> PairedTest:
        """Whether the mean of `after` (Q,) differs from that of `before` (Q,), both of the same queries.

        p is twice the share of resamples on the other side of zero from the difference, with one added to either
        count so that it is never 0; 1 where every difference is 0. Few groups resample too much alike: p is never
        below what a sign test could say of as many groups as changed, were all of them better. The interval of the
        difference is the percentile one.
        """
        change = np.asarray(after, dtype=np.float64) - np.asarray(before, dtype=np.float64)
        resampled = np.round(self.means(change), 12)  # float sums of equal gains and losses are not quite 0
        down, up = int((resampled <= 0).sum()), int((resampled >= 0).sum())
        changed = self.groups_in(change != 0)
        p = min(1.0, max(2 * (1 + min(down, up)) / (1 + len(resampled)), 0.5 ** (changed - 1)))
        return PairedTest(float(change.mean()), self.interval(change), p)


def _drawn(rng: np.random.Generator, draws: int, groups: int) -> npt.NDArray[np.uint8]:
    """How often each group is in each resample, (draws, groups); one is hardly ever there ten times, never 256."""
    drawn = rng.integers(groups, size=(draws, groups))
    drawn += groups * np.arange(draws)[:, None]
    return np.bincount(drawn.ravel(), minlength=draws * groups).reshape(draws, groups).astype(np.uint8)


def share_interval(share: float, resampled: Values, groups: float, least: float = 0.0) -> Interval | None:
    """The interval of `share`, a mean in [0, 1] over queries of `groups` groups, from its `resampled` means (draws,).

    The percentile interval, widened to Wilson's for as many independent queries as would vary like the resampled means
    (their effective number, after Korn and Graubard 1998). The percentile interval by itself has no width where all is
    right, and near 1, or for few groups, holds the mean far less often than it says. `least` is the variance that the
    mean would have if all queries were independent: few groups may agree by luck. Where nothing varies, each group
    counts once, since nothing tells how alike its queries are; so all right can have a wider interval than all but
    one. NaN are left out. None where fewer than two groups speak for it.
    """
    found = percentile_interval(resampled) if groups > 1 else None
    if found is None:
        return None
    share = min(1.0, max(0.0, share))  # a rounded mean may be a little beyond
    spread = max(least, float(np.nanvar(resampled)) * groups / (groups - 1))
    low, high = _wilson(share, share * (1 - share) / spread if spread > EVEN else groups)
    return Interval(max(0.0, min(low, found.low)), min(1.0, max(high, found.high)))


def _wilson(share: float, count: float) -> tuple[float, float]:
    """The score interval of a share of `count` independent queries (Wilson 1927)."""
    z = NormalDist().inv_cdf((1 + LEVEL) / 2)
    middle, half = share + z**2 / (2 * count), z * (share * (1 - share) / count + z**2 / (4 * count**2)) ** 0.5
    return (middle - half) / (1 + z**2 / count), (middle + half) / (1 + z**2 / count)


def percentile_interval(resampled: Values) -> Interval | None:
    """The middle `LEVEL` of resampled means, NaN left out; None when nothing is left."""
    known = resampled[np.isfinite(resampled)]
    if not len(known):
        return None
    low, high = np.quantile(known, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Interval(float(low), float(high))
