"""Random numbers as the painters ask for them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias, TypeVar

import numpy as np
import numpy.typing as npt

Field: TypeAlias = npt.NDArray[np.floating[Any]]  # (side, side), float32 when it runs
Picture: TypeAlias = npt.NDArray[np.floating[Any]]  # (3, side, side), linear light
Colour: TypeAlias = npt.NDArray[np.float32]  # (3,), red, green, blue
Choice = TypeVar("Choice")

CUT = 2.2
"""Normal draws are cut at so many standard deviations: a body varies, but never without bounds."""


class Draw:
    """One stream of chance. The same key under the same seed gives the same stream, whatever else is drawn."""

    def __init__(self, seed: int, *key: int) -> None:
        self.generator = np.random.Generator(np.random.PCG64(np.random.SeedSequence(seed, spawn_key=key)))

    def between(self, low: float, high: float) -> float:
        """A number of the uniform distribution from `low` to `high`."""
        return low + (high - low) * self.generator.random()

    def near(self, mean: float, deviation: float) -> float:
        """A number of the normal distribution, cut off at `CUT` deviations."""
        return mean + deviation * min(CUT, max(-CUT, self.generator.standard_normal()))

    def chance(self, probability: float) -> bool:
        """True with that probability."""
        return self.generator.random() < probability

    def below(self, bound: int) -> int:
        """A whole number from 0 to `bound` - 1."""
        return int(self.generator.integers(bound))

    def pick(self, options: Sequence[Choice]) -> Choice:
        """One of the options, each as often."""
        return options[self.below(len(options))]

    def weighted(self, weights: Mapping[str, float]) -> str:
        """One of the names, as often as its weight says."""
        left = self.generator.random() * sum(weights.values())
        for name, weight in weights.items():
            left -= weight
            if left < 0:
                return name
        return list(weights)[-1]

    def colour(self, base: Sequence[float] | Colour, spread: float = 0.04, lightness: float = 0.07) -> Colour:
        """A colour near `base`: each channel off by `spread`, all together by the part `lightness`."""
        brighter = 1 + self.near(0, lightness)
        return np.array([min(1.1, max(0.01, c * brighter + self.near(0, spread))) for c in base], np.float32)

    def flesh(self, base: Sequence[float] | Colour, spread: float = 0.03) -> Colour:
        """A colour near `base` by the blood in it alone: green and blue rise and fall together, as in all mucosa."""
        red, green, blue = base
        blood, brighter = 1 + self.near(0, spread) / green, 1 + self.near(0, 0.06)
        green, blue = green * blood * brighter, blue * blood * brighter * (1 + self.near(0, 0.025))
        return np.array([min(1.1, red * brighter), min(1.1, green), min(1.1, blue)], np.float32)
