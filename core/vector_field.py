"""The learnt vector field (t, x) -> dx/dt: as it is trained, and fused for inference."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import TypeAlias

import torch
from torch import Tensor, nn
from torch.nn.functional import silu

Time: TypeAlias = float | Tensor
"""One time for the whole batch (a float or a 0-d tensor), or one for each embedding, (B,)."""

FEW = 32
"""Up to so many embeddings go through group norm: one call of torch for seven, but slower a row (CPU, two cores)."""
VERY_FEW = 2
"""Up to so many are multiplied sooner by a matrix stored column by column (the same)."""
EPSILON = 1e-5
"""What torch's norms add to a variance."""


class GaussianFourierProjection(nn.Module):
    """Code of a scalar time: [sin(tW), cos(tW)] with W ~ scale * N(0, 1), drawn once and never trained."""

    W: Tensor

    def __init__(self, t_dim: int, scale: float = 10.0, generator: torch.Generator | None = None) -> None:
        super().__init__()
        self.register_buffer("W", torch.randn(1, t_dim // 2, generator=generator) * scale)

    def forward(self, t: Tensor) -> Tensor:
        """Times of any shape, N in all, to their codes (N, t_dim)."""
        angles = t.reshape(-1, 1) * self.W  # (N, 1) * (1, t_dim / 2)
        return torch.cat([angles.sin(), angles.cos()], dim=-1)


class VectorField(nn.Module):
    """dx/dt = mean over heads of head([x_norm(x), code(t)]) + res_weight * x.

    The state dict has the names and shapes of the published ENTRep track 2 model; `out_norm` is part of it
    and takes no part in the forward pass. Drawn from `generator`, or from torch's global one.
    Raises ValueError when a size is not positive, `t_dim` is odd or `dropout` is not in [0, 1).
    """

    def __init__(
        self,
        dim: int = 512,
        t_dim: int = 32,
        hidden: int = 256,
        heads: int = 4,
        dropout: float = 0.1,
        generator: torch.Generator | None = None,
    ) -> None:
        super().__init__()
        _check_sizes(dim, t_dim, hidden, heads, dropout)
        self.dim, self.t_dim, self.hidden, self.dropout = dim, t_dim, hidden, dropout
        self.x_norm = nn.LayerNorm(dim)
        self.time_encoder = GaussianFourierProjection(t_dim, generator=generator)
        self.heads = nn.ModuleList(_head(dim, t_dim, hidden, dropout) for _ in range(heads))
        self.res_weight = nn.Parameter(torch.tensor(1.0))
        self.out_norm = nn.LayerNorm(dim)
        for module in self.modules():
            if isinstance(module, nn.Linear):
                nn.init.kaiming_uniform_(module.weight, nonlinearity="relu", generator=generator)
                nn.init.zeros_(module.bias)

    def forward(self, t: Time, x: Tensor) -> Tensor:
        """The velocity dx/dt at time `t` of the embeddings `x` (B, dim), as (B, dim)."""
        code = self.time_encoder(torch.as_tensor(t, dtype=x.dtype, device=x.device))
        inputs = torch.cat([self.x_norm(x), code.expand(x.shape[0], -1)], dim=-1)  # (B, dim + t_dim)
        return torch.stack([head(inputs) for head in self.heads]).mean(dim=0) + self.res_weight * x


class FusedVectorField:
    """The same function as an evaluated VectorField in two matrix products, float32 and without gradients.

    dx/dt = res_weight * x + out_bias (dim,) + what the heads say beside it.

    All heads are one product on either side of their LayerNorms, whose means are taken off the weights; the affine part
    of x_norm is folded into the first, the mean over heads into the second, and the time code into a bias, ready-made
    for each of `times`.
    It is a snapshot: build another one when the weights of `field` change. Safe to call from several threads.
    """

    @torch.no_grad()
    def __init__(self, field: VectorField, times: Iterable[float] = ()) -> None:
        weights = {name: tensor.double() for name, tensor in field.state_dict().items()}
        heads = len(field.heads)

        def of_heads(name: str) -> Tensor:
            return torch.stack([weights[f"heads.{i}.{name}"] for i in range(heads)])

        w_in = _centred(of_heads("0.weight")).flatten(0, 1).T  # (dim + t_dim, heads * hidden)
        w_x, w_t = w_in[: field.dim], w_in[field.dim :]
        b_in = _centred(of_heads("0.bias")).flatten() + weights["x_norm.bias"] @ w_x

        self._heads, self._hidden, self._shape = heads, field.hidden, (field.dim,)
        self._w_x = (weights["x_norm.weight"][:, None] * w_x).float().contiguous()
        self._w_x_by_column = self._w_x.T.contiguous().T
        self._w_t, self._b_in = w_t.float().contiguous(), b_in.float()
        self._scale, self._shift = of_heads("1.weight").float().flatten(), of_heads("1.bias").float().flatten()
        self._w_out = (of_heads("4.weight").mT.flatten(0, 1) / heads).float().contiguous()  # (heads * hidden, dim)
        self.out_bias = of_heads("4.bias").mean(dim=0).float()
        self.res_weight = float(weights["res_weight"])
        self._frequencies = weights["time_encoder.W"].float()
        self._biases = {t: self._bias_at(torch.tensor(t, dtype=torch.float32)) for t in times}

    def __call__(self, t: Time, x: Tensor) -> Tensor:
        """The velocity dx/dt at time `t` of the embeddings `x` (B, dim) float32, as (B, dim)."""
        return torch.add(self.out_bias, x, alpha=self.res_weight).add_(self.of_heads(t, x))

    def of_heads(self, t: Time, x: Tensor, out: Tensor | None = None) -> Tensor:
        """What the heads say, less their last bias, at time `t` of `x` (B, dim), as (B, dim); written to `out`."""
        bias = self._biases.get(t) if isinstance(t, float) else None
        if bias is None:
            bias = self._bias_at(torch.as_tensor(t, dtype=torch.float32))
        count = x.shape[0]
        if count > FEW:
            return self._of_many(bias, x, out)
        w_x = self._w_x_by_column if count <= VERY_FEW else self._w_x
        hidden = torch.addmm(bias, torch.group_norm(x, 1), w_x)  # (B, heads * hidden)
        hidden = torch.group_norm(hidden, self._heads, self._scale, self._shift)
        return torch.mm(silu(hidden, inplace=True), self._w_out, out=out)

    def _of_many(self, bias: Tensor, x: Tensor, out: Tensor | None) -> Tensor:
        hidden = torch.addmm(bias, torch.layer_norm(x, self._shape), self._w_x)
        if hidden.requires_grad:  # which in place there is no way back for
            hidden = torch.group_norm(hidden, self._heads, self._scale, self._shift)
        else:
            hidden = self._normalised(hidden)
        return torch.mm(silu(hidden, inplace=True), self._w_out, out=out)

    def _normalised(self, hidden: Tensor) -> Tensor:
        """The LayerNorm of each head, (B, heads * hidden), in place: their means are 0 already.

        Right up to units of 1e17, whose squares float32 still holds.
        """
        of_heads = hidden.view(-1, self._heads, self._hidden)
        squares = torch.linalg.vector_norm(of_heads, dim=-1, keepdim=True).square_()
        of_heads.mul_(squares.mul_(1 / self._hidden).add_(EPSILON).rsqrt_())
        return torch.addcmul(self._shift, hidden, self._scale, out=hidden)

    def _bias_at(self, t: Tensor) -> Tensor:
        angles = t.to(self._frequencies.device).reshape(-1, 1) * self._frequencies  # (1 or B, t_dim / 2)
        return torch.addmm(self._b_in, torch.cat([angles.sin(), angles.cos()], dim=-1), self._w_t)


def _centred(of_heads: Tensor) -> Tensor:
    """Weights (heads, hidden, ...) less their mean over the hidden units, which a LayerNorm does not see."""
    return of_heads - of_heads.mean(dim=1, keepdim=True)


def _head(dim: int, t_dim: int, hidden: int, dropout: float) -> nn.Sequential:
    return nn.Sequential(
        nn.Linear(dim + t_dim, hidden),
        nn.LayerNorm(hidden),
        nn.SiLU(),
        nn.Dropout(dropout),
        nn.Linear(hidden, dim),
    )


def _check_sizes(dim: int, t_dim: int, hidden: int, heads: int, dropout: float) -> None:
    if min(dim, t_dim, hidden, heads) < 1 or t_dim % 2:
        raise ValueError(
            f"dim, t_dim, hidden and heads must be positive and t_dim even, got {dim}, {t_dim}, {hidden}, {heads}"
        )
    if not (math.isfinite(dropout) and 0 <= dropout < 1):
        raise ValueError(f"dropout must be in [0, 1), got {dropout}")
