"""CLIP models as open_clip knows them: their configurations, building them, and what goes in front of them."""

from __future__ import annotations

import hashlib
import json
import logging
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.encoder_spec import EncoderSpec
from core.errors import EncoderError, first_line

if TYPE_CHECKING:
    import torch
    from PIL import Image

LOCAL = "local-dir:"
CONFIG = "open_clip_config.json"


@dataclass(frozen=True)
class Architecture:
    """A model's form without its weights: `config` is open_clip's own, as JSON, and is all that building it needs."""

    model: str
    hub: str | None
    dimension: int
    image_size: int
    preprocess: Mapping[str, Any]
    config: str

    @property
    def digest(self) -> str:
        """Tells two forms apart that the same weights would fit into."""
        return hashlib.sha256(self.config.encode()).hexdigest()


def architecture(source: str) -> Architecture | None:
    """What open_clip knows of `source` (model/tag, model alone, or local-dir:FOLDER); None where it knows nothing.

    Raises EncoderError when the folder holds no model configuration.
    """
    import open_clip

    defaults = asdict(open_clip.transform.PreprocessCfg())
    if source.startswith(LOCAL):
        config, overlay, tag = *_local_config(Path(source.removeprefix(LOCAL))), ""
    else:
        model, _, tag = source.partition("/")
        config = open_clip.get_model_config(model)
        overlay = open_clip.get_pretrained_cfg(model, tag) if tag else {}
    if config is None or (tag and not overlay):
        return None
    return Architecture(
        model=source if source.startswith(LOCAL) else source.partition("/")[0],
        hub=overlay.get("hf_hub", "").rstrip("/") or None,
        dimension=int(config["embed_dim"]),
        image_size=_side(config["vision_cfg"].get("image_size", 224)),
        preprocess=defaults | {k: v for k, v in overlay.items() if k in defaults},
        config=json.dumps(config, sort_keys=True),
    )


def trained_model(config: str, tensors: Mapping[str, torch.Tensor], file: Path) -> torch.nn.Module:
    """The model of that configuration (JSON) on the CPU, with these weights, of that file, and no others.

    Raises EncoderError when it cannot be built on this machine, or the weights are not of that form.
    """
    import open_clip

    with _folder_of(config) as model:
        built = _built(lambda: open_clip.create_model(model, load_weights=False, pretrained_text=False))
    own = dict(tensors)
    if "positional_embedding" in own and not hasattr(built, "positional_embedding"):
        own = open_clip.model.convert_to_custom_text_state_dict(own)
    shapes = {name: tensor.shape for name, tensor in built.state_dict().items()}
    for scalar in {"logit_scale", "logit_bias"} & own.keys() & shapes.keys():  # () in some files, (1,) in others
        own[scalar] = own[scalar].reshape(shapes[scalar])
    try:
        built.load_state_dict(own, strict=True)
    except RuntimeError as error:
        raise EncoderError(
            f"{file} does not hold weights of this model: {' '.join(str(error).split())[:200]}; give another file"
        ) from error
    return built.eval()


def untrained_model(model: str, seed: int, **changes: Any) -> torch.nn.Module:
    """open_clip's `model` (a name, or local-dir:FOLDER) with random weights: to be trained, or to walk the way with.

    `changes` replace entries of its configuration, such as text_cfg.
    """
    import open_clip
    import torch

    with torch.random.fork_rng(devices=[]):  # what others draw stays what it would be
        torch.manual_seed(seed)
        return _built(lambda: open_clip.create_model(model, load_weights=False, pretrained_text=False, **changes))


def token_table(model: torch.nn.Module) -> torch.Tensor | None:
    """The embedding (V, width) of every token that a text tower of open_clip's own reads; None for those of others."""
    tower = getattr(model, "text", model)
    embedding = getattr(tower, "token_embedding", None)
    return None if embedding is None else embedding.weight


def tokenizer_of(config: str) -> Callable[[list[str]], torch.Tensor]:
    """The tokenizer of the model of that configuration (JSON)."""
    with _folder_of(config) as model:
        return tokenizer(model)


def tokenizer(model: str) -> Callable[[list[str]], torch.Tensor]:
    """What turns texts into the tokens (B, context length) int64 of open_clip's `model`."""
    import open_clip

    encode: Callable[[list[str]], torch.Tensor] = open_clip.get_tokenizer(model)
    return encode


def image_transform(spec: EncoderSpec) -> Callable[[Image.Image], torch.Tensor]:
    """What turns an RGB image into the pixels (3, side, side) float32 that the encoder of `spec` takes."""
    import open_clip

    transform: Callable[[Image.Image], torch.Tensor] = open_clip.image_transform(
        spec.image_size,
        is_train=False,
        mean=spec.mean,
        std=spec.std,
        interpolation=spec.interpolation,
        resize_mode=spec.resize_mode,
    )
    return transform


@contextmanager
def _folder_of(config: str) -> Iterator[str]:
    """The configuration as a name that open_clip can build from."""
    with tempfile.TemporaryDirectory(prefix="ent-model-") as folder:
        (Path(folder) / CONFIG).write_text(json.dumps({"model_cfg": json.loads(config)}), encoding="utf-8")
        yield f"{LOCAL}{folder}"


def _built(build: Callable[[], torch.nn.Module]) -> torch.nn.Module:
    try:
        with _quiet():
            return build()
    except Exception as error:  # open_clip checks with assertions, and misses libraries in its own words
        raise EncoderError(f"this encoder cannot be built on this machine: {first_line(error)}") from error


@contextmanager
def _quiet() -> Iterator[None]:
    """Without open_clip's warnings that a model has no weights: that is how it was asked for."""
    logger = logging.getLogger()

    def is_not_its(record: logging.LogRecord) -> bool:
        return "open_clip" not in record.pathname

    logger.addFilter(is_not_its)
    try:
        yield
    finally:
        logger.removeFilter(is_not_its)


def _local_config(folder: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    path = folder / CONFIG
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
        return config["model_cfg"], config.get("preprocess_cfg", {})
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise EncoderError(f"{path} is not an open_clip model config ({error}); an encoder folder needs one") from error


def _side(size: int | Sequence[int]) -> int:
    return size if isinstance(size, int) else int(size[0])
