"""Which epoch's weights are kept, where the first is hard to better and validation images are few."""

from __future__ import annotations

import numpy as np
import pytest

from core.keeper import Keeper
from core.recipe import DEFAULT, REFERENCE
from core.validation import Checked
from core.vector_field import VectorField

FIELD = VectorField(dim=4, hidden=2, heads=1)
FIRST = np.repeat([0.0, 0.5, 1.0], 50)


def kept(keeper: Keeper, served: list[np.ndarray]) -> int:
    for epoch, values in enumerate(served, start=1):
        keeper.offer(epoch, FIELD, 1.0, Checked(1.0, 0.5, values))
    return keeper.epoch


def better(images: int) -> np.ndarray:
    values = FIRST.copy()
    values[:images] = 1.0
    return values


@pytest.mark.parametrize(("images", "epoch"), [(0, 1), (1, 1), (10, 2)])
def test_the_first_stays_until_another_is_better_beyond_chance(images: int, epoch: int) -> None:
    assert kept(Keeper(DEFAULT), [FIRST, better(images)]) == epoch


def test_of_those_that_are_better_the_latest_is_kept_and_not_the_luckiest() -> None:
    assert kept(Keeper(DEFAULT), [FIRST, better(30), better(12), better(1)]) == 3


def test_it_goes_on_from_where_it_was() -> None:
    whole, first, again = Keeper(DEFAULT), Keeper(DEFAULT), Keeper(DEFAULT)
    kept(first, [FIRST])
    again.load_state_dict(first.state_dict())
    assert not again.offer(2, FIELD, 1.0, Checked(1.0, 0.5, better(1)))
    assert again.offer(3, FIELD, 1.0, Checked(1.0, 0.5, better(12)))
    assert kept(whole, [FIRST, better(1), better(12)]) == again.epoch == 3


def test_the_published_rule_goes_by_either_loss() -> None:
    keeper = Keeper(REFERENCE)
    for epoch, (train, val) in enumerate([(2.0, 2.0), (1.9, 2.5), (1.9, 2.0), (1.9, 1.5)], start=1):
        assert keeper.offer(epoch, FIELD, train, Checked(val, 0.5, FIRST)) == (epoch != 3)


def test_an_epoch_that_serves_one_patient_better_is_not_better_for_all() -> None:
    one_patient, many = np.repeat(np.arange(101), [50, *[1] * 100]), np.arange(150)
    assert kept(Keeper(DEFAULT, one_patient), [FIRST, better(50)]) == 1
    assert kept(Keeper(DEFAULT, many), [FIRST, better(50)]) == 2
