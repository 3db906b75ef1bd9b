"""The table: methods by embeddings, Recall@1 at three levels, over several seeds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from core.bootstrap import Bootstrap, PairedTest
from core.metrics import nearest, rankings
from core.training_set import training_set
from training.bench.flow.kinds import Kind
from training.bench.flow.methods import METHODS, Fitted

LEVELS = ("class", "region", "finding")


@dataclass(frozen=True)
class Row:
    """Recall@1 of one method: per level the mean over seeds and their standard deviation (NaN: nothing to find).

    Queries are test images; they are looked for among the training images, whose patients are others. `wrong_sides`
    is how many queries, over all seeds, were answered with the other side of the right region.
    """

    method: str
    recall: dict[str, float]
    spread: dict[str, float]
    wrong_sides: int
    hits: npt.NDArray[np.float64]  # class level, (seeds * queries,)
    groups: tuple[str, ...]


def measure(
    kind: Kind, seeds: int, methods: Sequence[str], on_progress: Callable[[str], None] = lambda said: None
) -> list[Row]:
    """One row a method, fitted and tested on the split of each of `seeds`."""
    found: dict[str, list[_Trial]] = {}
    for seed in range(seeds):
        split = kind.split_by(seed)
        data = training_set(split.x, split.label, split.split, kind.taxonomy, split.mirrored)
        for method in methods:
            on_progress(f"{kind.name}, seed {seed}, {method}")
            for name, fitted in METHODS[method](data, seed).items():
                found.setdefault(name, []).append(_tried(split, fitted))
    return [_row(name, trials) for name, trials in found.items()]


def against(rows: Sequence[Row], ours: str, other: str) -> PairedTest:
    """The paired test, over patients and over all seeds, of one method's class Recall@1 against another's."""
    one, two = (next(row for row in rows if row.method == name) for name in (ours, other))
    return Bootstrap(np.array(one.groups)).paired(one.hits, two.hits)


@dataclass(frozen=True)
class _Trial:
    recall: dict[str, float]
    wrong_sides: int
    hits: npt.NDArray[np.float64]
    groups: tuple[str, ...]


def _tried(kind: Kind, fitted: Fitted) -> _Trial:
    split, taxonomy = np.array(kind.split), kind.taxonomy
    query, reference = np.flatnonzero(split == "test"), np.flatnonzero(split == "train")
    q, r = fitted.move(kind.x[query]), fitted.move(kind.x[reference])
    if fitted.rescore is None:
        best = reference[nearest(q, r)]
    else:
        order = [ranking.order[:, 0] for ranking in rankings(q, r, rescore=fitted.rescore)]
        best = reference[np.concatenate(order)]
    region = np.array([taxonomy[label].region for label in kind.label])
    names = {"class": np.array(kind.label), "region": region, "finding": np.array(kind.finding)}
    right = {level: (of[query] == of[best])[of[query] != ""] for level, of in names.items()}
    recall = {level: float(hits.mean()) if len(hits) else float("nan") for level, hits in right.items()}
    wrong_sides = int((right["region"] & ~right["class"]).sum())
    groups = tuple(kind.group[row] for row in query)
    return _Trial(recall, wrong_sides, right["class"].astype(np.float64), groups)


def _row(name: str, trials: list[_Trial]) -> Row:
    by_level = {level: [trial.recall[level] for trial in trials] for level in LEVELS}
    return Row(
        name,
        {level: float(np.mean(values)) for level, values in by_level.items()},
        {level: float(np.std(values)) for level, values in by_level.items()},
        sum(trial.wrong_sides for trial in trials),
        np.concatenate([trial.hits for trial in trials]),
        tuple(group for trial in trials for group in trial.groups),
    )
