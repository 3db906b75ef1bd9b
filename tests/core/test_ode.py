"""RK4 against exact solutions, against its tableau worked by hand, and against torchdiffeq."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from core.ode import integrate_rk4, odeint_rk4, rk4_states, stage_times


def linear(t: Tensor, y: Tensor) -> Tensor:
    return -1.5 * y


def forced(t: Tensor, y: Tensor) -> Tensor:
    return torch.cos(t) * y


def logistic(t: Tensor, y: Tensor) -> Tensor:
    return 3 * y * (1 - y)


def riccati(t: Tensor, y: Tensor) -> Tensor:
    return -2 * t * y**2


def oscillator(t: Tensor, y: Tensor) -> Tensor:
    return torch.stack([y[1], -4 * y[0]])


PROBLEMS = {  # name: (func, y at 0, y at 2)
    "linear": (linear, [1.0], [math.exp(-3)]),
    "forced": (forced, [1.0], [math.exp(math.sin(2))]),
    "logistic": (logistic, [0.1], [1 / (1 + 9 * math.exp(-6))]),
    "riccati": (riccati, [1.0], [1 / 5]),
    "oscillator": (oscillator, [1.0, 0.5], [math.cos(4) + 0.25 * math.sin(4), 0.5 * math.cos(4) - 2 * math.sin(4)]),
}


def slope(steps: list[int], errors: list[float]) -> float:
    """Least-squares slope of log error against log step size."""
    x, y = -torch.tensor(steps, dtype=torch.float64).log(), torch.tensor(errors, dtype=torch.float64).log()
    x, y = x - x.mean(), y - y.mean()
    return float((x * y).sum() / (x * x).sum())


@pytest.mark.parametrize("name", PROBLEMS)
def test_error_falls_with_the_fourth_power_of_the_step(name: str) -> None:
    func, start, end = PROBLEMS[name]
    y0, exact = torch.tensor(start, dtype=torch.float64), torch.tensor(end, dtype=torch.float64)
    counts = [64, 128, 256, 512]
    grids = [torch.linspace(0, 2, n + 1, dtype=torch.float64) for n in counts]
    errors = [float((odeint_rk4(func, y0, t)[-1] - exact).norm()) for t in grids]
    assert slope(counts, errors) == pytest.approx(4, abs=0.1)


def test_exact_where_the_solution_is_a_polynomial_of_degree_four() -> None:
    y = odeint_rk4(lambda t, y: 4 * t**3 + 0 * y, torch.zeros(1, dtype=torch.float64), [0.0, 0.7, 1.0, 3.0])
    assert y.flatten().tolist() == pytest.approx([0, 0.7**4, 1, 81], abs=1e-12)


def test_it_is_the_classical_tableau() -> None:
    # 2 k_2 + 2 k_3 in the middle: the 3/8 rule, also of order 4, gives another value on this step.
    y, t, h = 0.8, 0.3, 0.5
    k_1 = -2 * t * y**2
    k_2 = -2 * (t + h / 2) * (y + h / 2 * k_1) ** 2
    k_3 = -2 * (t + h / 2) * (y + h / 2 * k_2) ** 2
    k_4 = -2 * (t + h) * (y + h * k_3) ** 2
    expected = y + h / 6 * (k_1 + 2 * k_2 + 2 * k_3 + k_4)
    assert float(integrate_rk4(riccati, torch.tensor(y, dtype=torch.float64), [t, t + h])) == pytest.approx(expected)


def test_any_monotone_grid_forwards_and_back() -> None:
    y0 = torch.tensor([0.3, -1.2], dtype=torch.float64)
    t = torch.tensor([0.0, 0.05, 0.11, 0.2, 0.21, 0.4], dtype=torch.float64)
    y = odeint_rk4(oscillator, y0, t)
    assert y.shape == (6, 2)
    assert torch.equal(y[0], y0)
    assert torch.allclose(odeint_rk4(oscillator, y[-1], t.flip(0))[-1], y0, atol=1e-4)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_precision_and_shape_are_those_of_the_start(dtype: torch.dtype) -> None:
    y = odeint_rk4(linear, torch.ones(2, 3, 4, dtype=dtype), [0.0, 0.5, 1.0])
    assert y.dtype == dtype
    assert y.shape == (3, 2, 3, 4)


def test_the_end_alone_and_the_states_one_by_one_are_the_same() -> None:
    y0, t = torch.tensor([0.1], dtype=torch.float64), [0.0, 0.5, 2.0]
    every = odeint_rk4(logistic, y0, t)
    assert torch.equal(integrate_rk4(logistic, y0, t), every[-1])
    assert all(torch.equal(a, b) for a, b in zip(rk4_states(logistic, y0, t), every, strict=True))


def test_the_start_is_left_alone() -> None:
    y0 = torch.ones(3)
    odeint_rk4(linear, y0, [0.0, 1.0])
    assert torch.equal(y0, torch.ones(3))


def test_gradients_reach_the_start_and_the_parameters() -> None:
    rate = torch.tensor(-1.5, dtype=torch.float64, requires_grad=True)
    y0 = torch.tensor([2.0], dtype=torch.float64, requires_grad=True)
    integrate_rk4(lambda t, y: rate * y, y0, torch.linspace(0, 1, 101, dtype=torch.float64)).sum().backward()
    assert y0.grad is not None
    assert rate.grad is not None
    assert float(y0.grad) == pytest.approx(math.exp(-1.5), rel=1e-7)  # d/dy0 of y0 e^a
    assert float(rate.grad) == pytest.approx(2 * math.exp(-1.5), rel=1e-7)  # d/da of y0 e^a


def test_func_is_called_at_the_stage_times_and_no_others() -> None:
    seen: list[float] = []

    def func(t: float, y: Tensor) -> Tensor:
        seen.append(t)
        return y

    grid = [i / 10 for i in range(11)]
    integrate_rk4(func, torch.ones(1), grid)
    assert set(seen) == set(stage_times(grid))
    assert len(seen) == 40


@pytest.mark.parametrize(
    ("grid", "said"),
    [
        (torch.zeros(2, 2), r"1-d, got shape \(2, 2\)"),
        (torch.tensor(1.0), "1-d"),
        (torch.tensor([0.0]), "at least 2 entries, got 1"),
        ([], "at least 2 entries, got 0"),
        ([0.0, 0.0], "strictly monotone"),
        ([0.0, 1.0, 0.5], "strictly monotone"),
        (torch.tensor([0.0, math.nan]), "finite"),
        ([0.0, math.inf], "finite"),
    ],
)
def test_a_grid_that_is_none_is_refused(grid: Tensor | list[float], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        odeint_rk4(linear, torch.ones(1), grid)


@pytest.mark.parametrize("matrix", [[[-0.5, 2.0], [-2.0, -0.5]], [[0.3, 0.0], [1.0, -1.0]]])
def test_equal_to_torchdiffeq_on_linear_autonomous_problems(matrix: list[list[float]]) -> None:
    # torchdiffeq's "rk4" is the 3/8 rule; on y' = Ay every such method is the same Taylor polynomial of order 4.
    torchdiffeq = pytest.importorskip("torchdiffeq")
    a, y0 = torch.tensor(matrix, dtype=torch.float64), torch.tensor([[1.0, 0.2]], dtype=torch.float64)
    func: Callable[[Tensor, Tensor], Tensor] = lambda t, y: y @ a  # noqa: E731
    t = torch.tensor([0.0, 0.1, 0.3, 0.7, 1.0], dtype=torch.float64)
    assert torch.allclose(odeint_rk4(func, y0, t), torchdiffeq.odeint(func, y0, t, method="rk4"), atol=1e-14)


def test_close_to_torchdiffeq_on_a_fine_grid() -> None:
    torchdiffeq = pytest.importorskip("torchdiffeq")
    y0, t = torch.tensor([0.1], dtype=torch.float64), torch.linspace(0, 2, 401, dtype=torch.float64)
    assert torch.allclose(odeint_rk4(logistic, y0, t), torchdiffeq.odeint(logistic, y0, t, method="rk4"), atol=1e-9)
