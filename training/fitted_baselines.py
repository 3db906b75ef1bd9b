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
from training.bench.flow.methods import Fitted, components, discriminant, linear

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
    fits: tuple[tuple[Callable[[TrainingSet, int], dict[str, Fitted]], TrainingSet], ...] = (
        (discriminant, data),
        (components, _fewer(data, seed)),
        (linear, data),
    )
    found: dict[str, Baseline] = {}
    for done, (fit, given) in enumerate(fits):
        on_step(done, len(fits))
        found |= {name: _baseline(library, fitted.move) for name, fitted in fit(given, seed).items()}
    return found


def _baseline(library: Library, move: Callable[[Matrix], Matrix]) -> Baseline:
    def embed(cases: Sequence[Case]) -> Matrix:
        return np.asarray(move(library.catalog.vectors.get(PLAIN, [case.case_id for case in cases])), np.float32)

    return embed


def _fewer(data: TrainingSet, seed: int) -> TrainingSet:
    rows = np.random.default_rng(seed).permutation(len(data.train))[:MOST]
    return replace(data, train=Part(data.train.x[rows], data.train.labels[rows]))
