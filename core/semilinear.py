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

STAGES = 4
TERMS = 2 + STAGES
"""What every sum is of: x, b, and f at each of the stages."""


@dataclass(frozen=True)
class _Step:
    """The times of the stages; where each is, (1, the terms known by then), and the change of x, (1, TERMS)."""

    times: tuple[float, ...]
    stages: tuple[Tensor, ...]
    change: Tensor


class SemilinearRK4:
    """The states of `core.ode.odeint_rk4` on the grid `t`, in fewer calls of torch, and without gradients.

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
        state, _, *values = terms.unbind()
        rows = terms.flatten(1)  # (TERMS, B * D)
        known = [rows[: 2 + stage] for stage in range(STAGES)]
        y = torch.empty_like(x)
        row = y.view(1, -1)
        for step in self._steps:
            self._f(step.times[0], state, values[0])
            for stage in range(1, STAGES):
                torch.mm(step.stages[stage], known[stage], out=row)
                self._f(step.times[stage], y, values[stage])
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
    return _Step(tuple(times), tuple(stages), change[None].to(like))
