"""What a flow is compared with learns from all that the flow learns from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from core.training_set import Part, TrainingSet
from tests.core.test_trainer import DIM, small_set
from training.fitted_spaces import Move, centred, components, discriminant, linear

FITS: dict[str, Callable[[TrainingSet], Move]] = {
    "LDA": discriminant,
    "NCA": lambda data: components(data, 0),
    "linear map": lambda data: linear(data, 0),
}


@pytest.mark.parametrize("fit", FITS.values(), ids=FITS)
def test_mirror_images_are_learnt_from_too(fit: Callable[[TrainingSet], Move]) -> None:
    data = small_set()
    with_them, without = fit(data)(data.val.x), fit(data.unmirrored)(data.val.x)
    assert with_them.shape[0] == without.shape[0] == len(data.val)
    assert with_them.shape != without.shape or not np.allclose(with_them, without)


def test_the_linear_map_takes_the_mean_away() -> None:
    data, far = small_set(), np.full(DIM, 3.0, np.float32)
    moved = replace(data, **{name: _moved(getattr(data, name), far) for name in ("train", "val", "mirrored")})
    assert np.allclose(centred(moved)(moved.val.x), centred(data)(data.val.x), atol=1e-5)
    assert np.allclose(linear(moved, 0)(moved.train.x).mean(axis=0), 0, atol=1e-4)


def _moved(part: Part, by: np.ndarray) -> Part:
    return Part(part.x + by, part.labels)
