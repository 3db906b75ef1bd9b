"""Flows to disk and back, the published weights file, and files that are not what they claim."""

from __future__ import annotations

import json
import pickle
import warnings
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor

from core.checkpoint import load_flow, save_flow
from core.errors import CheckpointError
from core.flow import Flow, FlowConfig
from core.vector_field import VectorField

State = dict[str, Tensor]


def make_field(**sizes: Any) -> VectorField:
    return VectorField(**sizes, generator=torch.Generator().manual_seed(11))


def small_state() -> State:
    return dict(make_field(dim=6, t_dim=4, hidden=5, heads=2).state_dict())


def reference_state() -> State:
    """A state dict as the published notebook's torch.save leaves it: its names, in its order, in its shapes."""
    generator = torch.Generator().manual_seed(1)
    shapes: dict[str, tuple[int, ...]] = {"res_weight": (), "x_norm.weight": (512,), "x_norm.bias": (512,)}
    shapes["time_encoder.W"] = (1, 16)
    for i in range(4):
        shapes |= {f"heads.{i}.0.weight": (256, 544), f"heads.{i}.0.bias": (256,)}
        shapes |= {f"heads.{i}.1.weight": (256,), f"heads.{i}.1.bias": (256,)}
        shapes |= {f"heads.{i}.4.weight": (512, 256), f"heads.{i}.4.bias": (512,)}
    shapes |= {"out_norm.weight": (512,), "out_norm.bias": (512,)}
    return OrderedDict((name, torch.randn(shape, generator=generator)) for name, shape in shapes.items())


def same(found: State, expected: State) -> bool:
    return found.keys() == expected.keys() and all(torch.equal(found[name], expected[name]) for name in expected)


def test_the_published_file_loads_bit_for_bit(tmp_path: Path) -> None:
    state = reference_state()
    torch.save(state, tmp_path / "vf_model.pth")
    assert (tmp_path / "vf_model.pth").stat().st_size == pytest.approx(4.36e6, rel=0.01)
    flow = load_flow(tmp_path / "vf_model.pth")
    assert same(flow.field.state_dict(), state)
    assert (flow.dim, flow.config, flow.name, flow.flow_id) == (512, FlowConfig(), "vf_model", "")
    assert flow.transform(np.eye(3, 512, dtype=np.float32)).shape == (3, 512)


def test_our_field_saves_in_the_published_form() -> None:
    assert list(VectorField().state_dict()) == list(reference_state())


WRAPPED: dict[str, Callable[[State], object]] = {
    "state_dict": lambda s: {"state_dict": s, "epoch": 3},
    "model_state_dict": lambda s: {"model_state_dict": s, "optimizer_state_dict": {"lr": 1e-4}},
    "model": lambda s: {"model": s},
    "parallel": lambda s: {f"module.{name}": tensor for name, tensor in s.items()},
    "compiled and parallel": lambda s: {"model": {f"module._orig_mod.{name}": t for name, t in s.items()}},
    "parameters": lambda s: {name: torch.nn.Parameter(tensor) for name, tensor in s.items()},
}


@pytest.mark.parametrize("form", WRAPPED)
@pytest.mark.parametrize("zipped", [True, False])
def test_common_wrappings_are_taken_off(tmp_path: Path, form: str, zipped: bool) -> None:
    state = small_state()
    torch.save(WRAPPED[form](state), tmp_path / "f.pt", _use_new_zipfile_serialization=zipped)
    assert same(load_flow(tmp_path / "f.pt").field.state_dict(), state)


def test_sizes_are_read_off_the_weights(tmp_path: Path) -> None:
    torch.save(make_field(dim=10, t_dim=6, hidden=4, heads=11).state_dict(), tmp_path / "f.pth")
    field = load_flow(tmp_path / "f.pth").field
    assert (field.dim, field.t_dim, field.hidden, len(field.heads)) == (10, 6, 4, 11)


def test_half_precision_weights_are_widened(tmp_path: Path) -> None:
    state = {name: tensor.half() for name, tensor in small_state().items()}
    torch.save(state, tmp_path / "f.pth")
    assert same(load_flow(tmp_path / "f.pth").field.state_dict(), {name: t.float() for name, t in state.items()})


def test_loading_leaves_the_random_state_alone(tmp_path: Path) -> None:
    torch.save(small_state(), tmp_path / "f.pth")
    before = torch.get_rng_state()
    load_flow(tmp_path / "f.pth")
    assert torch.equal(torch.get_rng_state(), before)


