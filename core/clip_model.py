"""CLIP models as open_clip knows them: their configurations, building them, and what goes in front of them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.encoder_spec import EncoderSpec
from core.errors import EncoderError, first_line
from core.weights_file import plain_form

if TYPE_CHECKING:
    import torch
    from PIL import Image

LOCAL = "local-dir:"
CONFIG = "open_clip_config.json"


@dataclass(frozen=True)
class Architecture:
    """A model's form without its weights. `digest` tells two forms apart that the same weights would fit into."""

    model: str
    hub_repo: str | None
    dimension: int
    image_size: int
    preprocess: Mapping[str, Any]
    digest: str


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
        hub_repo=overlay.get("hf_hub", "").rstrip("/") or None,
        dimension=int(config["embed_dim"]),
        image_size=_side(config["vision_cfg"].get("image_size", 224)),
        preprocess=defaults | {k: v for k, v in overlay.items() if k in defaults},
        digest=hashlib.sha256(json.dumps(config, sort_keys=True).encode()).hexdigest(),
    )


def trained_model(model: str, weights: Path) -> torch.nn.Module:
    """open_clip's `model` (a name, or local-dir:FOLDER) on the CPU, with the weights of that file and no others.

    Raises EncoderError when the file does not hold weights of that model.
    """
    import open_clip

    try:
        built: torch.nn.Module = open_clip.create_model(model, load_weights=False, precision="fp32")
        open_clip.load_checkpoint(built, str(plain_form(weights)))
    except Exception as error:  # open_clip checks shapes with assertions, torch with RuntimeError
        said = first_line(error)
        raise EncoderError(f"{weights} does not hold weights of {model}: {said}; give another file") from error
    return built.eval()


def untrained_model(model: str, seed: int, **changes: Any) -> torch.nn.Module:
    """open_clip's `model` (a name, or local-dir:FOLDER) with random weights: to be trained, or to walk the way with.

    `changes` replace entries of its configuration, such as text_cfg.
    """
    import open_clip
    import torch

    torch.manual_seed(seed)
    built: torch.nn.Module = open_clip.create_model(model, load_weights=False, **changes)
    return built


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


def _local_config(folder: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    path = folder / CONFIG
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
        return config["model_cfg"], config.get("preprocess_cfg", {})
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise EncoderError(f"{path} is not an open_clip model config ({error}); an encoder folder needs one") from error


def _side(size: int | Sequence[int]) -> int:
    return size if isinstance(size, int) else int(size[0])
