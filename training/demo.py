"""The demo in data/demo: synthetic images, and what the bundled encoder makes of them."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path

from core.demo import EMBEDDINGS, Demo, demo_in
from core.embedding_file import save_embeddings
from core.encoder import CLIPEncoder, describe
from core.encoder_spec import Embeddings, Encoder
from core.errors import EntError
from core.imaging import load_image
from core.store import CATALOG
from core.swap import put_back, take_place
from training.phantoms.dataset import write_dataset

NAME = "Demo (synthetic)"
ENCODER = "ent-mini"
BATCH = 32


def write_demo(
    out: Path,
    per_class: int,
    seed: int,
    size: int,
    encoder: str = ENCODER,
    on_progress: Callable[[int, int], None] = lambda done, total: None,
) -> Demo:
    """Write images, manifest, README, embeddings and `demo.json` to `out`, in place of the demo that is there.

    It has no flow: that of the demo before was trained on other embeddings.
    `on_progress` is called with (images encoded, images in all). The same seed and weights give the same files, the
    embeddings but for rounding. Raises EntError when `out` is something else, EncoderError without the encoder.
    """
    out = out.resolve()
    put_back(out)
    a_library = (out / CATALOG).exists()  # one that was made of a demo says so in a file of the same name
    if a_library or (out.exists() and demo_in(out) is None and (not out.is_dir() or any(out.iterdir()))):
        raise EntError(f"{out} is {'a library' if a_library else 'not empty'} and no demo; give a new folder")
    part = out.with_name(f".{out.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    clip = CLIPEncoder(*describe(encoder))  # first, since without it the rest is in vain
    count = write_dataset(part, per_class, seed, size, "webp", command=f"demo --encoder {encoder}")
    save_embeddings(part / EMBEDDINGS, clip.spec.fingerprint, _embed(clip, part / "images", on_progress))
    made = Demo(part, NAME, encoder, count, clip.spec.fingerprint, digest_of(part))
    made.write()
    take_place(part, out)
    return replace(made, folder=out)


def digest_of(folder: Path) -> str:
    """A short hash of a demo's manifest and images, by which its releases are told apart."""
    return hash_of((folder / "manifest.csv", *sorted((folder / "images").iterdir())))


def hash_of(files: Iterable[Path]) -> str:
    """A short hash of files, their names and their order."""
    told = hashlib.sha256()
    for file in files:
        told.update(f"{file.name} {file.stat().st_size} ".encode() + file.read_bytes())
    return told.hexdigest()[:16]


def _embed(encoder: Encoder, images: Path, on_progress: Callable[[int, int], None]) -> dict[str, Embeddings]:
    """The embedding (D,) of every image, by pixel hash."""
    files = sorted(images.iterdir())
    found: dict[str, Embeddings] = {}
    for start in range(0, len(files), BATCH):
        batch = [load_image(file.read_bytes()) for file in files[start : start + BATCH]]
        vectors = encoder.encode_images([image.rgb for image in batch])
        found.update(zip((image.pixel_sha256 for image in batch), vectors, strict=True))
        on_progress(len(found), len(files))
    return found
