"""The vector field against a naive re-derivation, and its fused form against itself."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import pytest
import torch
from torch import Tensor

from core.ode import integrate_rk4
from core.semilinear import SemilinearRK4
from core.vector_field import FEW, VERY_FEW, FusedVectorField, GaussianFourierProjection, VectorField

Array = npt.NDArray[np.float64]


def random_field(**sizes: int) -> VectorField:
    """A field whose every weight differs from what it starts with: biases, norms, res_weight and all."""
    generator = torch.Generator().manual_seed(7)
    field = VectorField(**sizes, generator=generator).eval()
    with torch.no_grad():
        for parameter in field.parameters():
            parameter.add_(0.1 * torch.randn(parameter.shape, generator=generator))
    return field


def unit_rows(count: int, dim: int) -> Tensor:
    x = torch.randn(count, dim, generator=torch.Generator().manual_seed(count))
    return torch.nn.functional.normalize(x, dim=-1)


def layer_norm(v: Array, weight: Array, bias: Array) -> Array:
    return (v - v.mean()) / np.sqrt(v.var() + 1e-5) * weight + bias


def naive(field: VectorField, t: float, x: Array) -> Array:
    """dx/dt of one embedding, float64, straight from the description of the method."""
    w = {name: tensor.double().numpy() for name, tensor in field.state_dict().items()}
    angles = t * w["time_encoder.W"][0]
    inputs = np.concatenate([layer_norm(x, w["x_norm.weight"], w["x_norm.bias"]), np.sin(angles), np.cos(angles)])
    outputs = []
    for i in range(len(field.heads)):
        hidden = w[f"heads.{i}.0.weight"] @ inputs + w[f"heads.{i}.0.bias"]
        hidden = layer_norm(hidden, w[f"heads.{i}.1.weight"], w[f"heads.{i}.1.bias"])
        hidden = hidden / (1 + np.exp(-hidden))
        outputs.append(w[f"heads.{i}.4.weight"] @ hidden + w[f"heads.{i}.4.bias"])
    return np.mean(outputs, axis=0) + w["res_weight"] * x


def test_state_dict_has_the_published_names_and_shapes() -> None:
    shapes = {"res_weight": (), "time_encoder.W": (1, 16)}
    shapes |= {f"{norm}.{part}": (512,) for norm in ("x_norm", "out_norm") for part in ("weight", "bias")}
    for i in range(4):
        shapes |= {f"heads.{i}.0.weight": (256, 544), f"heads.{i}.0.bias": (256,)}
        shapes |= {f"heads.{i}.1.weight": (256,), f"heads.{i}.1.bias": (256,)}
        shapes |= {f"heads.{i}.4.weight": (512, 256), f"heads.{i}.4.bias": (512,)}
    assert {name: tuple(tensor.shape) for name, tensor in VectorField().state_dict().items()} == shapes


def test_parameter_count_is_that_of_the_method() -> None:
    head = 544 * 256 + 256 + 2 * 256 + 256 * 512 + 512
    assert sum(p.numel() for p in VectorField().parameters()) == 4 * head + 4 * 512 + 1  # 1.09 million


def test_starting_weights() -> None:
    field = VectorField(generator=torch.Generator().manual_seed(0))
    assert field.res_weight.item() == 1
    for name, tensor in field.named_parameters():
        if name.endswith(("0.weight", "4.weight")):
            bound = float(torch.tensor(math.sqrt(6 / tensor.shape[1])))  # Kaiming-uniform for rectifiers, in float32
            assert bound * 0.99 < float(tensor.detach().abs().max()) <= bound
        elif name.endswith(".bias"):
            assert not tensor.any()


def test_the_time_frequencies_are_drawn_wide_and_not_trained() -> None:
    encoder = GaussianFourierProjection(20_000)
    assert not list(encoder.parameters())
    assert float(encoder.W.std()) == pytest.approx(10, rel=0.05)
    assert float(encoder.W.mean()) == pytest.approx(0, abs=0.5)


def test_the_time_code_is_sines_then_cosines() -> None:
    encoder = GaussianFourierProjection(6)
    w = encoder.W[0]
    expected = torch.cat([torch.sin(0.3 * w), torch.cos(0.3 * w)])
    assert torch.allclose(encoder(torch.tensor([0.3, 0.5]))[0], expected, atol=1e-6)


@pytest.mark.parametrize("t", [0.0, 0.35, 1.0, -2.0])
def test_forward_is_the_naive_derivation(t: float) -> None:
    field, x = random_field(), unit_rows(3, 512)
    expected = np.stack([naive(field, t, row) for row in x.double().numpy()])
    exact = field.double()(t, x.double()).detach().numpy()
    assert np.abs(exact - expected).max() < 1e-12
    assert np.abs(field.float()(t, x).detach().numpy() - expected).max() < 1e-5


def test_one_time_for_all_or_one_for_each() -> None:
    field, x = random_field(dim=12, hidden=8), unit_rows(5, 12)
    assert torch.equal(field(0.25, x), field(torch.tensor(0.25), x))
    assert torch.allclose(field(torch.full((5,), 0.25), x), field(0.25, x), atol=1e-6)
    times = torch.linspace(0, 1, 5)
    expected = torch.cat([field(float(t), x[i : i + 1]) for i, t in enumerate(times)])
    assert torch.allclose(field(times, x), expected, atol=1e-6)


def test_the_same_seed_draws_the_same_field() -> None:
    def drawn(seed: int) -> list[Tensor]:
        return list(VectorField(dim=8, generator=torch.Generator().manual_seed(seed)).state_dict().values())

    def drawn_globally() -> list[Tensor]:
        with torch.random.fork_rng():
            torch.manual_seed(3)
            return list(VectorField(dim=8).state_dict().values())

    assert all(map(torch.equal, drawn(1), drawn(1)))
    assert not all(map(torch.equal, drawn(1), drawn(2)))
    assert all(map(torch.equal, drawn_globally(), drawn_globally()))


def test_gradients_reach_every_weight_that_takes_part() -> None:
    field = random_field(dim=12, hidden=8)
    field(0.5, unit_rows(4, 12)).square().sum().backward()
    without = {name for name, p in field.named_parameters() if p.grad is None or not p.grad.any()}
    assert without == {"out_norm.weight", "out_norm.bias"}


def test_dropout_acts_in_training_only() -> None:
    field, x = random_field(dim=12, hidden=64), unit_rows(4, 12)
    assert torch.equal(field(0.5, x), field(0.5, x))
    field.train()
    assert not torch.equal(field(0.5, x), field(0.5, x))


@pytest.mark.parametrize("sizes", [{"dim": 0}, {"t_dim": 3}, {"hidden": -1}, {"heads": 0}, {"dropout": 1.5}])
def test_sizes_that_make_no_field_are_refused(sizes: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="must be"):
        VectorField(**sizes)


SIZES = [
    {},
    {"dim": 1024, "t_dim": 64, "hidden": 512, "heads": 8},
    {"dim": 7, "t_dim": 2, "hidden": 5, "heads": 1},
    {"dim": 9, "t_dim": 4, "hidden": 3, "heads": 5},
    {"dim": 6, "t_dim": 2, "hidden": 1, "heads": 2},
]
BATCHES = [0, 1, VERY_FEW, VERY_FEW + 1, FEW, FEW + 1, 40]  # on either side of where the way changes


@pytest.mark.parametrize("sizes", SIZES)
@pytest.mark.parametrize("batch", BATCHES)
def test_fused_is_plain(sizes: dict[str, int], batch: int) -> None:
    field = random_field(**sizes)
    fused, x = FusedVectorField(field, times=[0.0, 0.05, 0.9]), unit_rows(batch, field.dim)
    for t in (0.0, 0.9, 0.33, torch.tensor(0.05), torch.linspace(-1, 2, batch)):
        assert torch.allclose(fused(t, x), field(t, x), rtol=0, atol=1e-5)


def test_fused_is_plain_far_from_the_sphere() -> None:
    field, x = random_field(), 50 * unit_rows(8, 512) + 3
    assert torch.allclose(FusedVectorField(field)(0.5, x), field(0.5, x), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("batch", [1, FEW + 1])
def test_rounding_adds_up_over_many_steps_about_as_in_the_plain_field(batch: int) -> None:
    field, x, grid = random_field(), unit_rows(batch, 512), [i / 200 for i in range(201)]
    with torch.no_grad():
        exact = integrate_rk4(field.double(), x.double(), grid)
        plain = (integrate_rk4(field.float(), x, grid) - exact).abs().max()
    fused = FusedVectorField(field)
    by_calls = (integrate_rk4(fused, x, grid) - exact).abs().max()
    by_products = (SemilinearRK4(fused.of_heads, fused.res_weight, fused.out_bias, grid).end(x) - exact).abs().max()
    assert max(float(by_calls), float(by_products)) < 3 * float(plain)


@pytest.mark.parametrize("batch", BATCHES)
def test_fused_leaves_its_input_alone_and_needs_no_gradients(batch: int) -> None:
    field, x = random_field(dim=12, hidden=8), unit_rows(batch, 12)
    before = x.clone()
    assert not FusedVectorField(field)(0.1, x).requires_grad
    assert torch.equal(x, before)


@pytest.mark.parametrize("batch", [1, FEW + 1])
def test_fused_takes_an_input_that_wants_gradients(batch: int) -> None:
    field, x = random_field(dim=12, hidden=8), unit_rows(batch, 12)
    expected, found = x.clone().requires_grad_(), x.clone().requires_grad_()
    field(0.1, expected).square().sum().backward()
    FusedVectorField(field)(0.1, found).square().sum().backward()
    assert torch.allclose(found.grad, expected.grad, atol=1e-4)


@pytest.mark.parametrize("batch", [1, FEW + 1])
def test_fused_takes_a_time_that_wants_gradients(batch: int) -> None:
    field, x = random_field(dim=12, hidden=8), unit_rows(batch, 12)
    expected, found = torch.tensor(0.1, requires_grad=True), torch.tensor(0.1, requires_grad=True)
    field(expected, x).square().sum().backward()
    FusedVectorField(field)(found, x).square().sum().backward()
    assert torch.allclose(found.grad, expected.grad, rtol=1e-4)


@pytest.mark.parametrize("batch", [4, FEW + 1])
def test_fused_is_a_snapshot(batch: int) -> None:
    field, x = random_field(dim=12, hidden=8), unit_rows(batch, 12)
    fused = FusedVectorField(field, times=[0.0])
    before = fused(0.0, x)
    with torch.no_grad():
        for tensor in field.state_dict().values():
            tensor.mul_(2)
    assert torch.equal(fused(0.0, x), before)
    assert torch.allclose(FusedVectorField(field)(0.0, x), field(0.0, x), atol=1e-5)
