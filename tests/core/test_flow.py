"""A flow against its plain field, a fine grid and bad input."""

from __future__ import annotations

import math
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import numpy.typing as npt
import pytest
import torch

from core import flow as flow_module
from core.errors import EntError
from core.flow import Flow, FlowConfig
from core.ode import odeint_rk4
from core.vector_field import FEW as GROUP_NORM
from core.vector_field import VectorField

Embeddings = npt.NDArray[np.float32]


def small_field(dim: int = 16, seed: int = 5) -> VectorField:
    return VectorField(dim=dim, hidden=24, heads=3, generator=torch.Generator().manual_seed(seed))


def embeddings(count: int, dim: int = 16) -> Embeddings:
    x = np.random.default_rng(count).standard_normal((count, dim)).astype(np.float32)
    return x / np.linalg.norm(x, axis=1, keepdims=True)


def normalised(x: Embeddings) -> Embeddings:
    return x / np.linalg.norm(x, axis=-1, keepdims=True)


def plain(field: VectorField, x_0: Embeddings, steps: int) -> npt.NDArray[np.float64]:
    """Every state of the unfused field in float64."""
    with torch.no_grad():
        grid = torch.linspace(0, 1, steps + 1, dtype=torch.float64)
        return odeint_rk4(field.eval().double(), torch.tensor(x_0).double(), grid).numpy()


@pytest.mark.parametrize("steps", [1, 10])
def test_trajectory_is_rk4_on_the_plain_field(steps: int) -> None:
    x_0 = embeddings(6, 512)
    field = VectorField(generator=torch.Generator().manual_seed(0))
    flow = Flow(field, FlowConfig(steps=steps))
    states = flow.trajectory(x_0)
    assert states.shape == (steps + 1, 6, 512)
    assert np.array_equal(states[0], x_0)
    assert np.abs(states - plain(field, x_0, steps)).max() < 1e-5


def test_trajectory_comes_closer_to_the_true_one_with_order_four() -> None:
    # Slow frequencies: with the method's own ones (tW up to 30) a coarse grid is not in the asymptotic range.
    field = small_field()
    field.time_encoder.W.mul_(0.1)
    x_0 = embeddings(4)
    exact = plain(field, x_0, 2000)[-1]
    errors = [np.abs(plain(field, x_0, steps)[-1] - exact).max() for steps in (20, 40, 80, 160)]
    slope = np.polyfit(np.log([1 / 20, 1 / 40, 1 / 80, 1 / 160]), np.log(errors), 1)[0]
    assert slope == pytest.approx(4, abs=0.1)
    fine = Flow(field, FlowConfig(steps=200)).trajectory(x_0)
    assert np.abs(fine[-1] - exact).max() < 1e-5


def test_transform_is_the_normalised_end_of_the_trajectory() -> None:
    flow, x_0 = Flow(small_field()), embeddings(7)
    moved = flow.transform(x_0)
    assert moved.dtype == np.float32
    assert np.allclose(np.linalg.norm(moved, axis=1), 1, atol=1e-6)
    assert np.allclose(moved, normalised(flow.trajectory(x_0)[-1]), atol=1e-6)


def test_apply_once_is_the_field_at_the_start() -> None:
    field, x_0 = small_field().eval(), embeddings(7)
    expected = normalised(field(0.5, torch.tensor(x_0)).detach().numpy())
    assert np.allclose(Flow(field, FlowConfig(t_0=0.5)).apply_once(x_0), expected, atol=1e-5)


def test_time_may_run_backwards() -> None:
    field, x_0 = small_field(), embeddings(3)
    field.time_encoder.W.mul_(0.1)
    end = Flow(field, FlowConfig(steps=100)).trajectory(x_0)[-1]
    back = Flow(field, FlowConfig(steps=100, t_0=1, t_1=0)).trajectory(end)[-1]
    assert np.allclose(back, x_0, atol=1e-3)


def test_chunks_do_not_show(monkeypatch: pytest.MonkeyPatch) -> None:
    flow, x_0 = Flow(small_field()), embeddings(50)
    whole = flow.transform(x_0), flow.apply_once(x_0), flow.trajectory(x_0)
    monkeypatch.setattr(flow_module, "CHUNK", 7)
    for a, b in zip(whole, (flow.transform(x_0), flow.apply_once(x_0), flow.trajectory(x_0)), strict=True):
        assert np.allclose(a, b, atol=1e-5)


