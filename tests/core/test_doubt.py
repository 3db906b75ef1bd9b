"""What a gain on a few images proves."""

from __future__ import annotations

import numpy as np

from core.doubt import beyond_doubt


def test_a_few_that_agree_prove_little() -> None:
    assert not beyond_doubt(np.ones(1), 1.0)
    assert beyond_doubt(np.ones(10), 1.0)
    assert not beyond_doubt(np.zeros(0), 1.0)


def test_frames_of_one_patient_prove_no_more_than_one_of_them() -> None:
    gain, groups = np.repeat([1.0] * 6 + [-1.0] * 4, 20), np.repeat(np.arange(10), 20)
    assert beyond_doubt(gain, 1.7)
    assert not beyond_doubt(gain, 1.7, groups)
