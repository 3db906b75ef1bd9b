"""The classical Runge-Kutta method of order 4, on a grid that the caller chooses."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from typing import Any, TypeAlias

import torch
from torch import Tensor

Derivative: TypeAlias = Callable[[Any, Tensor], Tensor]
"""func(t, y) -> dy/dt of y's shape. `t` is an element of the grid or a midpoint: a float, or a 0-d tensor."""

Grid: TypeAlias = Tensor | Sequence[float]
"""Times t_0, t_1, ..., at least two, strictly increasing or strictly decreasing; as floats or a 1-d tensor."""


def odeint_rk4(func: Derivative, y0: Tensor, t: Grid) -> Tensor:
    """Solve dy/dt = func(t, y) with y(t[0]) = y0 by the classical tableau, one step between neighbours of `t`.

    Gradients flow to `y0` and to whatever `func` depends on, not to `t`. Works in the precision of `y0`.
    Returns the states at every time of the grid, (T, *y0.shape), the first being y0.
    Raises ValueError when the grid is not 1-d, shorter than two, not finite or not strictly monotone.
    """
    return torch.stack(list(rk4_states(func, y0, t)))


def integrate_rk4(func: Derivative, y0: Tensor, t: Grid) -> Tensor:
    """The last state of `odeint_rk4`, without keeping those before it. Raises ValueError as it does."""
    y = y0
    for state in rk4_states(func, y0, t):
        y = state
    return y


def rk4_states(func: Derivative, y0: Tensor, t: Grid) -> Iterator[Tensor]:
    """The states of `odeint_rk4` one after the other, as they are computed. Raises ValueError as it does."""
    check_grid(t)
    y = y0
    yield y
    for t_0, t_1 in pairwise(t):
        y = _rk4_step(func, y, t_0, t_1)
        yield y


def stage_times(t: Sequence[float]) -> list[float]:
    """Every time at which the method evaluates `func` on the grid `t`: its elements and their midpoints."""
    return [*t, *(_midpoint(t_0, t_1) for t_0, t_1 in pairwise(t))]


def _rk4_step(func: Derivative, y: Tensor, t_0: Any, t_1: Any) -> Tensor:
    dt, t_half = float(t_1 - t_0), _midpoint(t_0, t_1)
    k_1 = func(t_0, y)
    k_2 = func(t_half, torch.add(y, k_1, alpha=dt / 2))
    k_3 = func(t_half, torch.add(y, k_2, alpha=dt / 2))
    k_4 = func(t_1, torch.add(y, k_3, alpha=dt))
    slope = (k_1 + k_4).add_(k_2, alpha=2).add_(k_3, alpha=2)
    return torch.add(y, slope, alpha=dt / 6)


def _midpoint(t_0: Any, t_1: Any) -> Any:
    return t_0 + (t_1 - t_0) / 2


def check_grid(t: Grid) -> None:
    """Raises ValueError when the grid is not 1-d, shorter than two, not finite or not strictly monotone."""
    if isinstance(t, Tensor) and t.ndim != 1:
        raise ValueError(f"the time grid must be 1-d, got shape {tuple(t.shape)}")
    times = t.tolist() if isinstance(t, Tensor) else t
    if len(times) < 2:
        raise ValueError(f"the time grid needs at least 2 entries, got {len(times)}")
    steps = [t_1 - t_0 for t_0, t_1 in pairwise(times)]
    if not all(map(math.isfinite, times)) or not (all(s > 0 for s in steps) or all(s < 0 for s in steps)):
        raise ValueError(f"the time grid must be finite and strictly monotone, got {list(times)}")
