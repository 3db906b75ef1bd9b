"""How good an encoder is on phantoms of patients it has never seen: images among images, captions among images."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from core.encoder_spec import Embeddings, Encoder
from core.taxonomy import ENT
from training.phantoms.dataset import phantoms

Values = npt.NDArray[np.object_]

FRAME_HEIGHT = 224
"""Of the phantoms that are encoded, in pixels: more than the model sees, as with real frames."""


@dataclass(frozen=True)
class PhantomFigures:
    """Shares from 0 to 1 over `images` fresh phantoms; the nearest image is that of another patient always.

    `class_recall`, `finding_recall`: the nearest image has the class, the finding; `side_right`: among ears and
    noses, the nearest image has the side; `caption_*`: the image nearest to a caption does; `image_*`: the caption
    nearest to an image does, captions of its own patient left out.
    """

    images: int
    class_recall: float
    side_right: float
    finding_recall: float
    caption_class: float
    caption_finding: float
    image_class: float
    image_finding: float


def measure(encoder: Encoder, per_class: int = 100, seed: int = 900_001) -> PhantomFigures:
    """The figures of `encoder` on `per_class` phantoms of each class; `seed` must not be one it was trained on."""
    people = list(phantoms(seed, per_class))
    images = encoder.encode_images([one.image(FRAME_HEIGHT) for one in people])
    captions = encoder.encode_texts([one.caption() for one in people])
    labels = np.array([one.facts.label for one in people], dtype=object)
    findings = np.array([f"{one.facts.region} {one.facts.finding}" for one in people], dtype=object)
    sides = np.array([ENT[one.facts.label].side for one in people], dtype=object)
    patients = np.array([one.patient for one in people], dtype=object)
    by_image = _nearest(images, images, patients)
    by_caption = _nearest(captions, images, patients)
    to_caption = _nearest(images, captions, patients)
    sided = np.array([side is not None for side in sides])
    return PhantomFigures(
        images=len(people),
        class_recall=_share(labels, by_image),
        side_right=_share(sides, by_image, sided),
        finding_recall=_share(findings, by_image),
        caption_class=_share(labels, by_caption),
        caption_finding=_share(findings, by_caption),
        image_class=_share(labels, to_caption),
        image_finding=_share(findings, to_caption),
    )


def _nearest(query: Embeddings, reference: Embeddings, patients: Values) -> npt.NDArray[np.intp]:
    """The row of the reference nearest to each query, of another patient."""
    similarity = query @ reference.T  # (Q, R)
    similarity[patients[:, None] == patients[None, :]] = -np.inf
    rows: npt.NDArray[np.intp] = similarity.argmax(axis=1)
    return rows


def _share(values: Values, found: npt.NDArray[np.intp], among: npt.NDArray[np.bool_] | None = None) -> float:
    same = values == values[found]
    return round(float(np.mean(same if among is None else same[among])), 4)
