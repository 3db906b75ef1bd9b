"""Images and words to embeddings, by CLIP."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from core import clip_model, weights, weights_hint
from core.clip_model import CONFIG, LOCAL, Architecture
from core.device import autocast, place
from core.encoder_spec import Embeddings, EncoderSpec, Progress, words_of
from core.errors import EncoderError, EncoderMismatch, first_line
from core.field_of_view import crop_field_of_view
from core.settings import ROOT, get_settings
from core.weights_file import hash_tensors, read_tensors, tensor_hash, weights_file

if TYPE_CHECKING:
    import torch
    from PIL import Image

HUB, BUNDLED = "hf-hub:", "bundled:"
KNOWN: Mapping[str, str] = {"clip-vit-b-32": "ViT-B-32-quickgelu/openai", "ent-mini": f"{BUNDLED}ent-mini"}
"""Our names of encoders: open_clip's model/tag, or a folder below data/models that comes with the program."""


class CLIPEncoder:
    """CLIP (Radford et al. 2021) by open_clip; loads its weights when they are first needed, and only once.

    Raises EncoderError from any method that needs weights which are not to be had, EncoderMismatch when the
    weights found are not those of `spec`.
    """

    def __init__(self, spec: EncoderSpec, weights: Path | None = None) -> None:
        """`weights` is where they are; otherwise they are looked for where this machine found them last, and beyond."""
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
        path, _ = self._find_weights(None)
        weights_hint.remember(self.spec.weights_sha256, path)

    def preprocess(self, rgb: Image.Image) -> torch.Tensor:
        return self._transform(crop_field_of_view(rgb))

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
            raise EncoderError(
                f"encoder {self.spec.name} cannot read words: {first_line(error)}; search by image, or connect to the "
                "internet for its tokenizer"
            ) from error
        return self._embed(lambda model, device: model.encode_text(tokens.to(device)))

    def unknown_words(self, texts: Sequence[str]) -> tuple[str, ...]:
        self.load()
        words = words_of(texts)
        read = self._tokens_read
        if read is None or not words:
            return ()
        return tuple(word for word, row in zip(words, self._tokenizer(list(words)), strict=True) if not read[row].all())

    def _embed(self, encode: Callable[[Any, torch.device], torch.Tensor]) -> Embeddings:
        import torch

        self.load()
        device = next(self._model.parameters()).device
        with torch.inference_mode(), autocast(device):  # grad mode is thread-local, so it is set at every call
            features = encode(self._model, device).float()
            embeddings: Embeddings = torch.nn.functional.normalize(features, dim=-1).cpu().numpy()
        return embeddings

    @cached_property
    def _transform(self) -> Callable[[Image.Image], torch.Tensor]:
        return clip_model.image_transform(self.spec)

    @cached_property
    def _tokenizer(self) -> Callable[[list[str]], torch.Tensor]:
        try:  # a model's own folder may hold its tokenizer too
            return clip_model.tokenizer(self._architecture(None).model)
        except EncoderError:
            return clip_model.tokenizer_of(self._config)

    @cached_property
    def _tokens_read(self) -> torch.Tensor | None:
        """Which tokens (V,) training has met: the others have zeros for an embedding. None where that is not known."""
        table = clip_model.token_table(self._model)
        return None if table is None else table.detach().abs().sum(dim=1).cpu() > 0

    @cached_property
    def _config(self) -> str:
        """The model's configuration: that of the spec, or, for a spec of an early version, what its name stands for."""
        return self.spec.config or self._architecture(None).config

    def _architecture(self, on_progress: Progress | None) -> Architecture:
        """The model's form as its name stands for it here, which is that of the spec."""
        found = _architecture(self.spec.name, self.spec.model, self.weights, on_progress)
        if self.spec.architecture not in ("", found.digest):
            raise EncoderMismatch(
                f"{found.model.removeprefix(LOCAL)} is another architecture than this library's encoder "
                f"{self.spec.name}: its embeddings would differ; give the folder with the {CONFIG} that the library "
                "was made with"
            )
        return found

    def _find_weights(self, on_progress: Progress | None) -> tuple[Path, Mapping[str, torch.Tensor]]:
        """The file of the weights and what it holds: those of the spec."""
        if self.weights is not None:
            if (self.weights / CONFIG).is_file():
                self._architecture(on_progress)
            path = weights_file(self.weights)
            return path, self._checked(path)
        refused: EncoderError | None = None
        for likely in self._likely_places():
            try:
                path = weights_file(likely)
                return path, self._checked(path)
            except EncoderError as error:
                refused = error
        try:
            found = self._architecture(on_progress)
            if found.hub is not None:  # whatever ENT_WEIGHTS is, it was not this
                path = weights.download(self.spec.name, found.hub, on_progress)
            else:
                path = _weights_of(self.spec.name, found, None, on_progress)
            return path, self._checked(path)
        except EncoderError as error:
            raise refused or error from error

    def _likely_places(self) -> list[Path]:
        """Where the weights may be without a download."""
        own = _own_folder(self.spec.model)
        places = (weights_hint.remembered(self.spec.weights_sha256), own, get_settings().weights)
        return [place for place in places if place is not None]

    def _checked(self, path: Path) -> Mapping[str, torch.Tensor]:
        tensors = read_tensors(path)
        if (found := hash_tensors(tensors)) != self.spec.weights_sha256:
            raise EncoderMismatch(
                f"{path} holds other weights ({found[:12]}) than this library's encoder {self.spec.name} "
                f"({self.spec.weights_sha256[:12]}); give the right file with --weights or ENT_WEIGHTS, "
                "or make a new library for these"
            )
        return tensors

    def _build(self, on_progress: Progress | None) -> Any:
        path, tensors = self._find_weights(on_progress)
        weights_hint.remember(self.spec.weights_sha256, path)
        return place(clip_model.trained_model(self._config, tensors, path))


