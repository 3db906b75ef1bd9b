"""A flow: a vector field and the way it is integrated, from embeddings x_0 to embeddings x_1."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn.functional import normalize

from core.cores import even_parts, on_every_core
from core.errors import EntError
from core.ode import stage_times
from core.semilinear import SemilinearRK4
from core.vector_field import FusedVectorField, VectorField

Embeddings = npt.NDArray[np.float32]
CHUNK = 512
"""Embeddings integrated together, at most: 256 take 1.04 of the time, 128 1.13 (CPU, two cores)."""
FEW = 128
"""Of fewer a core, torch shares every operation among all cores."""
MAX_STEPS = 1000


@dataclass(frozen=True)
class FlowConfig:
    """How a flow is integrated: `steps` equal RK4 steps from time `t_0` to `t_1`. Raises EntError when it cannot be."""

    steps: int = 10
    t_0: float = 0.0
    t_1: float = 1.0

    def __post_init__(self) -> None:
        if type(self.steps) is not int or not 1 <= self.steps <= MAX_STEPS:
            raise EntError(f"the steps of a flow are a whole number from 1 to {MAX_STEPS}, got {self.steps!r}")
        times = (self.t_0, self.t_1)
        if any(type(t) not in (int, float) or not math.isfinite(t) for t in times) or self.t_0 == self.t_1:
            raise EntError(f"a flow goes from one finite time to another, got t_0 = {self.t_0!r}, t_1 = {self.t_1!r}")

    @property
    def grid(self) -> tuple[float, ...]:
        """The steps + 1 times at which states are known, t_0 and t_1 among them exactly."""
        share = (i / self.steps for i in range(self.steps + 1))
        return tuple(self.t_0 * (1 - s) + self.t_1 * s for s in share)


class Flow:
    """Moves embeddings along a frozen copy of `field`; training `field` further does not change the flow.

    Embeddings are NumPy arrays (B, dim), B may be 0; they are worked on in float32, on the device of `field`.
    Safe to use from several threads. Every method raises EntError when the input has another shape or is not
    finite, and when the field sends it to infinity.
    """

    def __init__(
        self,
        field: VectorField,
        config: FlowConfig | None = None,
        flow_id: str = "",
        name: str = "",
        created: str = "",
        recipe: Mapping[str, Any] | None = None,
    ) -> None:
        """`recipe` is what the field was trained with, where that is known; it goes into checkpoints."""
        self.field = copy.deepcopy(field).float().eval().requires_grad_(False)
        self.config = config or FlowConfig()
        self.flow_id, self.name, self.created, self.recipe = flow_id, name, created, dict(recipe or {})
        self._device, self._grid = self.field.res_weight.device, self.config.grid
        self._velocity = FusedVectorField(self.field, stage_times(self._grid))
        heads, rate, bias = self._velocity.of_heads, self._velocity.res_weight, self._velocity.out_bias
        self._rk4 = SemilinearRK4(heads, rate, bias, self._grid)

    @property
    def dim(self) -> int:
        """Dimension of the embeddings that go in and come out."""
        return self.field.dim

    def transform(self, x_0: npt.ArrayLike) -> Embeddings:
        """The embeddings at the end of the flow, (B, dim) float32, L2-normalised rows."""
        return self._normalised(x_0, self._rk4.end)

    def apply_once(self, x_0: npt.ArrayLike) -> Embeddings:
        """The field's value at (t_0, x_0), the reference's "step 0": (B, dim) float32, L2-normalised rows."""
        return self._normalised(x_0, lambda x: self._velocity(self._grid[0], x))

    def trajectory(self, x_0: npt.ArrayLike) -> Embeddings:
        """The raw states after every step, (steps + 1, B, dim) float32; the first is x_0, none is normalised."""
        return self._moved(x_0, self._rk4.states, (len(self._grid),))

    def _normalised(self, x_0: npt.ArrayLike, move: Callable[[Tensor], Tensor]) -> Embeddings:
        return self._moved(x_0, lambda x: normalize(move(x), dim=-1))

    def _moved(self, x_0: npt.ArrayLike, move: Callable[[Tensor], Tensor], leading: tuple[int, ...] = ()) -> Embeddings:
        """What `move` makes of parts of x_0 (B, dim), put together: (*leading, B, dim)."""
        embeddings = self._checked(x_0)
        moved = np.empty((*leading, *embeddings.shape), np.float32)

        def follow(rows: slice) -> None:
            with torch.inference_mode():  # thread-local, so it is set at every call
                x = torch.from_numpy(embeddings[rows]).to(self._device)
                moved[..., rows, :] = move(x).cpu().numpy()
            # what is not finite stays so all the way, by the sums of RK4 and by res_weight * x: one look is enough
            if not np.isfinite(moved[..., rows, :]).all():
                raise self._not_finite(embeddings)

        if self._device.type == "cpu":
            on_every_core(follow, even_parts(len(embeddings), FEW, CHUNK))
        else:
            for start in range(0, len(embeddings), CHUNK):
                follow(slice(start, start + CHUNK))
        return moved

    def _checked(self, x_0: npt.ArrayLike) -> Embeddings:
        with np.errstate(over="ignore"):  # what float32 cannot hold becomes infinite, and what comes of it is refused
            embeddings = np.array(x_0, dtype=np.float32, order="C")  # its own: torch would warn of a read-only one
        if embeddings.ndim != 2 or embeddings.shape[1] != self.dim:
            raise EntError(
                f"flow {self.name or self.flow_id!r} takes embeddings of shape (B, {self.dim}), "
                f"got {embeddings.shape}; use a flow that was trained on embeddings of this encoder"
            )
        return embeddings

    def _not_finite(self, embeddings: Embeddings) -> EntError:
        """Why what came out of `embeddings` is not finite."""
        bad = np.flatnonzero(~np.isfinite(embeddings).all(axis=1))
        if len(bad):
            return EntError(f"embedding {bad[0]} of {len(embeddings)} is not finite; encode it again")
        return EntError(
            f"flow {self.name or self.flow_id!r} sends embeddings to infinity; train it again or use another flow"
        )
