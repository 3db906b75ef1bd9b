"""Words and pictures in one query, on made-up cones of embeddings where the right answer is known."""

from __future__ import annotations

import numpy as np
import pytest

from core.blend import blend
from core.vectors import Matrix

DIMENSION = 64


def unit(vectors: Matrix) -> Matrix:
    return vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)


@pytest.fixture
def cones() -> tuple[Matrix, Matrix]:
    """(400 pictures, the text of each): widely spread pictures, and texts like them, squeezed and far away."""
    rng = np.random.default_rng(0)
    meaning = rng.normal(size=(400, DIMENSION))
    meaning[:, :2] = 0  # what sets the two cones apart says nothing about single pictures
    pictures = unit(meaning + 6 * np.eye(DIMENSION)[0])
    texts = unit(0.3 * meaning + 30 * np.eye(DIMENSION)[1])
    return pictures.astype(np.float32), texts.astype(np.float32)


def test_similarities_are_summed_as_z_scores(cones: tuple[Matrix, Matrix]) -> None:
    pictures, texts = cones
    vector = blend(texts[1], pictures[0], pictures)
    scores = [pictures @ part for part in (texts[1], pictures[0])]
    summed = sum((score - score.mean()) / score.std() for score in scores)
    assert np.corrcoef(pictures @ vector, summed)[0, 1] == pytest.approx(1, abs=1e-5)
    assert np.linalg.norm(vector) == pytest.approx(1, abs=1e-6)
    assert vector.dtype == np.float32


def test_the_plain_mean_would_not_hear_the_words(cones: tuple[Matrix, Matrix]) -> None:
    pictures, texts = cones
    plain = np.argsort(-(pictures @ (texts[1] + pictures[0])))
    blended = np.argsort(-(pictures @ blend(texts[1], pictures[0], pictures)))
    assert list(plain).index(1) > 20
    assert set(blended[:2]) == {0, 1}


@pytest.mark.parametrize("count", [0, 1, 3])
def test_without_a_spread_the_two_are_simply_added(cones: tuple[Matrix, Matrix], count: int) -> None:
    pictures, texts = cones
    same = np.repeat(pictures[:1], count, axis=0).reshape(count, DIMENSION)
    assert blend(texts[1], pictures[0], same) == pytest.approx(unit(texts[1] + pictures[0]), abs=1e-6)
