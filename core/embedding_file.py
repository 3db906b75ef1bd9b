"""Embeddings in a file, by the pixels they are of and the encoder that made them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from core.encoder_spec import Embeddings


def save_embeddings(path: Path, fingerprint: str, embeddings: Mapping[str, Embeddings]) -> None:
    """Write embeddings (D,), by pixel hash, that the encoder of that fingerprint made, as safetensors."""
    facts = {"encoder": fingerprint, "pixels": json.dumps(list(embeddings))}
    save_file({"embeddings": np.stack(list(embeddings.values()))}, path, metadata=facts)


def load_embeddings(path: Path, fingerprint: str) -> dict[str, Embeddings]:
    """The embeddings (D,) in the file by pixel hash; none where it is not there, damaged, or of another encoder."""
    try:
        with safe_open(path, framework="numpy") as file:
            facts = file.metadata() or {}
            if facts.get("encoder") != fingerprint:
                return {}
            return dict(zip(json.loads(facts["pixels"]), file.get_tensor("embeddings"), strict=True))
    except (OSError, SafetensorError, ValueError, KeyError):
        return {}
