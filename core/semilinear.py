"""RK4 for semilinear equations, dx/dt = r x + b + f(t, x): each of its sums is one small matrix product."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TypeAlias

import torch
from torch import Tensor

from core.ode import check_grid, integrate_rk4

Nonlinear: TypeAlias = Callable[[float, Tensor, Tensor], object]
"""f(t, x, out) writes its values at time t and states x (B, D) to `out` (B, D)."""

TERMS = 6
"""What every sum is of: x, b, and f at each of the four stages."""


@dataclass(frozen=True)
class _Step:
    """Its start, middle and end; weights of the terms known by then, (1, 3 to 5), that give the second to fourth stage;
    and of all terms, (1, TERMS), that give the change of x.
    """

    times: tuple[float, float, float]
    stages: tuple[Tensor, Tensor, Tensor]
    change: Tensor


class SemilinearRK4:
    """The states of `core.ode.odeint_rk4` on the grid `t`, in fewer calls of torch; to be called without gradients.

    With `r` a number and `b` (D,). Raises ValueError as that does.
    """

    def __init__(self, f: Nonlinear, r: float, b: Tensor, t: Sequence[float]) -> None:
        check_grid(t)
        self._f, self._b = f, b
        self._steps = [_step(r, t_0, t_1, b) for t_0, t_1 in pairwise(t)]

    def end(self, x: Tensor) -> Tensor:
        """The last state, (B, D), from `x` (B, D) on."""
        state = x
        for found in self._states(x):
            state = found
        return state

    def states(self, x: Tensor) -> Tensor:
        """The states at all times of the grid, (T, B, D), the first being `x` (B, D)."""
        return torch.stack([x, *(state.clone() for state in self._states(x))])

    def _states(self, x: Tensor) -> Iterator[Tensor]:
        """The states after `x`, each in the place of the one before."""
        terms = x.new_empty(TERMS, *x.shape)
        terms[0], terms[1] = x, self._b
        state, _, *(f_1, f_2, f_3, f_4) = terms.unbind()
        rows = terms.flatten(1)  # (TERMS, B * D)
        up_to_1, up_to_2, up_to_3 = rows[:3], rows[:4], rows[:5]
        y = x.new_empty(x.shape)
        row, f = y.view(1, -1), self._f
        for step in self._steps:
            t_0, t_half, t_1 = step.times
            y_2, y_3, y_4 = step.stages
            f(t_0, state, f_1)
            torch.mm(y_2, up_to_1, out=row)
            f(t_half, y, f_2)
            torch.mm(y_3, up_to_2, out=row)
            f(t_half, y, f_3)
            torch.mm(y_4, up_to_3, out=row)
            f(t_1, y, f_4)
            torch.mm(step.change, rows, out=row)
            state.add_(y)
            yield state


def _step(r: float, t_0: float, t_1: float, like: Tensor) -> _Step:
    """What comes of a step of RK4 on the terms themselves, as unit vectors."""
    x, b, *values = torch.eye(TERMS, dtype=torch.float64).unbind()
    times: list[float] = []
    stages: list[Tensor] = []

    def derivative(t: float, y: Tensor) -> Tensor:
        times.append(t)
        stages.append(y[None, : 1 + len(times)].to(like))
        return r * y + b + values[len(times) - 1]

    change = integrate_rk4(derivative, x, [t_0, t_1]) - x
    _, y_2, y_3, y_4 = stages
    return _Step((t_0, times[1], t_1), (y_2, y_3, y_4), change[None].to(like))
