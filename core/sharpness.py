"""How sharp an image is, and whether it is more blurred than a library's images are."""

from __future__ import annotations

import io

import numpy as np
import numpy.typing as npt
from PIL import Image

from core.case import Case
from core.catalog import Catalog
from core.errors import EntError
from core.field_of_view import crop_field_of_view
from core.imaging import thumbnail
from core.store import ImageStore

SIDE = 64
"""Images are compared at this size: finer blur is hardly seen by an encoder either, and compression is not seen."""
INNER = 0.7
"""The middle part of the view that is looked at, so that the rim of an endoscope's disc does not count as sharp."""
REACH = 9
"""Pixels, at that size, that an image is blurred over to see how much it loses."""
SAMPLE = 120
LEAST = 30
"""Fewer images than this tell nothing about a library."""
BLURRED = 0.025
"""An image is called blurred where it is less sharp than all but this share of a library's."""


def sharpness(rgb: Image.Image) -> float:
    """How much of the differences between neighbouring pixels a blur takes away, 0 (nothing: it was blurred) to 1.

    The no-reference measure of Crete et al., "The blur effect" (2007), in the middle of the view, in the direction in
    which it is blurred most; unlike the variance of the Laplacian it does not take an even mucosa for a blurred one.
    """
    view = crop_field_of_view(rgb).convert("L")
    edge = (1 - INNER) / 2
    box = (edge * view.width, edge * view.height, (1 - edge) * view.width, (1 - edge) * view.height)
    grey = np.asarray(view.resize((SIDE, SIDE), Image.Resampling.BILINEAR, box, reducing_gap=3.0), np.float64)
    return min(_lost(grey), _lost(grey.T))


def _lost(grey: npt.NDArray[np.float64]) -> float:
    """The share of the differences along rows (H, W) that a blur along them takes away."""
    blurred = np.lib.stride_tricks.sliding_window_view(grey, REACH, axis=1).mean(axis=-1)
    own = np.abs(np.diff(grey[:, REACH // 2 : -(REACH // 2)], axis=1))
    left = np.abs(np.diff(blurred, axis=1))
    return float(np.maximum(0, own - left).sum() / max(own.sum(), 1e-9))


def sharpness_of_query(rgb: Image.Image) -> float:
    """The same of an image as it would be stored: by its thumbnail, as the library's are measured."""
    return _of_thumbnail(thumbnail(rgb))


def least_sharpness(catalog: Catalog, store: ImageStore) -> float | None:
    """The sharpness that all but `BLURRED` of a library's images have, by a sample; None where it has too few."""
    some = sorted(catalog.cases(), key=lambda case: case.case_id)[:SAMPLE]  # ids come from hashes: chance
    found = [value for case in some if (value := _stored(store, case)) is not None]
    return float(np.quantile(found, BLURRED)) if len(found) >= LEAST else None


def _stored(store: ImageStore, case: Case) -> float | None:
    try:
        return _of_thumbnail(store.thumbnail(case.sha256))
    except (EntError, OSError):  # verify names what is wrong with a stored image
        return None


def _of_thumbnail(webp: bytes) -> float:
    with Image.open(io.BytesIO(webp), formats=("WEBP",)) as image:
        return sharpness(image.convert("RGB"))
