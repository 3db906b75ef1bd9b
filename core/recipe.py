"""How a flow is trained: by the published settings, and by ours."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any, Literal

from core.errors import TrainingError

MAX_SEED = 2**32 - 1
MAX_EPOCHS = 100_000
SMALLEST, BELOW_1 = 1e-12, 1 - 1e-9
KNOWN: Mapping[str, tuple[str, ...]] = {
    "start": ("drawn", "read", "fitted"),
    "batches": ("triplets", "balanced"),
    "schedule": ("plateau", "cosine"),
    "keep": ("loss", "nearest"),
}
"""The settings that are one of a few words."""


@dataclass(frozen=True)
class Recipe:
    """All that decides, with the data and the seed, which weights come out; kept in every flow's folder.

    `batches` says what a step sees: `triplets` (`batch_size` of them, each image flowed as often as it occurs) or
    `balanced` (`batch_size` images, as many of each class, each flowed once, all pairs of the batch in the loss).
    `schedule`: `plateau` lowers the learning rate when the loss no longer falls, `cosine` brings it down to zero.
    `start`: weights as they are `drawn`, or `fitted` so that the flow begins as a space that is worth bettering (see
    core.start), or so without a mean shift: `read`. `keep`: the weights of the last epoch in which validation or
    training `loss` improved by `min_delta`, or the latest whose `nearest` neighbours serve the validation images better
    than the first epoch's (core.keeper). Where the start is not drawn, the first epoch is the start itself: it is
    looked at and nothing is learnt. (What was `fitted` before there was a mean shift began as `read` does.)
    `patience` epochs without either end the training, but not under the schedule `cosine`.
    """

    name: str
    # the field and its integration
    t_dim: int = 32
    hidden: int = 256
    heads: int = 4
    dropout: float = 0.1
    steps: int = 10
    start: Literal["drawn", "read", "fitted"] = "drawn"
    # what a step sees
    batches: Literal["triplets", "balanced"] = "triplets"
    batch_size: int = 32
    mirrored: bool = False
    noise: float = 0.0  # length of the random vector added to an embedding, in mean distances from their mean
    # the optimiser (AdamW)
    epochs: int = 200
    learning_rate: float = 1e-4
    weight_decay: float = 0.01
    clip: float = 5.0
    averaging: float = 0.0  # share of the averaged weights that a step keeps; 0: no averaging
    # what is lost beside classes
    findings: float = 0.0  # weight of the same loss on what was found within a class, times how far that is shown
    # its schedule
    schedule: Literal["plateau", "cosine"] = "plateau"
    warmup_epochs: int = 20
    plateau_factor: float = 0.8
    plateau_patience: int = 15
    # when to stop and what to keep
    keep: Literal["loss", "nearest"] = "loss"
    patience: int = 40
    min_delta: float = 5e-4
    seed: int = 0

    def __post_init__(self) -> None:
        whole = {"epochs": MAX_EPOCHS, "batch_size": 65_536, "steps": 1000, "patience": MAX_EPOCHS, "t_dim": 4096}
        whole |= {"hidden": 65_536, "heads": 1024, "plateau_patience": MAX_EPOCHS}
        for field, most in whole.items():
            self._check(field, int, 1, most)
        self._check("warmup_epochs", int, 0, MAX_EPOCHS)
        for field in ("learning_rate", "clip"):
            self._check(field, float, SMALLEST, math.inf)
        for field in ("noise", "weight_decay", "findings", "min_delta"):
            self._check(field, float, 0, math.inf)
        for field in ("dropout", "averaging"):
            self._check(field, float, 0, BELOW_1)
        self._check("plateau_factor", float, SMALLEST, BELOW_1)
        if self.t_dim % 2:
            raise TrainingError(f"t_dim of a recipe is even, sines and cosines, got {self.t_dim}")
        self._check("seed", int, 0, MAX_SEED)
        if type(self.mirrored) is not bool:
            raise TrainingError(f"mirrored of a recipe is yes or no, got {self.mirrored!r}")
        for field, known in KNOWN.items():
            if getattr(self, field) not in known:
                raise TrainingError(f"{field} of a recipe is {' or '.join(known)}, got {getattr(self, field)!r}")

    def _check(self, field: str, kind: type, least: float, most: float) -> None:
        """Raise TrainingError where that setting is not a finite number from `least` to `most`."""
        value = getattr(self, field)
        whole = "a whole number" if kind is int else "a finite number"
        fits = type(value) in (int, kind) and least <= value <= most and value < math.inf
        if not fits:
            highest = most if kind is int else f"{most:g}"
            bounds = f"from {least:g}" + ("" if most == math.inf else f" to {highest}")
            raise TrainingError(f"{field} of a recipe is {whole} {bounds}, got {value!r}")

    def changed(self, **values: Any) -> Recipe:
        """This recipe with other values for some of its settings; those that are None stay. Raises TrainingError."""
        return replace(self, **{name: value for name, value in values.items() if value is not None})

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Recipe:
        """The recipe in a flow's settings. Raises TrainingError when it is not one."""
        known = {field.name for field in fields(cls)}
        if "name" not in data or (strangers := set(data) - known):
            raise TrainingError(f"these are no settings of a training: {', '.join(sorted(strangers)) or 'no name'}")
        return cls(**data)


REFERENCE = Recipe("reference")
DEFAULT = Recipe(
    "default",
    batches="balanced",
    batch_size=128,
    mirrored=True,
    noise=0.5,
    findings=4.0,
    steps=1,
    heads=12,
    start="fitted",
    epochs=20,
    learning_rate=5e-4,
    schedule="cosine",
    warmup_epochs=2,
    averaging=0.95,
    keep="nearest",
    patience=20,
)
RECIPES: Mapping[str, Recipe] = {recipe.name: recipe for recipe in (DEFAULT, REFERENCE)}


def recipe_named(name: str) -> Recipe:
    """The recipe of that name. Raises TrainingError naming those there are."""
    if name not in RECIPES:
        raise TrainingError(f"there is no recipe {name!r}; there are {', '.join(RECIPES)}")
    return RECIPES[name]
