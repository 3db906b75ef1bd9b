"""A vector field as it is trained: all heads in one product, dropout drawn from a generator of its own."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from core.vector_field import VectorField


class StackedField:
    """The same function and gradients as `field` in training mode, for one step of training.

    The weights of all heads are stacked once and used at every stage of the integration. Dropout masks are drawn head
    by head, as the heads one by one would draw them: a generator in the state of torch's own gives the same masks.
    Without a generator there is no dropout. Build another one after the weights have changed.
    """

    def __init__(self, field: VectorField, dropout: torch.Generator | None = None) -> None:
        weights = dict(field.named_parameters())
        self._heads, self._hidden, self._dim = len(field.heads), field.hidden, field.dim

        def of_heads(name: str) -> list[Tensor]:
            return [weights[f"heads.{i}.{name}"] for i in range(self._heads)]

        w_in = torch.cat(of_heads("0.weight"))  # (heads * hidden, dim + t_dim)
        self._w_x, self._w_t, self._b_in = w_in[:, : field.dim], w_in[:, field.dim :], torch.cat(of_heads("0.bias"))
        self._scale, self._shift = torch.stack(of_heads("1.weight")), torch.stack(of_heads("1.bias"))  # (heads, hidden)
        self._w_out = torch.cat(of_heads("4.weight"), dim=1) / self._heads  # (dim, heads * hidden)
        self._b_out = torch.stack(of_heads("4.bias")).mean(dim=0)
        self._norm = (field.x_norm.weight, field.x_norm.bias)
        self._res_weight, self._code = field.res_weight, field.time_encoder
        self._rate = field.dropout if dropout is not None else 0.0
        self._generator = dropout

    def __call__(self, t: float, x: Tensor) -> Tensor:
        """The velocity dx/dt at time `t` of the embeddings `x` (B, dim), as (B, dim)."""
        code = self._code(torch.as_tensor(t, dtype=x.dtype, device=x.device))  # (1, t_dim)
        bias = torch.addmm(self._b_in, code, self._w_t.T)
        hidden = torch.addmm(bias, functional.layer_norm(x, (self._dim,), *self._norm), self._w_x.T)
        hidden = functional.layer_norm(hidden.view(-1, self._heads, self._hidden), (self._hidden,))
        hidden = functional.silu(torch.addcmul(self._shift, hidden, self._scale))  # (B, heads, hidden)
        if self._rate:
            hidden = hidden * self._mask(hidden)
        return torch.addmm(self._b_out, hidden.flatten(1), self._w_out.T) + self._res_weight * x

    def _mask(self, hidden: Tensor) -> Tensor:
        keep = 1 - self._rate
        mask = torch.empty(self._heads, len(hidden), self._hidden, dtype=hidden.dtype, device=hidden.device)
        for of_head in mask:  # one draw for each: a single one would give other numbers
            of_head.bernoulli_(keep, generator=self._generator)
        return mask.div_(keep).transpose(0, 1)
