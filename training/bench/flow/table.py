"""The table: methods by embeddings, Recall@1 at three levels, over several seeds; what was measured is kept."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from core.bootstrap import Bootstrap, PairedTest
from core.errors import TrainingError
from core.metrics import nearest, rankings
from core.training_set import TrainingSet, training_set
from training.bench.flow.kept import forget_training, is_kept, kept_json, record
from training.bench.flow.kinds import Kind
from training.bench.flow.methods import ABLATIONS, METHODS, RECIPES, Fitted

VERSION = "4"
"""To be raised when what is measured changes: the splits, the size of the images, the trainer, the crop."""
UNCHANGED = {"reference": "1", **dict.fromkeys(("raw", "centred", "lda", "nca", "linear"), "3")}
"""The versions since which nothing has changed for a method."""
LEVELS = ("class", "region", "finding")
ALL = {**METHODS, **ABLATIONS}
LETTERS, UNKNOWN = {1.0: "+", 0.0: "-"}, "?"
"""How right, wrong and unanswerable queries are written."""
Hits = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Trial:
    """One method on the split of one seed: which queries were answered rightly, per level, in their order.

    Queries are test images; they are looked for among the training images, whose patients are others. At the finding
    level those without one are NaN, and the region has to be right too. `wrong_sides` is how many were answered with
    the other side of the right region.
    `curve` has seconds and validation Recall@1 of every epoch, where it was trained in epochs.
    """

    hits: Mapping[str, Hits]
    wrong_sides: int
    groups: tuple[str, ...]
    seconds: float
    curve: tuple[tuple[float, float], ...] = ()

    def reached(self, recall: float) -> tuple[int, float] | None:
        """After how many epochs, and seconds, validation Recall@1 was that high; None where it never was."""
        passed = np.cumsum([seconds for seconds, _ in self.curve])
        found = (row for row, (_, value) in enumerate(self.curve) if value >= recall)
        return next(((row + 1, float(passed[row])) for row in found), None)

    @property
    def best_recall(self) -> float:
        """The highest validation Recall@1 of the training."""
        return max((value for _, value in self.curve), default=float("nan"))

    def recall(self, level: str) -> float:
        """Share of right answers; NaN where there is nothing to find."""
        known = self.hits[level][~np.isnan(self.hits[level])]
        return float(known.mean()) if len(known) else float("nan")


Row = Mapping[int, Trial]
"""The trials of one method, by seed."""


def measure(
    kind: Kind,
    seeds: Sequence[int],
    methods: Sequence[str],
    only_kept: bool = False,
    say: Callable[[str], None] = lambda words: None,
    recorded: Collection[str] = (),
) -> dict[str, Row]:
    """A row for every method that was fitted and tested on the split of each of `seeds`, or of those that are kept.

    What came of the methods `recorded` is put among what everybody has.
    """
    rows: dict[str, dict[int, Trial]] = {}
    for seed in seeds:
        split = kind.split_by(seed)
        data = training_set(
            split.x, split.label, split.split, kind.taxonomy, split.mirrored, findings=split.finding, groups=split.group
        )
        for method in methods:
            name = _name(kind, seed, method)
            if only_kept and not is_kept(name):
                continue
            say(f"{kind.name}, seed {seed}, {method}")
            again = method in recorded
            found = kept_json(name, lambda: _measured(split, data, seed, method, name), not again)  # noqa: B023
            for row, trial in found.items():
                rows.setdefault(row, {})[seed] = _read(trial, split)
            forget_training(name)
            if again:
                record(name)
    return dict(rows)


def against(one: Row, other: Row, level: str = "class") -> PairedTest | None:
    """The paired test over patients of one method's Recall@1 against another's, on all seeds that both have."""
    seeds = sorted(one.keys() & other.keys())
    if not seeds:
        return None
    ours, theirs = (np.concatenate([row[seed].hits[level] for seed in seeds]) for row in (one, other))
    groups = np.array([group for seed in seeds for group in one[seed].groups])
    known = ~np.isnan(ours)
    return Bootstrap(groups[known]).paired(ours[known], theirs[known]) if known.any() else None


def _name(kind: Kind, seed: int, method: str) -> str:
    recipe = RECIPES.get(method)
    settings = UNCHANGED.get(method, VERSION) + ("" if recipe is None else json.dumps(recipe.to_dict(), sort_keys=True))
    return f"{kind.digest}-{method}-{seed}-{hashlib.sha256(settings.encode()).hexdigest()[:8]}"


def _measured(kind: Kind, data: TrainingSet, seed: int, method: str, name: str) -> dict[str, Any]:
    started = time.process_time()
    fitted = ALL[method](data, seed, name)
    seconds = time.process_time() - started
    return {row: _written(_tried(kind, one, seconds)) for row, one in fitted.items()}


def _tried(kind: Kind, fitted: Fitted, seconds: float = 0.0) -> Trial:
    split, taxonomy = np.array(kind.split), kind.taxonomy
    query, reference = np.flatnonzero(split == "test"), np.flatnonzero(split == "train")
    q, r = fitted.move(kind.x[query]), fitted.move(kind.x[reference])
    if fitted.rescore is None:
        best = reference[nearest(q, r)]
    else:
        order = [ranking.order[:, 0] for ranking in rankings(q, r, rescore=fitted.rescore)]
        best = reference[np.concatenate(order)]
    region = np.array([taxonomy[label].region for label in kind.label])
    sided = np.array([taxonomy[label].side is not None for label in kind.label])[query]
    names = {"class": np.array(kind.label), "region": region, "finding": np.array(kind.finding)}
    hits = {level: (of[query] == of[best]).astype(np.float64) for level, of in names.items()}
    hits["finding"] *= hits["region"]  # an ear without a finding is not answered by a nose without one
    hits["finding"][names["finding"][query] == ""] = np.nan
    wrong_sides = int((sided & (hits["region"] > hits["class"])).sum())
    curve = tuple((epoch.seconds, epoch.val_recall or 0.0) for epoch in fitted.curve)
    return Trial(hits, wrong_sides, tuple(kind.group[row] for row in query), seconds, curve)


def _written(trial: Trial) -> dict[str, Any]:
    """As JSON, a letter for each query; the patients are known from the split."""
    hits = {level: "".join(LETTERS.get(float(hit), UNKNOWN) for hit in values) for level, values in trial.hits.items()}
    curve = [(round(seconds, 2), round(recall, 5)) for seconds, recall in trial.curve]
    return {"wrong_sides": trial.wrong_sides, "seconds": round(trial.seconds, 1), "curve": curve, "hits": hits}


def _read(trial: Mapping[str, Any], split: Kind) -> Trial:
    numbers = {letter: value for value, letter in LETTERS.items()} | {UNKNOWN: np.nan}
    hits = {level: np.array([numbers[letter] for letter in values]) for level, values in trial["hits"].items()}
    curve = tuple((float(seconds), float(recall)) for seconds, recall in trial["curve"])
    groups = tuple(group for group, part in zip(split.group, split.split, strict=True) if part == "test")
    if any(len(values) != len(groups) for values in hits.values()):
        raise TrainingError("what was kept is of other images; remove it from the cache, and from measured")
    return Trial(hits, int(trial["wrong_sides"]), groups, float(trial["seconds"]), curve)
