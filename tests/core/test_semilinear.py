"""Semilinear RK4 against exact solutions and against the method as it is written."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor

from core.ode import odeint_rk4
from core.semilinear import SemilinearRK4

GRIDS = [[0.0, 1.0], [0.0, 0.1, 0.7, 1.0], [1.0, 0.25, -0.5]]


def written(f: Callable[[float, Tensor], Tensor]) -> Callable[[float, Tensor, Tensor], object]:
    return lambda t, x, out: out.copy_(f(t, x))


def bent(t: float, x: Tensor) -> Tensor:
    """Nonlinear, and every coordinate depends on the one before."""
    return torch.sin(x.roll(1, dims=1) + t) * x


def doubles(*shape: int) -> Tensor:
    return torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(3))


@pytest.mark.parametrize("grid", GRIDS)
@pytest.mark.parametrize("rate", [1.0, 0.0, -3.0])
@pytest.mark.parametrize("count", [0, 1, 5])
def test_states_are_those_of_rk4(grid: list[float], rate: float, count: int) -> None:
    b, x = doubles(7), doubles(count, 7)
    method = SemilinearRK4(written(bent), rate, b, grid)
    expected = odeint_rk4(lambda t, y: rate * y + b + bent(t, y), x, grid)
    assert torch.allclose(method.states(x), expected, rtol=1e-12, atol=1e-12)
    assert torch.equal(method.end(x), method.states(x)[-1])
    assert torch.equal(method.states(x)[0], x)


def test_error_falls_with_order_four() -> None:
    # x = 1 / 2 + cos t + e^(-2 t) / 2 solves dx/dt = -2 x + 1 + (2 cos t - sin t)
    def f(t: float, x: Tensor) -> Tensor:
        return torch.full_like(x, 2 * math.cos(t) - math.sin(t))

    exact = 0.5 + math.cos(3) + math.exp(-6) / 2
    steps, x = (10, 20, 40, 80), torch.full((1, 1), 2.0, dtype=torch.float64)
    grids = [[3 * i / count for i in range(count + 1)] for count in steps]
    ends = [SemilinearRK4(written(f), -2.0, torch.ones(1).double(), grid).end(x) for grid in grids]
    slope = np.polyfit(np.log(steps), np.log([abs(float(end) - exact) for end in ends]), 1)[0]
    assert slope == pytest.approx(-4, abs=0.1)


def test_the_start_is_left_alone_and_asked_for_again() -> None:
    method, x = SemilinearRK4(written(bent), 1.0, doubles(7), GRIDS[1]), doubles(3, 7)
    before = x.clone()
    first = method.end(x)
    assert torch.equal(x, before)
    method.end(doubles(4, 7))
    assert torch.equal(method.end(x), first)


def test_what_is_not_finite_stays_so_and_with_its_own_row() -> None:
    def vanishing(t: float, x: Tensor) -> Tensor:
        return torch.where(torch.tensor(t == 0), 1 / x, 0 * x)  # infinite at one stage alone

    x = torch.tensor([[1.0, 2.0], [0.0, 1.0], [3.0, 4.0]])
    end = SemilinearRK4(written(vanishing), 0.0, torch.zeros(2), [0.0, 0.5, 1.0]).end(x)
    assert torch.isfinite(end).all(dim=1).tolist() == [True, False, True]


@pytest.mark.parametrize("grid", [[0.0, 0.0], [0.0, 1.0, 0.5], [0.0, math.inf], [0.0]])
def test_a_bad_grid_is_refused(grid: list[float]) -> None:
    with pytest.raises(ValueError, match="the time grid"):
        SemilinearRK4(written(bent), 1.0, doubles(7), grid)
