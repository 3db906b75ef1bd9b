"""What a flow must beat on the same embeddings: projections fitted to the same training images."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from core.baselines import Baseline
from core.case import Case
from core.errors import TrainingError
from core.library import Library
from core.training_data import labelled_cases, training_data
from core.training_set import Part, TrainingSet
from core.vectors import PLAIN, Matrix
from training.fitted_spaces import Move, components, discriminant, linear

MOST = 3000
"""Training images that neighbourhood components are fitted to: its time grows with their square."""


def fitted_baselines(library: Library, on_step: Callable[[int, int], None], seed: int = 0) -> Mapping[str, Baseline]:
    """LDA, NCA and the linear map with the flow's loss, by name; fitted to the library's training split.

    None where that split teaches nothing.
    """
    cases = labelled_cases(library.catalog)
    try:
        data = training_data(library.catalog, cases, [case.split or "" for case in cases])
    except TrainingError:
        return {}
    fits: Mapping[str, Callable[[], Move]] = {
        "LDA": lambda: discriminant(data),
        "NCA": lambda: components(_fewer(data, seed), seed),
        "linear map": lambda: linear(data, seed),
    }
    found: dict[str, Baseline] = {}
    for done, (name, fit) in enumerate(fits.items()):
        on_step(done, len(fits))
        found[name] = _baseline(library, fit())
    return found


def _baseline(library: Library, move: Move) -> Baseline:
    def embed(cases: Sequence[Case]) -> Matrix:
        return np.asarray(move(library.catalog.vectors.get(PLAIN, [case.case_id for case in cases])), np.float32)

    return embed


def _fewer(data: TrainingSet, seed: int) -> TrainingSet:
    """No more than `MOST` images, plain and mirrored in proportion."""
    rng, total = np.random.default_rng(seed), len(data.train) + len(data.mirrored)
    share = min(1.0, MOST / total)

    def some(part: Part) -> Part:
        rows = rng.permutation(len(part))[: round(share * len(part))]
        return Part(part.x[rows], part.labels[rows])

    return replace(data, train=some(data.train), mirrored=some(data.mirrored))
