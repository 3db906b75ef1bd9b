"""Which cases are for training, validation and test: by class, and never a group on two sides."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from core.errors import TrainingError

SPLITS = ("train", "val", "test")

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class SplitConfig:
    """The parts of each class, which sum to 1, and the seed of the order in which groups are dealt out."""

    train: float = 0.70
    val: float = 0.15
    test: float = 0.15
    seed: int = 0

    def __post_init__(self) -> None:
        if min(self.parts) < 0 or self.train == 0 or abs(sum(self.parts) - 1) > 1e-6:
            raise TrainingError(f"the parts of a split sum to 1 and train has some of it, got {self.parts}")

    @property
    def parts(self) -> tuple[float, float, float]:
        return (self.train, self.val, self.test)


def plan_split(
    labels: Sequence[str | None],
    groups: Sequence[int],
    given: Sequence[str | None],
    config: SplitConfig | None = None,
) -> tuple[str, ...]:
    """A split for every case: the one given to it, else its group's, else the one that lacks its classes most.

    `labels`, `groups` and `given` have one entry a case; cases of one group come to one side. Larger groups are
    dealt out first, those of one size in an order that comes from the seed. Raises TrainingError for no cases.
    """
    if not labels:
        raise TrainingError("there are no cases to split; import some first")
    config = config or SplitConfig()
    classes = np.unique([label or "" for label in labels], return_inverse=True)[1]
    members = np.unique(np.asarray(groups), return_inverse=True)[1]  # group of each case, from 0
    counts = np.zeros((members.max() + 1, classes.max() + 1))
    np.add.at(counts, (members, classes), 1)
    held = {group: SPLITS.index(on.most_common(1)[0][0]) for group, on in _sides(members, given).items()}  # of most
    lacking = np.outer(config.parts, counts.sum(axis=0))  # (3, classes): what each split still wants
    sides = np.array([SPLITS.index(own) if own else held.get(g, -1) for own, g in zip(given, members, strict=True)])
    settled = sides >= 0
    np.subtract.at(lacking, (sides[settled], classes[settled]), 1)
    side_of = _deal(counts, lacking, [g for g in _order(counts, config.seed) if g not in held])
    sides[~settled] = side_of[members[~settled]]
    return tuple(SPLITS[side] for side in sides)


def _sides(groups: Sequence[int] | Ints, given: Sequence[str | None]) -> dict[int, Counter[str]]:
    """How many cases of each group the given splits put on each side, for the groups they put anywhere."""
    found: dict[int, Counter[str]] = {}
    for group, own in zip(groups, given, strict=True):
        if own is not None:
            found.setdefault(int(group), Counter())[own] += 1
    return found


def _order(counts: npt.NDArray[np.float64], seed: int) -> list[int]:
    shuffled = np.random.default_rng(seed).permutation(len(counts))
    return [int(g) for g in shuffled[np.argsort(-counts[shuffled].sum(axis=1), kind="stable")]]


def _deal(counts: npt.NDArray[np.float64], lacking: npt.NDArray[np.float64], order: list[int]) -> Ints:
    """The side of every group of `order`, one after the other to where its classes are missed most.

    A class counts by the share of it that is missed, so that a rare one is not outvoted by a common one.
    """
    rarity = 1 / counts.sum(axis=0)
    sides = np.zeros(len(counts), np.int64)
    for group in order:
        sides[group] = np.argmax(lacking @ (counts[group] * rarity))
        lacking[sides[group]] -= counts[group]
    return sides
