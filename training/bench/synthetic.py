"""Made-up material for measurements: clustered vectors, a library filled with them, endoscope-like pictures."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from core.case import Case, NewCase
from core.catalog import Catalog, now
from core.encoder_spec import EncoderSpec
from core.taxonomy import ENT

FINDINGS = ("normal", "inflammation", "polyp", "wax", "perforation")
SPLITS = ("train", "train", "train", "val", "test")


@dataclass(frozen=True)
class Cloud:
    """`vectors` (N, D) unit rows in clusters by class, and within a class by patient; `labels` (N,) class numbers."""

    vectors: npt.NDArray[np.float32]
    labels: npt.NDArray[np.int64]
    patients: npt.NDArray[np.int64]


def cloud(count: int, dimension: int, seed: int, *, spread: float = 0.4, queries_of: int | None = None) -> Cloud:
    """A cloud of `count` vectors; with `queries_of`, of further images of the patients of a cloud of that many.

    `spread` is how far the images of a patient lie apart, where patients of a class lie 0.7 and classes 1 apart.
    """
    shape, draw = np.random.default_rng(seed), np.random.default_rng(seed + 1 + (queries_of is not None))
    scale = 1 / np.sqrt(dimension)
    patients = max(1, (queries_of or count) // 5)
    centres = shape.normal(size=(len(ENT.labels), dimension)) * scale
    classes = shape.integers(0, len(ENT.labels), patients)
    offsets = shape.normal(size=(patients, dimension)) * 0.7 * scale
    who = draw.integers(0, patients, count)
    vectors = centres[classes[who]] + offsets[who] + draw.normal(size=(count, dimension)) * spread * scale
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return Cloud(vectors.astype(np.float32), classes[who], who)


def fill(catalog: Catalog, made: Cloud, seed: int = 0) -> list[str]:
    """Store a cloud as cases with random findings and splits; their ids in order."""
    rng = np.random.default_rng(seed)
    findings, splits = rng.choice(FINDINGS, len(made.labels)), rng.choice(SPLITS, len(made.labels))
    stamp, ids = now(), []
    new: list[NewCase] = []
    for number, vector in enumerate(made.vectors):
        digest = f"{number + 1:064x}"
        facts = (str(findings[number]), f"p{made.patients[number]}", None, None, None, str(splits[number]), stamp)
        label = ENT.labels[made.labels[number]]
        case = Case(digest[-16:], label, f"{number}.png", 640, 480, "png", digest, digest, *facts)
        new.append(NewCase(case, vector, digest))
        ids.append(case.case_id)
    for start in range(0, len(new), 2000):
        catalog.add(new[start : start + 2000])
    return ids


def spec(dimension: int) -> EncoderSpec:
    """The spec of an encoder that is never asked to encode."""
    half = (0.5, 0.5, 0.5)
    return EncoderSpec("synthetic", "synthetic", "0" * 64, dimension, 224, half, half, "bicubic", "shortest")


def pictures(folder: Path, count: int, seed: int = 0) -> Iterator[Path]:
    """Write `count` 640 x 480 PNG pictures, a bright textured disc on black each; the paths written."""
    rng = np.random.default_rng(seed)
    rows, columns = np.mgrid[:480, :640]
    disc = (rows - 240) ** 2 + (columns - 320) ** 2 < 235**2
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(count):
        coarse = rng.integers(60, 255, (9, 12, 3), dtype=np.uint8)
        smooth = np.asarray(Image.fromarray(coarse).resize((640, 480), Image.Resampling.BICUBIC), dtype=np.int16)
        noisy = np.clip(smooth + rng.normal(0, 4, smooth.shape), 0, 255) * disc[..., None]
        path = folder / f"{number:05}.png"
        path.write_bytes(_png(noisy.astype(np.uint8)))
        yield path


def _png(pixels: npt.NDArray[np.uint8]) -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()
