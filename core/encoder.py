"""Images and words to embeddings, by CLIP through open_clip."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from core import weights
from core.device import autocast, best_device
from core.encoder_spec import Embeddings, EncoderSpec
from core.errors import EncoderError, EncoderMismatch
from core.field_of_view import crop_field_of_view
from core.settings import ROOT, get_settings
from core.weights import Progress

if TYPE_CHECKING:
    import torch
    from PIL import Image

LOCAL, HUB = "local-dir:", "hf-hub:"
CONFIG = "open_clip_config.json"
BUNDLED = "bundled:"
KNOWN: Mapping[str, str] = {"clip-vit-b-32": "ViT-B-32-quickgelu/openai", "ent-mini": f"{BUNDLED}ent-mini"}
"""Our names of encoders: open_clip's model/tag, or a folder below data/models that comes with the program."""


class CLIPEncoder:
    """CLIP (Radford et al. 2021) by open_clip; loads its weights when they are first needed, and only once.

    Raises EncoderError from any method that needs weights which are not to be had, EncoderMismatch when the
    weights found are not those of `spec`.
    """

    def __init__(self, spec: EncoderSpec, weights: Path | None = None) -> None:
        self.spec = spec
        self.weights = weights
        self._lock = threading.Lock()
        self._model: Any = None

    @property
    def loaded(self) -> bool:
        return self._model is not None

    def load(self, on_progress: Progress | None = None) -> None:
        with self._lock:
            if self._model is None:
                self._model = self._build(on_progress)

    def check_weights(self) -> None:
        """Raise EncoderMismatch when the weights found are not those of the spec, EncoderError when there are none."""
        self._find_weights(None)

    def preprocess(self, rgb: Image.Image) -> torch.Tensor:
        pixels: torch.Tensor = self._transform(crop_field_of_view(rgb))
        return pixels

    def encode_batch(self, pixels: torch.Tensor) -> Embeddings:
        return self._embed(lambda model, device: model.encode_image(pixels.to(device)))

    def encode_images(self, images: Sequence[Image.Image]) -> Embeddings:
        import torch

        size = get_settings().batch_size
        batches = [images[start : start + size] for start in range(0, len(images), size)]
        parts = [self.encode_batch(torch.stack([self.preprocess(rgb) for rgb in batch])) for batch in batches]
        return np.concatenate(parts) if parts else np.empty((0, self.spec.dimension), np.float32)

    def encode_texts(self, texts: Sequence[str]) -> Embeddings:
        try:
            tokens = self._tokenizer(list(texts))
        except Exception as error:  # some tokenizers are downloads of their own, with errors of their own
            said = str(error).strip().split("\n")[0][:200]
            raise EncoderError(
                f"encoder {self.spec.name} cannot read words: {said}; search by image, or connect to the internet "
                "for its tokenizer"
            ) from error
        return self._embed(lambda model, device: model.encode_text(tokens.to(device)))

    def _embed(self, encode: Callable[[Any, torch.device], torch.Tensor]) -> Embeddings:
        import torch

        self.load()
        device = next(self._model.parameters()).device
        with torch.inference_mode(), autocast(device):  # grad mode is thread-local, so it is set at every call
            features = encode(self._model, device).float()
            embeddings: Embeddings = torch.nn.functional.normalize(features, dim=-1).cpu().numpy()
        return embeddings

    @cached_property
    def _transform(self) -> Any:
        import open_clip

        return open_clip.image_transform(
            self.spec.image_size,
            is_train=False,
            mean=self.spec.mean,
            std=self.spec.std,
            interpolation=self.spec.interpolation,
            resize_mode=self.spec.resize_mode,
        )

    @cached_property
    def _tokenizer(self) -> Any:
        source = _source(self.spec.name, self.spec.model, self.weights, None)
        return tokenizer(source if source.startswith(LOCAL) else source.partition("/")[0])

    def _find_weights(self, on_progress: Progress | None) -> tuple[str, Path]:
        """The model as something on this machine, and the file of its weights, which are those of the spec."""
        source = _source(self.spec.name, self.spec.model, self.weights, on_progress)
        architecture = _architecture(source)
        if self.spec.architecture not in ("", architecture.digest):
            raise EncoderMismatch(
                f"{source.removeprefix(LOCAL)} is another architecture than this library's encoder {self.spec.name}: "
                f"its embeddings would differ; give the folder with the {CONFIG} that the library was made with"
            )
        path = architecture.find_weights(self.spec.name, self.weights, on_progress)
        found = weights.tensor_hash(path)
        if found != self.spec.weights_sha256:
            raise EncoderMismatch(
                f"{path} holds other weights ({found[:12]}) than this library's encoder {self.spec.name} "
                f"({self.spec.weights_sha256[:12]}); give the right file with --weights or ENT_WEIGHTS, "
                "or make a new library for these"
            )
        return source, path

    def _build(self, on_progress: Progress | None) -> Any:
        import open_clip

        source, path = self._find_weights(on_progress)
        try:
            local = source.startswith(LOCAL)
            model, pretrained = (source, None) if local else (source.partition("/")[0], str(weights.plain_form(path)))
            built = open_clip.create_model(model, pretrained, device=best_device(), precision="fp32")
        except Exception as error:  # open_clip checks shapes with assertions, torch with RuntimeError
            said = str(error).strip().split("\n")[0][:200]
            raise EncoderError(f"{path} does not hold weights of {source}: {said}; give another file") from error
        return built.eval()


