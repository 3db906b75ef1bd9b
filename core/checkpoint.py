"""Flows on disk: our folders and safetensors files, and the published method's `vf_model.pth`."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open
from safetensors.torch import save as to_safetensors
from torch import Tensor

from core.errors import CheckpointError, EntError, first_line
from core.flow import Flow, FlowConfig
from core.vector_field import VectorField
from core.whole_file import write_whole

FORMAT = 1
WEIGHTS, SETTINGS, REPORT = "flow.safetensors", "flow.json", "report.json"
PICKLED = (".pth", ".pt", ".bin", ".ckpt")
WRAPPERS = ("state_dict", "model_state_dict", "model")
PREFIXES = ("module.", "_orig_mod.")
FLOW_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")
"""It names a folder in a library, so it must not climb out of it."""


@dataclass(frozen=True)
class _Header:
    """What a checkpoint says about itself beside its weights; `architecture` is checked against those."""

    format: int
    architecture: Mapping[str, Any]
    config: FlowConfig
    flow_id: str
    name: str
    created: str
    recipe: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not all(isinstance(text, str) for text in (self.flow_id, self.name, self.created)):
            raise CheckpointError(f"flow_id, name and created must be texts, got {self.flow_id!r}, {self.name!r}")
        if self.flow_id and not FLOW_ID.fullmatch(self.flow_id):
            raise CheckpointError(f"flow id {self.flow_id!r} must be lower-case letters, digits and hyphens; rename it")

    @classmethod
    def parse(cls, text: str) -> _Header:
        try:
            data = dict(json.loads(text))
            if data["format"] != FORMAT:
                raise CheckpointError(f"flow format {data['format']!r} is unknown, this version reads {FORMAT}; update")
            parts = {"config": FlowConfig(**data["config"]), "architecture": dict(data["architecture"])}
            return cls(**{**data, **parts, "recipe": dict(data.get("recipe", {}))})
        except CheckpointError:
            raise
        except (ValueError, TypeError, KeyError, RecursionError, EntError) as error:
            raise CheckpointError(f"the settings of the flow are not well formed: {error}") from error


NO_HEADER = _Header(FORMAT, architecture={}, config=FlowConfig(), flow_id="", name="", created="")


def save_flow(folder: Path, flow: Flow, report: Mapping[str, Any] | None = None) -> None:
    """Write `flow` to `folder`: flow.safetensors, flow.json and, where given, report.json; what was there is replaced.

    Each file appears whole or not at all, the weights last: a folder with weights is a complete one.
    Raises CheckpointError when the folder cannot be written, TypeError when `report` is not JSON.
    """
    moved = flow.field
    sizes = {"dim": moved.dim, "t_dim": moved.t_dim, "hidden": moved.hidden, "heads": len(moved.heads)}
    header = _Header(
        FORMAT,
        architecture={**sizes, "dropout": moved.dropout},
        config=flow.config,
        flow_id=flow.flow_id,
        name=flow.name,
        created=flow.created or datetime.now(UTC).isoformat(timespec="seconds"),
        recipe=flow.recipe,
    )
    settings = json.dumps(asdict(header), indent=2)
    tensors = {name: tensor.cpu().contiguous() for name, tensor in moved.state_dict().items()}
    files = {SETTINGS: settings.encode(), WEIGHTS: to_safetensors(tensors, metadata={"flow": settings})}
    if report is not None:
        files = {REPORT: json.dumps(report, indent=2).encode(), **files}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if report is None:
            (folder / REPORT).unlink(missing_ok=True)  # an old report would speak of other weights
        for name, data in files.items():
            write_whole(folder / name, data)
    except OSError as error:
        raise CheckpointError(f"cannot write the flow to {folder}: {error}; check the folder and the disk") from error


def load_flow(path: Path) -> Flow:
    """The flow in a folder of `save_flow`, in a .safetensors file, or in the published method's `vf_model.pth`.

    Only tensors are read: nothing in a file is ever executed. A file without settings gets the default ones.
    Raises CheckpointError when the file cannot be read or is not a vector field, naming the weight that is wrong.
    """
    path = Path(path)
    file = path / WEIGHTS if path.is_dir() else path
    if not file.is_file():
        raise CheckpointError(f"there is no flow at {file}; give a flow folder, a .safetensors or a .pth file")
    if file.suffix.lower() not in (".safetensors", *PICKLED):
        raise CheckpointError(f"{file} is neither .safetensors nor one of {', '.join(PICKLED)}; give such a file")
    try:
        tensors, header = _read_safetensors(file) if file.suffix.lower() == ".safetensors" else _read_pickled(file)
        built = _build_field(tensors, header.architecture)
    except CheckpointError as error:
        raise CheckpointError(f"{file}: {error}") from error
    name = header.name or (path.name if path.is_dir() else path.stem)
    return Flow(built, header.config, header.flow_id, name, header.created, header.recipe)


def _read_safetensors(file: Path) -> tuple[dict[str, Tensor], _Header]:
    try:
        with safe_open(file, framework="pt") as opened:
            tensors = {name: opened.get_tensor(name) for name in opened.keys()}  # noqa: SIM118 (it is no mapping)
            settings = (opened.metadata() or {}).get("flow")
    except Exception as error:  # safetensors raises its own, OS errors and more on a broken file
        raise CheckpointError(f"not a safetensors file ({first_line(error)}); copy it again") from error
    # The settings inside the file cannot be parted from its weights, so they come before the JSON beside it.
    beside = file.with_suffix(".json")
    if settings is None and beside.is_file():
        try:
            settings = beside.read_text(encoding="utf-8")
        except (OSError, ValueError) as error:
            raise CheckpointError(f"cannot read the settings in {beside.name}: {error}") from error
    return tensors, NO_HEADER if settings is None else _Header.parse(settings)


def _read_pickled(file: Path) -> tuple[dict[str, Tensor], _Header]:
    try:
        content = torch.load(file, map_location="cpu", weights_only=True)
    except Exception as error:  # a broken or hostile pickle can raise nearly anything on its way to being refused
        raise CheckpointError(
            f"not a file of plain weights ({first_line(error)}); nothing in it was executed; "
            "give one written by torch.save(field.state_dict(), path)"
        ) from error
    for wrapper in WRAPPERS:
        if isinstance(content, Mapping) and isinstance(content.get(wrapper), Mapping):
            content = content[wrapper]
    if not isinstance(content, Mapping) or not content:
        raise CheckpointError(f"holds a {type(content).__name__}, expected a state dict of a vector field")
    strangers = [repr(key) for key, value in content.items() if type(key) is not str or not _is_plain(value)]
    if strangers:
        raise CheckpointError(f"holds other things than named tensors: {', '.join(strangers[:5])}")
    tensors: dict[str, Tensor] = dict(content)
    for prefix in PREFIXES:
        if all(name.startswith(prefix) for name in tensors):
            tensors = {name.removeprefix(prefix): tensor for name, tensor in tensors.items()}
    # A tensor can claim more elements than are stored (stride 0): refuse before anything is made of that size.
    if sum(tensor.numel() * tensor.element_size() for tensor in tensors.values()) > file.stat().st_size:
        raise CheckpointError("its tensors claim to be larger than the file; give the original file")
    return tensors, NO_HEADER


def _is_plain(value: object) -> bool:
    return isinstance(value, Tensor) and value.layout == torch.strided and value.device.type == "cpu"


def _build_field(tensors: Mapping[str, Tensor], claimed: Mapping[str, Any]) -> VectorField:
    """The field that holds exactly `tensors`; its sizes are read off them. Raises CheckpointError."""
    dim = _size(tensors, "x_norm.weight", ndim=1, axis=0)
    t_dim = 2 * _size(tensors, "time_encoder.W", ndim=2, axis=1)
    hidden = _size(tensors, "heads.0.0.weight", ndim=2, axis=0)
    heads = sum(re.fullmatch(r"heads\.\d+\.0\.weight", name) is not None for name in tensors)
    for name, size in (("dim", dim), ("t_dim", t_dim), ("hidden", hidden), ("heads", heads)):
        if claimed.get(name, size) != size:
            raise CheckpointError(f"its settings say {name} = {claimed[name]!r}, its weights {size}; copy both again")
    try:
        with torch.device("meta"):  # the weights come from the file: draw none, and leave the random state alone
            built = VectorField(dim, t_dim, hidden, heads, claimed.get("dropout", 0.1))
    except (ValueError, TypeError) as error:
        raise CheckpointError(f"its sizes make no vector field: {error}") from error
    _check_tensors(tensors, built.state_dict())
    built.load_state_dict({k: v.detach().float().clone() for k, v in tensors.items()}, strict=True, assign=True)
    return built


def _size(tensors: Mapping[str, Tensor], name: str, *, ndim: int, axis: int) -> int:
    if name not in tensors:
        raise CheckpointError(f"not a vector field: {name} is missing; it has {', '.join(list(tensors)[:5])} ...")
    if tensors[name].ndim != ndim:
        raise CheckpointError(f"{name} has shape {tuple(tensors[name].shape)}, expected {ndim} dimensions")
    return tensors[name].shape[axis]


def _check_tensors(found: Mapping[str, Tensor], expected: Mapping[str, Tensor]) -> None:
    for word, names in (("missing", expected.keys() - found.keys()), ("unknown", found.keys() - expected.keys())):
        if names:
            raise CheckpointError(f"not the weights of a vector field: {word} {', '.join(sorted(names)[:5])}")
    for name, tensor in found.items():
        if tensor.shape != expected[name].shape:
            raise CheckpointError(
                f"{name} has shape {tuple(tensor.shape)}, expected {tuple(expected[name].shape)} beside the others"
            )
        if not tensor.is_floating_point() or not torch.isfinite(tensor.float()).all():
            raise CheckpointError(f"{name} ({tensor.dtype}) must be finite floats; the training may have diverged")
