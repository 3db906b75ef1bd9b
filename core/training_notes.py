"""What about the images of a training limits what can be learnt from them, or told of it, in words."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from core.mirrors import MirrorReport
from core.splitting import SplitReport
from core.taxonomy import Taxonomy
from core.training_set import TrainingSet

FEW = 12
"""Training images of a class below which little can be learnt of it."""
NAMED = 3
"""Groups on two sides that are named by their cases."""


def training_notes(
    data: TrainingSet, taxonomy: Taxonomy, split: SplitReport, mirrors: MirrorReport | None
) -> tuple[str, ...]:
    """A sentence for each; `mirrors` is None where the recipe wants no mirror images."""
    return (*_of_classes(data, taxonomy), *_of_split(data, split), *_of_mirrors(data, mirrors))


def _of_classes(data: TrainingSet, taxonomy: Taxonomy) -> Iterator[str]:
    counts = np.bincount(data.train.labels, minlength=len(taxonomy.labels))
    single = [label for label, count in zip(taxonomy.labels, counts, strict=True) if count == 1]
    checked = np.bincount(data.val.labels, minlength=len(taxonomy.labels)) if len(data.val) else counts
    unchecked = [label for label, n, val in zip(taxonomy.labels, counts, checked, strict=True) if n and not val]
    if single:
        yield f"one training image only, which nothing of its class can be brought near to: {', '.join(single)}"
    few = [f"{label} ({n})" for label, n in zip(taxonomy.labels, counts, strict=True) if 1 < n < FEW]
    if few:
        yield f"fewer than {FEW} training images, where some dozens are needed to be any good: {', '.join(few)}"
    if unchecked:
        yield f"no validation image, so that what is learnt of it is not checked: {', '.join(unchecked)}"


def _of_split(data: TrainingSet, split: SplitReport) -> Iterator[str]:
    if not len(data.val):
        yield "no validation images: the training loss alone says what is kept, and nothing says how good it is"
    if split.strangers:
        total = sum(split.counts.values())
        yield (
            f"no patient is known of {split.strangers} of {total} cases: frames of one person may stand on two sides, "
            "and figures flatter; the column patient_id of a manifest tells them apart"
        )
    if split.torn:
        yield torn_words(split)


def torn_words(split: SplitReport) -> str:
    """Which patients or near-duplicates stand on two sides, in a sentence."""
    stand = f"{split.torn} patients or groups of near-duplicates stand"
    if split.torn == 1:
        stand = "one patient or group of near-duplicates stands"
    some = "; ".join(", ".join(cases) for cases in split.torn_cases[:NAMED])
    more = " and others" if split.torn > NAMED else ""
    return (
        f"{stand} on two sides ({some}{more}), which may flatter figures: by the splits that came with the cases, or "
        "since later images linked them (python -m training split LIB --again deals the latter out anew)"
    )


def _of_mirrors(data: TrainingSet, mirrors: MirrorReport | None) -> Iterator[str]:
    if mirrors is None:
        return
    if mirrors.failed:
        yield f"{mirrors.failed} training images could not be read to mirror them; python -m core verify names them"
    elif not len(data.mirrored):
        yield "no class of these images has a mirror image in the taxonomy, so none are trained with"
