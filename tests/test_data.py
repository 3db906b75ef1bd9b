"""What is shipped in data/: the demo is that of the bundled encoder, whole, and small enough to clone."""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from core.demo import EMBEDDINGS, Demo, bundled
from core.embedding_file import load_embeddings
from core.encoder import CLIPEncoder, describe
from core.encoder_spec import Embeddings
from core.imaging import load_image
from core.settings import ROOT
from core.taxonomy import ENT
from training.demo import digest_of

DATA = ROOT / "data"
MEGABYTE = 1_000_000


@pytest.fixture(scope="module")
def demo() -> Demo:
    found = bundled()
    assert found is not None
    assert found.folder == DATA / "demo"
    return found


@pytest.fixture(scope="module")
def embeddings(demo: Demo) -> dict[str, Embeddings]:
    """Embeddings of the demo's images, by file name."""
    known = load_embeddings(demo.folder / EMBEDDINGS, demo.fingerprint)
    files = sorted((demo.folder / "images").iterdir())
    return {file.name: known[load_image(file.read_bytes()).pixel_sha256] for file in files}


def rows(demo: Demo) -> list[dict[str, str]]:
    with (demo.folder / "manifest.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def size(path: Path) -> float:
    """Of all files below it, in megabytes."""
    return sum(file.stat().st_size for file in path.rglob("*") if file.is_file()) / MEGABYTE


def test_the_demo_is_that_of_the_bundled_encoder(demo: Demo) -> None:
    assert demo.encoder == "ent-mini"
    assert demo.fingerprint == describe(demo.encoder)[0].fingerprint
    assert demo.digest == digest_of(demo.folder)


def test_it_has_a_hundred_images_of_each_class_and_an_embedding_of_each(
    demo: Demo, embeddings: dict[str, Embeddings]
) -> None:
    assert Counter(row["label"] for row in rows(demo)) == dict.fromkeys(ENT.labels, 100)
    assert sorted(Path(row["path"]).name for row in rows(demo)) == sorted(embeddings)
    assert demo.images == len(embeddings) == 700
    assert len({row["patient_id"] for row in rows(demo)}) >= 200


def test_words_tell_the_ears_of_the_demo_apart(demo: Demo, embeddings: dict[str, Embeddings]) -> None:
    left, right = CLIPEncoder(*describe(demo.encoder)).encode_texts(["left ear", "right ear"])
    ears = [row for row in rows(demo) if row["label"].startswith("ear-")]
    images = np.stack([embeddings[Path(row["path"]).name] for row in ears])
    said = np.where(images @ left > images @ right, "ear-left", "ear-right")
    assert np.mean(said == [row["label"] for row in ears]) > 0.9


def test_it_is_small_enough_to_clone(demo: Demo) -> None:
    assert size(DATA / "models" / "ent-mini") < 25
    assert size(demo.folder / "images") < 12
    assert sum(size(DATA / part) for part in ("models", "demo", "screenshots")) < 40
