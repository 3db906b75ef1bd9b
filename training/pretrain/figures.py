"""How good an encoder is on phantoms of patients it has never seen: images among images, captions among images."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from core.encoder_spec import Embeddings, Encoder
from core.metrics import Keys, nearest
from core.taxonomy import ENT
from training.phantoms.dataset import phantoms
from training.phantoms.findings import Facts

Values = npt.NDArray[np.object_]
Mask = npt.NDArray[np.bool_]

FRAME_HEIGHT = 224
"""Of the phantoms that are encoded, in pixels: more than the model sees, as with real frames."""


@dataclass(frozen=True)
class Figures:
    """Shares from 0 to 1 of queries whose nearest neighbour is right, by one protocol.

    `class_recall`, `finding_recall`: image to image; `side_right`: class and so side, among ears and noses;
    `caption_*`: caption to image; `image_*`: image to caption.
    """

    class_recall: float
    side_right: float
    finding_recall: float
    caption_class: float
    caption_finding: float
    image_class: float
    image_finding: float


@dataclass(frozen=True)
class PhantomFigures:
    """Figures on `images` fresh phantoms, by two protocols.

    `leave_one_out`: an image is sought among all others, a caption among all images, its own included (the usual
    protocol; images of the same patient help). `other_patients`: never among what is of the query's own patient.
    """

    images: int
    leave_one_out: Figures
    other_patients: Figures


def measure(encoder: Encoder, per_class: int = 100, seed: int = 900_001) -> PhantomFigures:
    """The figures of `encoder` on `per_class` phantoms of each class; `seed` must not be one it was trained on."""
    people = list(phantoms(seed, per_class))
    images = encoder.encode_images([one.image(FRAME_HEIGHT) for one in people])
    captions = encoder.encode_texts([one.caption() for one in people])
    patients = np.unique([one.patient for one in people], return_inverse=True)[1]
    facts = [one.facts for one in people]
    return PhantomFigures(
        images=len(people),
        leave_one_out=figures(facts, images, captions, np.arange(len(people)), None),
        other_patients=figures(facts, images, captions, patients, patients),
    )


def figures(
    facts: Sequence[Facts], images: Embeddings, captions: Embeddings, image_keys: Keys, caption_keys: Keys | None
) -> Figures:
    """The figures of N images and their captions (N, D); what has a query's key is left out for it.

    `image_keys` (N,) are used between images, `caption_keys` between an image and a caption.
    """
    labels = np.array([one.label for one in facts], dtype=object)
    findings = np.array([f"{one.region} {one.finding}" for one in facts], dtype=object)
    sided = np.array([ENT[one.label].side is not None for one in facts])
    by_image = nearest(images, images, image_keys, image_keys)
    by_caption = nearest(captions, images, caption_keys, caption_keys)
    to_caption = nearest(images, captions, caption_keys, caption_keys)
    return Figures(
        class_recall=_share(labels, by_image),
        side_right=_share(labels, by_image, sided),
        finding_recall=_share(findings, by_image),
        caption_class=_share(labels, by_caption),
        caption_finding=_share(findings, by_caption),
        image_class=_share(labels, to_caption),
        image_finding=_share(findings, to_caption),
    )


def _share(values: Values, found: npt.NDArray[np.intp], among: Mask | None = None) -> float:
    """Of the queries `among`, those whose nearest has their value; one without any nearest is wrong."""
    same = (values == values[found]) & (found >= 0)
    return round(float(np.mean(same if among is None else same[among])), 4)
