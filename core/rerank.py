"""Class-aware ranking: how alike two images are, and how likely they are to be of one class."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from safetensors import safe_open
from safetensors.numpy import save as to_safetensors

from core.calibration import Bin, Reliability, reliability
from core.class_head import ClassHead, fit_head
from core.doubt import beyond_doubt
from core.errors import CheckpointError
from core.flow import Flow
from core.training_set import Part, TrainingSet
from core.validation import NEAREST
from core.vectors import Matrix
from core.whole_file import write_whole

FILE = "rerank.safetensors"
STRENGTHS = (0.0, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0)
"""Weights of the class evidence that are tried on validation; a cosine has weight 1."""
CHUNK = 256
"""Validation images compared with all training images at a time."""
DOUBT = 3.0
"""Standard errors by which evidence has to better what is found without it: eight strengths are tried, and the head
has seen the same images."""


@dataclass(frozen=True)
class Validation:
    """What validation says: Recall@1 against the training images without and with the evidence, and calibration."""

    images: int
    recall: float
    recall_reranked: float
    reliability: Reliability


@dataclass(frozen=True)
class Reranker:
    """score(q, r) = cosine(q, r) + strength * P(q and r are of one class), on embeddings after a flow.

    The probability is the sum over classes of P(class | q) P(class | r), both by the head: the label of r is not used,
    so that a wrong or missing label neither hides nor lifts a case.
    """

    head: ClassHead
    strength: float
    validation: Validation

    @property
    def helps(self) -> bool:
        """Whether validation found that it does; without a strength it changes nothing."""
        return self.strength > 0

    def __call__(
        self, query: npt.NDArray[Any], reference: npt.NDArray[Any], similarity: npt.NDArray[np.float64]
    ) -> npt.NDArray[np.float64]:
        """Scores (B, R) of references (R, D) for queries (B, D), whose cosines are `similarity` (B, R)."""
        return similarity + self.strength * same_class(self.head, query, reference)


def same_class(head: ClassHead, query: Matrix, reference: Matrix) -> npt.NDArray[np.float64]:
    """The probability that a query (B, D) and a reference (R, D) are of one class, (B, R)."""
    return np.asarray(head.probabilities(query) @ head.probabilities(reference).T)


def fit_reranker(flow: Flow, data: TrainingSet) -> Reranker:
    """A re-ranker for embeddings after `flow`: its head is fitted to the training images and their mirror images.

    Penalty, temperature and strength come from the validation images: the strength under which the nearest ones are
    right most often, of equally good ones the least, and 0 where what it gains may well be luck. None is tried that
    finds a wrong one first more often. Without validation images the strength is 0: nothing says that it would help.
    """
    gallery, val = flow.transform(data.train.x), Part(flow.transform(data.val.x), data.val.labels)
    x, labels = gallery, data.train.labels
    if len(data.mirrored):
        x, labels = (
            np.concatenate([gallery, flow.transform(data.mirrored.x)]),
            np.concatenate([labels, data.mirrored.labels]),
        )
    head = fit_head(x, labels, val.x, val.labels, len(data.incompatible))
    if not len(val):
        return Reranker(head, 0.0, Validation(0, 0.0, 0.0, Reliability((), 0.0)))
    found = _by_strength(head, val, Part(gallery, data.train.labels))
    first = {strength: float(right[:, 0].mean()) for strength, right in found.items()}
    harmless = [strength for strength in STRENGTHS if first[strength] >= first[0.0]]
    best = max(harmless, key=lambda strength: (found[strength].mean(), -strength))
    gain = (found[best] - found[0.0]).mean(axis=1)
    if not beyond_doubt(gain, DOUBT, data.val.groups):
        best = 0.0
    curve = reliability(head.probabilities(val.x), val.labels)
    return Reranker(head, best, Validation(len(val), first[0.0], first[best], curve))


def _by_strength(head: ClassHead, val: Part, gallery: Part) -> dict[float, npt.NDArray[np.float64]]:
    """What is found for every strength, a chunk of validation images at a time."""
    found: dict[float, list[npt.NDArray[np.float64]]] = {strength: [] for strength in STRENGTHS}
    for start in range(0, len(val), CHUNK):
        x, labels = val.x[start : start + CHUNK], val.labels[start : start + CHUNK]
        similarity, evidence = x @ gallery.x.T, same_class(head, x, gallery.x)
        for strength, parts in found.items():
            parts.append(_found(similarity + strength * evidence, gallery.labels == labels[:, None]))
    return {strength: np.concatenate(parts) for strength, parts in found.items()}


def _found(scores: npt.NDArray[np.float64], right: npt.NDArray[np.bool_]) -> npt.NDArray[np.float64]:
    """Whether the nearest is right, and the share of right ones among the nearest, (V, 2), of scores (V, T)."""
    order = np.argsort(-scores, axis=1, kind="stable")[:, :NEAREST]
    near = np.take_along_axis(right, order, axis=1)
    return np.stack([near[:, 0], near.mean(axis=1)], axis=1)


def save_reranker(folder: Path, reranker: Reranker) -> None:
    """Write it beside the flow it belongs to. Raises CheckpointError when the folder cannot be written."""
    facts = {
        "strength": reranker.strength,
        "temperature": reranker.head.temperature,
        "validation": asdict(reranker.validation),
    }
    tensors = {"weight": reranker.head.weight, "bias": reranker.head.bias}
    try:
        write_whole(folder / FILE, to_safetensors(tensors, metadata={"rerank": json.dumps(facts)}))
    except OSError as error:
        raise CheckpointError(f"cannot write to {folder}: {error}; check the folder and the disk") from error


def remove_reranker(folder: Path) -> None:
    """Forget it, where there is one. Raises CheckpointError when the folder cannot be written."""
    try:
        (folder / FILE).unlink(missing_ok=True)
    except OSError as error:
        raise CheckpointError(f"cannot write to {folder}: {error}; check the folder and the disk") from error


def load_reranker(folder: Path) -> Reranker | None:
    """The re-ranker beside a flow, or None where there is none. Raises CheckpointError when it cannot be read."""
    path = folder / FILE
    if not path.is_file():
        return None
    try:
        with safe_open(path, framework="numpy") as opened:
            weight, bias = opened.get_tensor("weight"), opened.get_tensor("bias")
            facts = json.loads((opened.metadata() or {})["rerank"])
        head = ClassHead(weight, bias, float(facts["temperature"]))
        return Reranker(head, float(facts["strength"]), _validation(facts["validation"]))
    except Exception as error:  # safetensors raises its own, JSON and dataclasses theirs
        raise CheckpointError(f"{path} is damaged ({error}); train the flow again, or delete the file") from error


def _validation(facts: dict[str, Any]) -> Validation:
    curve = facts.pop("reliability")
    bins = tuple(Bin(**entry) for entry in curve["bins"])
    return Validation(**facts, reliability=Reliability(bins, float(curve["ece"])))