class UntrainedEncoder(CLIPEncoder):
    """The architecture and preprocessing of `trained` with random weights: what pictures are worth without learning."""

    def __init__(self, trained: CLIPEncoder, seed: int = 0) -> None:
        super().__init__(trained.spec, trained.weights)
        self._seed = seed

    def _build(self, on_progress: Progress | None) -> Any:
        source = _source(self.spec.name, self.spec.model, self.weights, on_progress)
        model = untrained_model(source if source.startswith(LOCAL) else source.partition("/")[0], self._seed)
        return model.to(best_device()).eval()


def describe(name: str, given: Path | None = None, on_progress: Progress | None = None) -> tuple[EncoderSpec, Path]:
    """The spec of encoder `name` and the file of its weights, without building the model.

    `name` is one of KNOWN, `model/tag` of open_clip, `hf-hub:org/repo`, or `local-dir:FOLDER` (open_clip_config.json
    and weights). `given` is a weights file, or a folder with one, used instead of looking for it or downloading.
    Raises EncoderError when the name is unknown or its weights are not to be had.
    """
    model = KNOWN.get(name, name)
    architecture = _architecture(_source(name, model, given, on_progress))
    path = architecture.find_weights(name, given, on_progress)
    preprocess = architecture.preprocess
    spec = EncoderSpec(
        name=name,
        model=model,
        weights_sha256=weights.tensor_hash(path),
        dimension=architecture.dimension,
        image_size=architecture.image_size,
        mean=tuple(preprocess["mean"]),
        std=tuple(preprocess["std"]),
        interpolation=preprocess["interpolation"],
        resize_mode=preprocess["resize_mode"],
        architecture=architecture.digest,
    )
    return spec, path


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


@dataclass(frozen=True)
class _Architecture:
    model: str
    hub_repo: str | None
    dimension: int
    image_size: int
    preprocess: Mapping[str, Any]
    digest: str

    def find_weights(self, name: str, given: Path | None, on_progress: Progress | None) -> Path:
        if given is None and self.model.startswith(LOCAL):
            given = Path(self.model.removeprefix(LOCAL))
        return weights.find_weights(name, self.hub_repo, given, on_progress)


def _source(name: str, model: str, given: Path | None, on_progress: Progress | None) -> str:
    """`model` as something on this machine: a hub repository becomes the folder it was downloaded to."""
    if given is not None and (given / CONFIG).is_file():
        return f"{LOCAL}{given}"
    if model.startswith(BUNDLED):
        return f"{LOCAL}{ROOT / 'data' / 'models' / model.removeprefix(BUNDLED)}"
    if model.startswith(HUB):
        return f"{LOCAL}{weights.download_repository(name, model.removeprefix(HUB), on_progress)}"
    return model


def _architecture(model: str) -> _Architecture:
    """What open_clip knows of `model` (model/tag, model alone, or local-dir:FOLDER)."""
    import open_clip

    defaults = asdict(open_clip.transform.PreprocessCfg())
    if model.startswith(LOCAL):
        config, overlay, tag = *_local_config(Path(model.removeprefix(LOCAL))), ""
    else:
        model, _, tag = model.partition("/")
        config = open_clip.get_model_config(model)
        overlay = open_clip.get_pretrained_cfg(model, tag) if tag else {}
    if config is None or (tag and not overlay):
        raise EncoderError(
            f"unknown encoder {model + '/' * bool(tag) + tag!r}; use {', '.join(KNOWN)}, a model/tag of open_clip, "
            "hf-hub:org/repo or local-dir:FOLDER"
        )
    return _Architecture(
        model=model,
        hub_repo=overlay.get("hf_hub", "").rstrip("/") or None,
        dimension=int(config["embed_dim"]),
        image_size=_side(config["vision_cfg"].get("image_size", 224)),
        preprocess=defaults | {k: v for k, v in overlay.items() if k in defaults},
        digest=hashlib.sha256(json.dumps(config, sort_keys=True).encode()).hexdigest(),
    )


def _local_config(folder: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    path = folder / CONFIG
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
        return config["model_cfg"], config.get("preprocess_cfg", {})
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise EncoderError(f"{path} is not an open_clip model config ({error}); an encoder folder needs one") from error


def _side(size: int | Sequence[int]) -> int:
    return size if isinstance(size, int) else int(size[0])
