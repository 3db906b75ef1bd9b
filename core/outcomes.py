"""What became of every query in one embedding space, and the scores that make of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import numpy.typing as npt

from core.bootstrap import Bootstrap, Interval, PairedTest, share_interval
from core.metrics import (
    Keys,
    Relevance,
    Rescore,
    Values,
    average_precision_at_r,
    precision_at_k,
    rankings,
    recall_at_k,
    reciprocal_rank,
)

MEASURES: Mapping[str, Callable[[Relevance], Values]] = {
    "recall@1": partial(recall_at_k, k=1),
    "recall@5": partial(recall_at_k, k=5),
    "recall@10": partial(recall_at_k, k=10),
    "mrr": reciprocal_rank,
    "map@r": average_precision_at_r,
    "precision@5": partial(precision_at_k, k=5),
}
"""What is measured of a ranking, by the names used in every report."""


@dataclass(frozen=True)
class Outcomes:
    """Per query of one space: `values[level]` (Q, measures), whether any reference was relevant, `answerable[level]`
    (Q,), and the index of the nearest reference, `nearest` (Q,), -1 where there was none.
    """

    values: Mapping[str, npt.NDArray[np.float64]]
    answerable: Mapping[str, npt.NDArray[np.bool_]]
    nearest: npt.NDArray[np.intp]


@dataclass(frozen=True)
class Score:
    """A mean over queries, and the interval it lies in; None where fewer than two groups speak for it."""

    value: float
    interval: Interval | None


Scores = Mapping[str, Score]
"""One score a measure."""


@dataclass(frozen=True)
class LevelScores:
    """The scores of one level (class, region or finding).

    `overall` is the mean over queries, `macro` the mean over the values' means, `each` the scores by value (such as
    "ear-left"), `counts` the queries of each value. `unanswerable` queries have no relevant reference and count as 0.
    `tests` compare the overall scores with those of another space on the same queries, where there is one.
    """

    queries: int
    unanswerable: int
    overall: Scores
    macro: Scores
    each: Mapping[str, Scores]
    counts: Mapping[str, int]
    tests: Mapping[str, PairedTest]

    @property
    def unfindable(self) -> frozenset[str]:
        """The values that no reference of any of their queries has: nothing can be found, so 0 says nothing."""
        return frozenset(value for value, scores in self.each.items() if not scores["mrr"].value)


def outcomes(
    query: npt.ArrayLike,
    reference: npt.ArrayLike,
    levels: Mapping[str, tuple[Keys, Keys]],
    query_keys: Keys | None = None,
    reference_keys: Keys | None = None,
    rescore: Rescore | None = None,
) -> Outcomes:
    """Rank references (R, D) for queries (Q, D) and measure the ranking at each level.

    `levels[level]` holds the codes of queries (Q,) and references (R,); equal codes are relevant. Keys and `rescore`
    are those of `core.metrics.rankings`. Raises EntError when shapes do not fit or a number is not finite.
    """
    count = len(np.asarray(query))
    values = {level: np.zeros((count, len(MEASURES))) for level in levels}
    answerable = {level: np.zeros(count, dtype=bool) for level in levels}
    found = np.full(count, -1, np.intp)
    for ranking in rankings(query, reference, query_keys, reference_keys, rescore):
        if ranking.order.shape[1]:
            found[ranking.rows] = np.where(ranking.allowed[:, 0], ranking.order[:, 0], -1)
        for level, (query_codes, reference_codes) in levels.items():
            relevance = ranking.relevance(query_codes, reference_codes)
            values[level][ranking.rows] = np.stack([measure(relevance) for measure in MEASURES.values()], axis=1)
            answerable[level][ranking.rows] = relevance.any(axis=1)
    return Outcomes(values, answerable, found)


def summarise(
    values: npt.NDArray[np.float64],
    answerable: npt.NDArray[np.bool_],
    labels: Keys,
    order: Sequence[str],
    bootstrap: Bootstrap,
    against: npt.NDArray[np.float64] | None = None,
) -> LevelScores:
    """The scores of one level: `values` (Q, measures) and `labels` (Q,), each one of `order`, with intervals.

    `against` (Q, measures) are the values of the same queries in the space to compare with.
    """
    present = [label for label in order if (labels == label).any()]
    member = np.stack([labels == label for label in present], axis=1)  # (Q, K)
    means = np.stack([values[one].mean(axis=0) for one in member.T], axis=1)  # (measures, K)
    counts = bootstrap.sums(member)[:, None]  # (draws, 1, K)
    sums = bootstrap.sums((values[:, :, None] * member[:, None]).reshape(len(values), -1))
    sums = sums.reshape(-1, *means.shape)  # (draws, measures, K)
    drawn = np.divide(sums, counts, out=np.full_like(sums, np.nan), where=counts > 0)
    overall, macro = sums.sum(axis=2) / counts.sum(axis=2), np.nanmean(drawn, axis=2)
    groups = np.array([bootstrap.groups_in(one) for one in member.T])  # (K,)
    least = np.stack([values[one].var(axis=0) / one.sum() for one in member.T], axis=1)  # (measures, K)
    speaking = len(present) ** 2 / (1 / groups).sum()  # groups, as each value weighs alike
    each = {label: _scores(means[:, k], drawn[:, :, k], groups[k], least[:, k]) for k, label in enumerate(present)}
    tests = {} if against is None else {name: bootstrap.paired(values[:, m], against[:, m]) for m, name in _named()}
    return LevelScores(
        queries=len(values),
        unanswerable=int((~answerable).sum()),
        overall=_scores(values.mean(axis=0), overall, bootstrap.groups, values.var(axis=0) / len(values)),
        macro=_scores(means.mean(axis=1), macro, speaking, least.mean(axis=1) / len(present)),
        each=each,
        counts={label: int(n) for label, n in zip(present, member.sum(axis=0), strict=True)},
        tests=tests,
    )


def _named() -> list[tuple[int, str]]:
    return list(enumerate(MEASURES))


def _scores(means: Values, drawn: npt.NDArray[np.float64], groups: float, least: Values) -> Scores:
    """`means` (measures,) with intervals from `drawn` (draws, measures); the rest as `share_interval` has it."""
    found = {}
    for m, name in _named():
        share = float(means[m])
        found[name] = Score(share, share_interval(share, drawn[:, m], groups, float(least[m])))
    return found