class Trap:
    """Unpickled carelessly, it makes a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return eval, (f"open({str(self.path)!r}, 'w').close()",)


def bare_pickle(content: object, path: Path) -> None:
    path.write_bytes(pickle.dumps(content))


def legacy_torch(content: object, path: Path) -> None:
    torch.save(content, path, _use_new_zipfile_serialization=False)


@pytest.mark.parametrize("write", [torch.save, legacy_torch, bare_pickle])
@pytest.mark.parametrize("suffix", ["pth", "pt", "bin", "ckpt", "safetensors"])
def test_a_malicious_pickle_is_refused_and_nothing_runs(
    tmp_path: Path, write: Callable[..., None], suffix: str
) -> None:
    sprung = tmp_path / "sprung"
    file = tmp_path / f"f.{suffix}"
    write({**small_state(), "extra": Trap(sprung)}, file)
    with pytest.raises(CheckpointError):
        load_flow(file)
    assert not sprung.exists()
    if suffix == "pth" and write is torch.save:  # the trap itself works
        torch.load(file, weights_only=False)
        assert sprung.exists()


@pytest.mark.parametrize("keep", [0, 1, 100, 0.5, 0.999])
@pytest.mark.parametrize("suffix", ["pth", "safetensors"])
def test_a_truncated_file_is_refused(tmp_path: Path, suffix: str, keep: float) -> None:
    file = tmp_path / f"f.{suffix}"
    if suffix == "pth":
        torch.save(small_state(), file)
    else:
        save_file(small_state(), file)
    data = file.read_bytes()
    file.write_bytes(data[: int(keep * len(data)) if isinstance(keep, float) else keep])
    with pytest.raises(CheckpointError, match=r"f\.(pth|safetensors): not a"):
        load_flow(file)


def without(state: State, name: str) -> State:
    return {key: tensor for key, tensor in state.items() if key != name}


def nan_at(state: State, name: str) -> State:
    broken = state[name].clone()
    broken.view(-1)[-1] = float("nan")
    return {**state, name: broken}


BROKEN: dict[str, tuple[Callable[[State], object], str]] = {
    "missing": (lambda s: without(s, "out_norm.bias"), "missing out_norm.bias"),
    "no field": (lambda s: {"weight": torch.ones(3)}, "x_norm.weight is missing; it has weight"),
    "unknown": (lambda s: {**s, "classifier.weight": torch.ones(2)}, "unknown classifier.weight"),
    "gap in heads": (lambda s: {k.replace("heads.1", "heads.7"): v for k, v in s.items()}, r"missing heads\.1\.0"),
    "shape": (lambda s: {**s, "heads.1.4.weight": torch.ones(6, 9)}, r"heads.1.4.weight has shape \(6, 9\).*\(6, 5\)"),
    "rank": (lambda s: {**s, "time_encoder.W": torch.ones(2)}, r"time_encoder.W has shape \(2,\), expected 2 dim"),
    "empty": (lambda s: {**s, "time_encoder.W": torch.ones(1, 0)}, "no vector field"),
    "nan": (lambda s: nan_at(s, "heads.0.4.bias"), r"heads\.0\.4\.bias .* must be finite"),
    "infinite": (lambda s: {**s, "res_weight": torch.tensor(torch.inf)}, "res_weight .* must be finite"),
    "whole numbers": (lambda s: {**s, "x_norm.bias": torch.ones(6, dtype=torch.int64)}, "x_norm.bias .*int64"),
    "too wide": (lambda s: {**s, "x_norm.weight": torch.ones(1).expand(10**12)}, "larger than the file"),
    "sparse": (lambda s: {**s, "x_norm.weight": torch.ones(6).to_sparse()}, "other things .*x_norm.weight"),
    "no tensor": (lambda s: {**s, "epoch": 3}, "other things than named tensors: 'epoch'"),
    "a list": (lambda s: list(s.values()), "holds a list"),
    "nothing": (lambda s: {}, "expected a state dict"),
}


@pytest.mark.filterwarnings("ignore:Validating sparse tensor")
@pytest.mark.parametrize("kind", BROKEN)
def test_wrong_weights_are_refused_by_name(tmp_path: Path, kind: str) -> None:
    spoil, said = BROKEN[kind]
    torch.save(spoil(small_state()), tmp_path / "f.pth")
    with pytest.raises(CheckpointError, match=said):
        load_flow(tmp_path / "f.pth")


def test_what_is_no_file_of_weights_is_refused(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("no weights")
    for path, said in (
        (tmp_path / "none.pth", "no flow at"),
        (tmp_path, "no flow at"),
        (tmp_path / "notes.txt", "nei"),
    ):
        with pytest.raises(CheckpointError, match=said):
            load_flow(path)


def saved(folder: Path, report: dict[str, Any] | None = None) -> Flow:
    config = FlowConfig(steps=4, t_0=0.25, t_1=0.5)
    field = make_field(dim=6, t_dim=4, hidden=5, heads=2, dropout=0.3)
    flow = Flow(field, config, flow_id="f-01", name="Größe 1", created="2025-01-02T03:04:05+00:00")
    save_flow(folder, flow, report)
    return flow


@pytest.mark.parametrize("form", ["folder", "file", "file elsewhere"])
def test_round_trip(tmp_path: Path, form: str) -> None:
    flow = saved(tmp_path / "made" / "here", {"recall@1": 0.5})
    file = tmp_path / "made" / "here" / "flow.safetensors"
    path = {"folder": file.parent, "file": file, "file elsewhere": tmp_path / "lone.safetensors"}[form]
    path = file.rename(path) if form == "file elsewhere" else path
    again = load_flow(path)
    assert same(again.field.state_dict(), flow.field.state_dict())
    assert (again.config, again.flow_id, again.name, again.created, again.field.dropout) == (
        flow.config,
        "f-01",
        "Größe 1",
        "2025-01-02T03:04:05+00:00",
        0.3,
    )
    x_0 = np.eye(6, dtype=np.float32)
    assert np.array_equal(again.transform(x_0), flow.transform(x_0))


def test_what_a_folder_holds(tmp_path: Path) -> None:
    saved(tmp_path, {"recall@1": 0.5})
    assert sorted(p.name for p in tmp_path.iterdir()) == ["flow.json", "flow.safetensors", "report.json"]
    assert json.loads((tmp_path / "report.json").read_text()) == {"recall@1": 0.5}
    settings = json.loads((tmp_path / "flow.json").read_text())
    assert settings["format"] == 1
    assert settings["config"] == {"steps": 4, "t_0": 0.25, "t_1": 0.5}
    assert settings["architecture"] == {"dim": 6, "t_dim": 4, "hidden": 5, "heads": 2, "dropout": 0.3}
    saved(tmp_path)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["flow.json", "flow.safetensors"]


def test_a_flow_without_a_date_gets_one(tmp_path: Path) -> None:
    save_flow(tmp_path, Flow(make_field(dim=6)))
    assert load_flow(tmp_path).created.endswith("+00:00")


def test_safetensors_without_settings_take_those_beside_them_or_the_defaults(tmp_path: Path) -> None:
    saved(tmp_path)
    save_file(small_state(), tmp_path / "flow.safetensors")
    assert load_flow(tmp_path).config == FlowConfig(steps=4, t_0=0.25, t_1=0.5)
    (tmp_path / "flow.json").unlink()
    assert load_flow(tmp_path).config == FlowConfig()


SETTINGS: dict[str, Any] = {
    "format": 1,
    "architecture": {},
    "config": {"steps": 10},
    "flow_id": "a",
    "name": "b",
    "created": "",
}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"format": 2}, "flow format 2 is unknown"),
        ({"config": {"steps": 0}}, "whole number from 1"),
        ({"config": {"stride": 1}}, "stride"),
        ({"config": None}, "not well formed"),
        ({"surprise": 1}, "surprise"),
        ({"name": 3}, "must be texts"),
        ({"flow_id": "../../etc"}, "must be lower-case letters"),
        ({"architecture": {"heads": 3}}, "settings say heads = 3, its weights 2"),
        ({"architecture": {"dropout": "much"}}, "no vector field"),
    ],
)
def test_settings_that_are_wrong_are_refused(tmp_path: Path, change: dict[str, Any], said: str) -> None:
    file = tmp_path / "f.safetensors"
    save_file(small_state(), file, metadata={"flow": json.dumps({**SETTINGS, **change})})
    with pytest.raises(CheckpointError, match=said):
        load_flow(file)


@pytest.mark.parametrize("settings", ["", "{", "[]", "null", "[" * 100_000, '{"format": 1}'])
def test_settings_that_are_no_settings_are_refused(tmp_path: Path, settings: str) -> None:
    save_file(small_state(), tmp_path / "f.safetensors")
    (tmp_path / "f.json").write_text(settings)
    with pytest.raises(CheckpointError, match="not well formed"):
        load_flow(tmp_path / "f.safetensors")


def test_a_failed_save_leaves_the_old_flow_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    old = saved(tmp_path)
    with pytest.raises(TypeError):
        saved(tmp_path, {"curve": object()})

    def no_space(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", no_space)
    with pytest.raises(CheckpointError, match="No space left"):
        save_flow(tmp_path, Flow(make_field(dim=9)), {"recall@1": 1.0})
    assert same(load_flow(tmp_path).field.state_dict(), old.field.state_dict())
    assert sorted(p.name for p in tmp_path.iterdir()) == ["flow.json", "flow.safetensors"]


def test_a_folder_that_cannot_be_made_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file")
    with pytest.raises(CheckpointError, match="cannot write the flow"):
        save_flow(tmp_path / "taken", Flow(make_field(dim=6)))


def test_loading_is_quiet(tmp_path: Path) -> None:
    torch.save(small_state(), tmp_path / "f.pth")
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        load_flow(tmp_path / "f.pth")
    assert not caught
