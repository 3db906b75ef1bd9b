"""Pictures that show the same thing: re-compressed, resized, slightly shifted, the next frame of a video."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image

from core.field_of_view import crop_field_of_view
from core.vectors import Matrix

LOOK_SIDE = 16
LOOK_SIZE = 3 * LOOK_SIDE**2
DISC = np.hypot(*(np.indices((LOOK_SIDE, LOOK_SIDE)) - (LOOK_SIDE - 1) / 2)) <= (LOOK_SIDE - 1) / 2
"""Which places of the grid are in its largest circle, (LOOK_SIDE, LOOK_SIDE)."""
SMALL = 128
"""Longest side, in pixels, of the copy that the field of view is looked for in: two thirds of the time of 256."""
CHUNK = 1024


@dataclass(frozen=True)
class Likeness:
    """From which cosine on two pictures are the same: by their look alone, or by look and embedding together.

    Embeddings are compared after their mean has been taken off, since all pictures of an archive share much. One is the
    `mirrored` copy of the other by its look alone. By `python -m training bench near-duplicates`, with 1050 phantoms:
    of 175 pairs of frames of one video 164 look alike from 0.96 on, 174 from 0.92 on; of 550 000 pairs of two patients
    none from 0.94 on, one from 0.92 on, which is why the embedding must agree there; in a mirror none. With 36 and 128
    real images: re-compressed or at half the size all stay above 0.97, and in a mirror no two frames come to 0.92.
    """

    look: float = 0.96
    mirrored: float = 0.97
    look_with_embedding: float = 0.92
    embedding: float = 0.97


def look(rgb: Image.Image) -> Matrix:
    """A picture's look, (LOOK_SIZE,): its colours on a grid of 16 x 16 without their mean colour, of length 1.

    Of the largest circle in what the endoscope sees, 0 beside it, since a bright disc on black is like every other.
    Size, file format, compression and brightness hardly change it, nor does a black margin cut off. 0 for an even
    picture.
    """
    small = rgb.convert("RGB")
    small.thumbnail((SMALL, SMALL), Image.Resampling.BOX)
    seen = crop_field_of_view(small).resize((LOOK_SIDE, LOOK_SIDE), Image.Resampling.BOX)
    colours = np.asarray(seen, np.float32)[DISC]
    picture = np.zeros((LOOK_SIDE, LOOK_SIDE, 3), np.float32)
    picture[DISC] = colours - colours.mean(axis=0)
    return _unit(picture.reshape(1, -1)).reshape(-1)


def mirrored(looks: Matrix) -> Matrix:
    """The looks (N, LOOK_SIZE) of the mirror images."""
    return looks.reshape(-1, LOOK_SIDE, LOOK_SIDE, 3)[:, :, ::-1].reshape(len(looks), -1)


def near_duplicates(
    looks: Matrix, embeddings: Matrix | None = None, likeness: Likeness | None = None
) -> list[tuple[int, int]]:
    """The pairs (i, j), i < j, of rows that show the same; `looks` is (N, LOOK_SIZE), `embeddings` (N, D).

    A mirrored copy is one too: trainings see the mirror images of what they learn from.
    """
    likeness = likeness or Likeness()
    centred = None if embeddings is None else _unit(embeddings - embeddings.mean(axis=0))
    flipped = mirrored(looks)
    pairs: list[tuple[int, int]] = []
    for start, looks_alike in _similarities(looks):
        same = (looks_alike >= likeness.look) | (looks[start : start + CHUNK] @ flipped.T >= likeness.mirrored)
        if centred is not None:
            same |= (looks_alike >= likeness.look_with_embedding) & (
                centred[start : start + CHUNK] @ centred.T >= likeness.embedding
            )
        rows, others = np.nonzero(same)
        pairs.extend((i, j) for i, j in zip((rows + start).tolist(), others.tolist(), strict=True) if i < j)
    return pairs


def joint_groups(
    count: int, pairs: Sequence[tuple[int, int]], keys: Sequence[Hashable | None] = ()
) -> npt.NDArray[np.int64]:
    """The group (a number) of each of `count` cases: those tied by a pair or by an equal key, however far apart.

    A key of None (patient unknown) ties nothing.
    """
    parent = list(range(count))

    def root(i: int) -> int:
        while parent[i] != i:
            parent[i] = i = parent[parent[i]]
        return i

    first: dict[Hashable, int] = {}
    tied = [(i, first.setdefault(key, i)) for i, key in enumerate(keys) if key is not None]
    for i, j in (*pairs, *tied):
        low, high = sorted((root(i), root(j)))
        parent[high] = low
    return np.array([root(i) for i in range(count)], dtype=np.int64)


def _similarities(looks: Matrix) -> Iterator[tuple[int, Matrix]]:
    """Chunks of rows, each with its cosines to all rows."""
    for start in range(0, len(looks), CHUNK):
        yield start, looks[start : start + CHUNK] @ looks.T


def _unit(rows: Matrix) -> Matrix:
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.asarray(rows / np.where(lengths > 1e-6, lengths, 1), dtype=np.float32)
