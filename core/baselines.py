"""Embeddings that a good encoder must beat on the same images: their colours, and itself before it learnt anything."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np
from PIL import Image

from core.case import Case
from core.encoder import CLIPEncoder, UntrainedEncoder
from core.field_of_view import crop_field_of_view
from core.imaging import load_image
from core.library import Library
from core.vectors import Matrix

Baseline = Callable[[Sequence[Case]], Matrix]
"""Other embeddings (N, D) of N cases, in their order."""

THUMBNAIL, UNTRAINED = "thumbnail", "untrained"
SIDE = 8
"""Pixels of a thumbnail's side."""
BATCH = 64


def baselines(library: Library, on_progress: Callable[[int, int], None] | None = None) -> Mapping[str, Baseline]:
    """By name: the colour thumbnail, and the library's own encoder with random weights where it is one of CLIP.

    They read every image from the library; `on_progress` is told how many of how many it has read.
    """
    found: dict[str, Baseline] = {THUMBNAIL: lambda cases: thumbnails(_images(library, cases, on_progress))}
    if isinstance(library.encoder, CLIPEncoder):
        untrained = UntrainedEncoder(library.encoder)
        found[UNTRAINED] = lambda cases: np.concatenate(
            [untrained.encode_images(batch) for batch in _images(library, cases, on_progress)]
        )
    return found


def thumbnails(batches: Iterator[list[Image.Image]]) -> Matrix:
    """The field of view at 8 x 8 pixels, less the mean picture of them all, (N, 192): cosines compare directions."""
    size = (SIDE, SIDE)
    small = [
        np.asarray(crop_field_of_view(rgb).resize(size, Image.Resampling.BOX), dtype=np.float32).ravel() / 255
        for batch in batches
        for rgb in batch
    ]
    pictures = np.stack(small)
    centred: Matrix = pictures - pictures.mean(axis=0)
    return centred


def _images(
    library: Library, cases: Sequence[Case], on_progress: Callable[[int, int], None] | None
) -> Iterator[list[Image.Image]]:
    for start in range(0, len(cases), BATCH):
        yield [load_image(library.image_bytes(case), library.limits).rgb for case in cases[start : start + BATCH]]
        if on_progress is not None:
            on_progress(min(start + BATCH, len(cases)), len(cases))