@pytest.fixture
def small_parts(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Parts of up to 7 embeddings, on four cores."""
    before = torch.get_num_threads()
    monkeypatch.setattr(flow_module, "CHUNK", 7)
    monkeypatch.setattr(flow_module, "FEW", 1)
    torch.set_num_threads(4)
    yield
    torch.set_num_threads(before)


@pytest.mark.usefixtures("small_parts")
def test_threads_may_share_a_flow_that_shares_its_work() -> None:
    flow, batches = Flow(small_field()), [embeddings(n) for n in range(1, 90, 4)]
    expected = [flow.transform(x) for x in batches]
    with ThreadPoolExecutor(4) as pool:
        assert all(
            np.allclose(*pair, atol=1e-6) for pair in zip(pool.map(flow.transform, batches), expected, strict=True)
        )
    mixed = np.asfortranarray(embeddings(60))
    mixed.flags.writeable = False
    assert np.allclose(flow.transform(mixed), flow.transform(embeddings(60)), atol=1e-6)


@pytest.mark.usefixtures("small_parts")
def test_one_embedding_of_many_that_explodes_is_told() -> None:
    field, x_0 = small_field(), np.zeros((60, 16), np.float32)
    with torch.no_grad():
        field.res_weight.fill_(40.0)
        for head in field.heads:
            head[4].weight.zero_()
            head[4].bias.zero_()
    assert not Flow(field).transform(x_0).any()  # and rows of zeros stay
    x_0[41] = 1e30
    with pytest.raises(EntError, match="sends embeddings to infinity"):
        Flow(field).transform(x_0)


@pytest.mark.parametrize("method", ["transform", "apply_once", "trajectory"])
@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("res_weight", [0.0, 1.0])
@pytest.mark.usefixtures("small_parts")
def test_one_embedding_of_many_that_is_not_finite_is_told_whatever_the_others_come_to(
    monkeypatch: pytest.MonkeyPatch, method: str, bad: float, res_weight: float
) -> None:
    monkeypatch.setattr(flow_module, "CHUNK", GROUP_NORM + 8)  # a part to each of four cores, none by group norm
    count = 4 * (GROUP_NORM + 8)
    field, x_0 = small_field(), embeddings(count)
    with torch.no_grad():
        field.res_weight.fill_(res_weight)
    x_0[3] = 3e38
    x_0[41, 5] = bad
    with pytest.raises(EntError, match=f"embedding 41 of {count} is not finite"):
        getattr(Flow(field), method)(x_0)


def test_no_embeddings_give_none() -> None:
    flow, none = Flow(small_field()), np.empty((0, 16), np.float32)
    assert flow.transform(none).shape == flow.apply_once(none).shape == (0, 16)
    assert flow.trajectory(none).shape == (11, 0, 16)


def test_input_of_any_float_kind_is_taken_and_left_alone() -> None:
    flow, x_0 = Flow(small_field()), embeddings(4)
    moved = flow.transform(x_0)
    frozen = x_0.copy()
    frozen.flags.writeable = False
    assert np.array_equal(flow.transform(frozen), moved)
    assert np.array_equal(frozen, x_0)
    assert np.allclose(flow.transform(x_0.astype(np.float64)), moved)
    assert np.allclose(flow.transform(np.asfortranarray(x_0)), moved, atol=1e-6)
    assert np.array_equal(flow.transform(x_0.tolist()), moved)


def test_a_flow_is_frozen_when_it_is_made() -> None:
    field, x_0 = small_field().train(), embeddings(4)
    flow = Flow(field)
    before = flow.transform(x_0)
    with torch.no_grad():
        field.res_weight.fill_(-3)
    assert np.array_equal(flow.transform(x_0), before)
    assert field.training
    assert field.res_weight.requires_grad
    assert not any(p.requires_grad for p in flow.field.parameters())


def test_threads_may_share_a_flow() -> None:
    flow, batches = Flow(small_field()), [embeddings(n) for n in range(1, 40)]
    expected = [flow.transform(x) for x in batches]
    with ThreadPoolExecutor(8) as pool:
        assert all(map(np.array_equal, pool.map(flow.transform, batches), expected))


@pytest.mark.parametrize("method", ["transform", "apply_once", "trajectory"])
@pytest.mark.parametrize(
    ("x_0", "said"),
    [
        (np.zeros(16), r"shape \(B, 16\), got \(16,\)"),
        (np.zeros((2, 17)), r"shape \(B, 16\), got \(2, 17\)"),
        (np.array([[0.0] * 16, [math.nan] * 16]), "embedding 1 of 2 is not finite"),
        (np.full((1, 16), 1e300), "embedding 0 of 1 is not finite"),
    ],
)
def test_bad_embeddings_are_refused(method: str, x_0: npt.NDArray[np.float64], said: str) -> None:
    with pytest.raises(EntError, match=said):
        getattr(Flow(small_field()), method)(x_0)


def test_a_field_that_explodes_is_told_apart_from_a_result() -> None:
    field = small_field()
    with torch.no_grad():
        field.res_weight.fill_(1e30)
    flow = Flow(field, name="wild")
    with pytest.raises(EntError, match="'wild' sends embeddings to infinity"):
        flow.transform(embeddings(2))


@pytest.mark.parametrize("steps", [0, -1, 1001, 2.5, True, "10"])
def test_steps_that_cannot_be_taken_are_refused(steps: object) -> None:
    with pytest.raises(EntError, match="whole number from 1 to 1000"):
        FlowConfig(steps=steps)  # type: ignore[arg-type]


@pytest.mark.parametrize(("t_0", "t_1"), [(0.5, 0.5), (0, math.inf), (math.nan, 1), ("0", 1)])
def test_times_that_go_nowhere_are_refused(t_0: float, t_1: float) -> None:
    with pytest.raises(EntError, match="one finite time to another"):
        FlowConfig(t_0=t_0, t_1=t_1)


def test_the_grid_has_its_ends_exactly() -> None:
    assert FlowConfig(steps=2).grid == (0.0, 0.5, 1.0)
    grid = FlowConfig(steps=7, t_0=0.1, t_1=-0.3).grid
    assert (grid[0], grid[-1], len(grid)) == (0.1, -0.3, 8)
