"""A library's embeddings as a training set."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from core.case import Case
from core.catalog import Catalog
from core.errors import TrainingError
from core.near_duplicates import joint_groups
from core.training_set import TrainingSet, training_set
from core.vectors import MIRROR, PLAIN

LEAST = 2
"""Classes a flow needs, and labelled images of each, to learn anything."""


def lacking(labels: Mapping[str, int]) -> str:
    """What so many images of each label ("" for none) lack for a training, as a clause; "" where nothing is lacking."""
    known = {label: n for label, n in labels.items() if label}
    if sum(n >= LEAST for n in known.values()) >= LEAST:
        return ""
    images, classes = sum(known.values()), len(known)
    have = f"{images} labelled image{'s' * (images != 1)} of {classes} class{'es' * (classes != 1)}"
    return (
        f"a flow learns to tell classes apart: it needs at least {LEAST} of them with {LEAST} labelled images each, "
        f"and some dozens of each to be any good; this library has {have}"
    )


def check_labels(catalog: Catalog) -> None:
    """Raise TrainingError when there are cases and nothing to tell apart among them."""
    labels = catalog.facets("label")
    if labels and (lacks := lacking(labels)):
        raise TrainingError(f"{lacks}; import labelled images, or label those here with python -m core label")


def labelled_cases(catalog: Catalog) -> list[Case]:
    """The active cases with a label and a split, oldest first: what a training and its evaluation may see."""
    return [case for case in catalog.cases(order="oldest") if case.label is not None and case.split is not None]


def training_data(
    catalog: Catalog, cases: Sequence[Case], splits: Sequence[str], pairs: Iterable[tuple[str, str]] = ()
) -> TrainingSet:
    """The training set of labelled `cases` with a split each; `pairs` are the ids of near-duplicates.

    These, and images of one patient, count as one witness.
    Raises TrainingError when it teaches nothing, or a case has lost its embedding.
    """
    ids = [case.case_id for case in cases]
    x = catalog.vectors.get(PLAIN, ids)
    if lost := len(ids) - len(x):
        raise TrainingError(
            f"{lost} of {len(ids)} labelled cases have no embedding, so the catalogue is damaged; put a backup back, "
            "or make a new library of these images"
        )
    known = catalog.vectors.known(MIRROR, ids)
    mirrored = np.zeros_like(x)
    for row, case_id in enumerate(ids):
        if case_id in known:
            mirrored[row] = known[case_id]
    has_mirror = np.array([case_id in known for case_id in ids], np.bool_)
    labels = [case.label or "" for case in cases]
    findings = [case.finding for case in cases]
    row_of = {case_id: row for row, case_id in enumerate(ids)}
    tied = [(row_of[one], row_of[other]) for one, other in pairs if one in row_of and other in row_of]
    groups = joint_groups(len(cases), tied, [case.patient for case in cases]).tolist()
    return training_set(x, labels, splits, catalog.taxonomy, mirrored, has_mirror, findings, groups)
