"""How well near-duplicates are told from further images of a patient and from those of others."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np
import numpy.typing as npt
from PIL import Image

from core.encoder import CLIPEncoder, describe
from core.imaging import load_image, mirror, thumbnail
from core.near_duplicates import Likeness, look, mirrored
from core.vectors import Matrix
from training.bench.flow.images import enlarged_demo
from training.phantoms.camera import jpeg

LEVELS = (0.90, 0.92, 0.94, 0.96, 0.98)
MARGIN = 0.03
"""The part of an image that is cut off on every side of it."""
SUFFIXES = {".png", ".jpg", ".jpeg", ".webp"}
Bools = npt.NDArray[np.bool_]
Value = TypeVar("Value", bound=np.generic)


@dataclass(frozen=True)
class Pairs:
    """The pairs of `looks` alike (P,): which are `frames` of one video, and which of one `patient`, frames or not."""

    likeness: Matrix
    frames: Bools
    patient: Bools

    def counts(self, level: float, also: Bools | None = None) -> list[int]:
        """How many are that much alike, and `also` true (P,): frames of a video, others of a patient, of two."""
        alike = self.likeness >= level if also is None else (self.likeness >= level) & also
        return [int((alike & of).sum()) for of in (self.frames, self.patient & ~self.frames, ~self.patient)]


def phantoms(per_class: int) -> Iterator[str]:
    """Of the demo's phantoms and fresh ones: pairs at every level, by the look alone and by the embedding too."""
    shown = enlarged_demo(per_class, judges=0)
    looks = _looks(shown.images)
    videos = np.array([f"{one.seed} {one.shot.key}" for one in shown.people])
    pairs = Pairs(_of_two(looks @ looks.T), _same(videos), _same(np.array(shown.group)))
    x = CLIPEncoder(*describe("ent-mini")).encode_images(shown.images)
    x = x - x.mean(axis=0)
    x /= np.linalg.norm(x, axis=1, keepdims=True)
    near = _of_two(x @ x.T) >= Likeness().embedding
    yield f"{len(looks)} phantoms: {int(pairs.frames.sum())} pairs of frames of one video; pairs alike from a level on"
    yield "(frames of a video / others of a patient / of two patients; in brackets those near by the embedding too)"
    for level in LEVELS:
        alone, both = (" / ".join(map(str, pairs.counts(level, also))) for also in (None, near))
        yield f"  {level:.2f}: {alone} ({both})"
    yield _mirrored_by_chance(looks)
    yield from _copies(shown.images)


def photographs(folder: Path) -> Iterator[str]:
    """Of the images in a folder and all below: the pairs most alike, and altered copies."""
    files = sorted(path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES)
    images = [_read(thumbnail(load_image(path.read_bytes()).rgb)) for path in files]
    yield f"{len(images)} images of {folder.name}; pairs alike from a level on"
    if len(images) < 2:
        return
    looks = _looks(images)
    alike = _of_two(looks @ looks.T)
    for level in LEVELS:
        yield f"  {level:.2f}: {int((alike >= level).sum())}"
    one, other = np.triu_indices(len(images), 1)
    for pair in np.argsort(-alike)[:5]:
        yield f"  {alike[pair]:.3f} {files[one[pair]].name} and {files[other[pair]].name}"
    yield _mirrored_by_chance(looks)
    yield from _copies(images)


def _without_margin(image: Image.Image) -> Image.Image:
    x, y = round(MARGIN * image.width), round(MARGIN * image.height)
    return image.crop((x, y, image.width - x, image.height - y))


ALTERED: Mapping[str, Callable[[Image.Image], Image.Image]] = {
    "re-compressed (quality 40)": lambda image: _read(jpeg(image, 40)),
    "half the size": lambda image: image.resize((image.width // 2, image.height // 2)),
    "half the size, quality 60": lambda image: _read(jpeg(image.resize((image.width // 2, image.height // 2)), 60)),
    "brighter by 15 %": lambda image: image.point(lambda value: min(255, round(value * 1.15))),
    f"a margin of {MARGIN:.0%} cut off": _without_margin,
}


def _copies(images: Sequence[Image.Image]) -> Iterator[str]:
    """Copies beside what they were made of, and mirrored copies beside its mirror image."""
    level, mirror_level = Likeness().look, Likeness().mirrored
    looks = _looks(images)
    yield f"copies: the share that is alike ({level:.2f}; {mirror_level:.2f} where mirrored), and the least likeness"
    for name, change in ALTERED.items():
        alike = (looks * _looks([change(image) for image in images])).sum(axis=1)
        # a library sees the mirrored copy, and compares its look, turned round, with that of the original
        turned = mirrored(_looks([change(mirror(image)) for image in images]))
        both = (looks * turned).sum(axis=1)
        yield (
            f"  {name}: {(alike >= level).mean():.3f}, {alike.min():.3f}; "
            f"mirrored {(both >= mirror_level).mean():.3f}, {both.min():.3f}"
        )


def _mirrored_by_chance(looks: Matrix) -> str:
    return f"mirror images of others, the most alike: {_of_two(looks @ mirrored(looks).T).max():.3f}"


def _looks(images: Sequence[Image.Image]) -> Matrix:
    """As a library sees them: by their thumbnails."""
    return np.stack([look(_read(thumbnail(image))) for image in images])


def _same(names: npt.NDArray[np.str_]) -> Bools:
    return _of_two(names[:, None] == names)


def _of_two(square: npt.NDArray[Value]) -> npt.NDArray[Value]:
    """The values (P,) of all pairs."""
    return square[np.triu_indices(len(square), 1)]


def _read(file: bytes) -> Image.Image:
    return Image.open(io.BytesIO(file)).convert("RGB")
