"""Intervals and tests by resampling, against what is known in closed form and by hand."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest

from core.bootstrap import Bootstrap, percentile_interval, share_interval
from core.errors import EntError


def test_the_interval_of_a_share_is_near_the_normal_one() -> None:
    values = np.array([1.0] * 120 + [0.0] * 80)
    interval = Bootstrap(np.arange(200), draws=4000).interval(values)
    half = 1.96 * np.sqrt(0.6 * 0.4 / 200)
    assert interval is not None
    assert (interval.low, interval.high) == pytest.approx((0.6 - half, 0.6 + half), abs=0.01)


def test_images_of_one_patient_count_as_one_witness() -> None:
    values = np.repeat([1.0, 0.0, 1.0, 1.0, 0.0, 1.0, 0.0, 1.0], 50)
    alone, grouped = Bootstrap(np.arange(400)).interval(values), Bootstrap(np.repeat(np.arange(8), 50)).interval(values)
    assert alone is not None
    assert grouped is not None
    assert grouped.high - grouped.low > 5 * (alone.high - alone.low)


def test_a_resampled_mean_is_the_mean_of_its_groups() -> None:
    groups, values = np.array(["b", "a", "b", "c"]), np.array([1.0, 0.0, 0.5, 1.0])
    bootstrap = Bootstrap(groups, draws=50, seed=3)
    picks = np.random.default_rng(3).integers(3, size=(50, 3))
    for draw, mean in zip(picks, bootstrap.means(values), strict=True):
        drawn = [value for group in draw for value, name in zip(values, groups, strict=True) if name == "abc"[group]]
        assert mean == pytest.approx(np.mean(drawn))


def test_in_parts_the_same_is_drawn_and_little_is_held(monkeypatch: pytest.MonkeyPatch) -> None:
    values = np.random.default_rng(0).random(300)
    whole = Bootstrap(np.arange(300), draws=70).means(values)
    monkeypatch.setattr("core.bootstrap.CELLS", 300 * 9)
    np.testing.assert_allclose(Bootstrap(np.arange(300), draws=70).means(values), whole, rtol=1e-12)
    monkeypatch.setattr("core.bootstrap.CELLS", 1 << 18)
    tracemalloc.start()
    many = Bootstrap(np.arange(100_000), draws=100)
    assert many.interval(np.linspace(0, 1, 100_000)) is not None
    assert tracemalloc.get_traced_memory()[1] < 60e6  # whole, the draws alone would be 80 MB, their counts as much
    tracemalloc.stop()


def test_means_over_a_part_ignore_the_rest() -> None:
    bootstrap = Bootstrap(np.arange(6), draws=300)
    where = np.array([True, True, False, False, False, False])
    means = bootstrap.means([1, 0, 9, 9, 9, 9], where)
    assert np.nanmin(means) == 0
    assert np.nanmax(means) == 1
    assert np.isnan(means).any()  # resamples without any of the two
    assert bootstrap.interval([1, 0, 9, 9, 9, 9], where) is not None


@pytest.mark.parametrize(("patients", "right"), [(2, 0.8), (5, 0.95), (20, 0.8), (40, 0.99)])
def test_an_interval_of_a_share_holds_about_as_often_as_it_says_also_near_1_and_for_few_patients(
    patients: int, right: float
) -> None:
    rng, held, percentile_held = np.random.default_rng(patients), [], []
    each = rng.beta(right * 3, (1 - right) * 3, size=(200, patients, 1))  # images of a patient are alike
    for values in (rng.random((200, patients, 4)) < each).astype(float).reshape(200, -1):
        bootstrap = Bootstrap(np.repeat(np.arange(patients), 4), draws=300)
        means = bootstrap.means(values)
        found = share_interval(values.mean(), means, patients, values.var() / len(values))
        narrow = percentile_interval(means)
        assert found is not None
        assert narrow is not None
        assert found.low <= values.mean() <= found.high
        held.append(found.low <= right <= found.high)
        percentile_held.append(narrow.low <= right <= narrow.high)
    assert np.mean(held) > 0.9
    assert np.mean(held) > np.mean(percentile_held)


def test_the_interval_of_a_share_of_many_is_the_percentile_one() -> None:
    values = np.array([1.0] * 3000 + [0.0] * 2000)
    means = Bootstrap(np.arange(5000)).means(values)
    found, percentile = share_interval(0.6, means, 5000), percentile_interval(means)
    assert found is not None
    assert percentile is not None
    assert (found.low, found.high) == pytest.approx((percentile.low, percentile.high), abs=1e-3)


@pytest.mark.parametrize("share", [0.0, 1.0])
@pytest.mark.parametrize("patients", [9, 11, 18, 30])
def test_all_right_is_no_proof_that_all_would_be_nor_all_wrong(share: float, patients: int) -> None:
    found = share_interval(share, np.full(100, share), patients)
    assert found is not None
    wide = 1.96**2 / (patients + 1.96**2)  # Wilson 1927 in closed form
    assert (found.low, found.high) == pytest.approx((0, wide) if share == 0 else (1 - wide, 1), abs=1e-4)
    assert found.low >= 0
    assert found.high <= 1
    assert f"{found.low:.2f}" != "-0.00"
    assert share_interval(share, np.full(100, share), 1) is None


def test_patients_that_agree_by_luck_are_no_more_than_their_images() -> None:
    groups = np.repeat(np.arange(5), [4, 4, 4, 4, 5])
    values = np.array([1, 1, 1, 0] * 4 + [1, 1, 1, 1, 0], float)
    means = Bootstrap(groups).means(values)
    found = share_interval(values.mean(), np.append(means, np.nan), 5, values.var() / len(values))
    assert found is not None
    assert (found.low, found.high) == pytest.approx((0.549, 0.894), abs=5e-3)  # Wilson 1927 of 16 in 21


def test_one_patient_says_nothing_about_others() -> None:
    assert Bootstrap(np.zeros(5)).interval([1, 0, 1, 1, 0]) is None
    assert percentile_interval(np.array([np.nan])) is None
    with pytest.raises(EntError, match="at least one query"):
        Bootstrap(np.array([]))


def test_a_true_difference_is_found_and_chance_is_not() -> None:
    rng = np.random.default_rng(0)
    before = (rng.random(200) < 0.5).astype(float)
    better = np.maximum(before, (rng.random(200) < 0.3).astype(float))
    bootstrap = Bootstrap(np.arange(200))
    found = bootstrap.paired(better, before)
    assert found.difference == pytest.approx((better - before).mean())
    assert found.p < 0.01
    assert found.interval is not None
    assert found.interval.low > 0
    assert bootstrap.paired(before, better).p == pytest.approx(found.p)
    assert bootstrap.paired(before, before).p == 1.0


def test_under_no_difference_p_is_small_about_as_often_as_it_says() -> None:
    rng = np.random.default_rng(7)
    p = []
    for _ in range(300):
        change = rng.choice([-1.0, 0.0, 1.0], size=60)
        p.append(Bootstrap(np.arange(60), draws=400).paired(change, np.zeros(60)).p)
    assert 0.01 < np.mean(np.array(p) < 0.05) < 0.09


@pytest.mark.parametrize(("patients", "least"), [(1, 1.0), (2, 0.5), (3, 0.25), (5, 0.0625)])
def test_few_patients_prove_little_though_all_of_them_gained(patients: int, least: float) -> None:
    groups = np.repeat(np.arange(patients), 20)
    assert Bootstrap(groups).paired(np.ones(len(groups)), np.zeros(len(groups))).p == least