class UntrainedEncoder(CLIPEncoder):
    """The architecture and preprocessing of `trained` with random weights: what pictures are worth without learning."""

    def __init__(self, trained: CLIPEncoder, seed: int = 0) -> None:
        super().__init__(trained.spec, trained.weights)
        self._seed = seed

    def _build(self, on_progress: Progress | None) -> Any:
        return place(clip_model.untrained_model(self._architecture(on_progress).model, self._seed).eval())


def describe(name: str, given: Path | None = None, on_progress: Progress | None = None) -> tuple[EncoderSpec, Path]:
    """The spec of encoder `name` and the file of its weights, without building the model.

    `name` is one of KNOWN, `model/tag` of open_clip, `hf-hub:org/repo`, or `local-dir:FOLDER` (open_clip_config.json
    and weights). `given` is a weights file, or a folder with one, used instead of looking for it or downloading.
    Raises EncoderError when the name is unknown or its weights are not to be had.
    """
    model = KNOWN.get(name, name)
    if model.startswith(LOCAL):  # wherever it is later opened from
        name = model = f"{LOCAL}{Path(model.removeprefix(LOCAL)).absolute()}"
    architecture = _architecture(name, model, given, on_progress)
    path = _weights_of(name, architecture, given, on_progress)
    preprocess = architecture.preprocess
    spec = EncoderSpec(
        name=name,
        model=model,
        weights_sha256=tensor_hash(path),
        dimension=architecture.dimension,
        image_size=architecture.image_size,
        mean=tuple(preprocess["mean"]),
        std=tuple(preprocess["std"]),
        interpolation=preprocess["interpolation"],
        resize_mode=preprocess["resize_mode"],
        architecture=architecture.digest,
        config=architecture.config,
    )
    return spec, path


def _architecture(name: str, model: str, given: Path | None, on_progress: Progress | None) -> Architecture:
    """The form of `model` as something on this machine: a hub repository becomes the folder it was downloaded to."""
    source = model
    if given is not None and (given / CONFIG).is_file():
        source = f"{LOCAL}{given}"
    elif (own := _own_folder(model)) is not None:
        source = f"{LOCAL}{own}"
    elif model.startswith(HUB):
        source = f"{LOCAL}{weights.download_repository(name, model.removeprefix(HUB), on_progress)}"
    if (found := clip_model.architecture(source)) is None:
        raise EncoderError(
            f"unknown encoder {source!r}; use {', '.join(KNOWN)}, a model/tag of open_clip, "
            "hf-hub:org/repo or local-dir:FOLDER"
        )
    return found


def _own_folder(model: str) -> Path | None:
    """The folder that the name of a bundled or local model stands for."""
    if model.startswith(BUNDLED):
        return ROOT / "data" / "models" / model.removeprefix(BUNDLED)
    return Path(model.removeprefix(LOCAL)) if model.startswith(LOCAL) else None


def _weights_of(name: str, found: Architecture, given: Path | None, on_progress: Progress | None) -> Path:
    if given is None and found.model.startswith(LOCAL):
        given = Path(found.model.removeprefix(LOCAL))
    return weights.find_weights(name, found.hub, given, on_progress)
