"""A library's embeddings as a training set."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from core.case import Case
from core.catalog import Catalog
from core.errors import TrainingError
from core.near_duplicates import joint_groups
from core.training_set import TrainingSet, training_set
from core.vectors import MIRROR, PLAIN

LEAST = 2
"""Classes with two labelled images each that a flow needs to learn anything."""


def check_labels(catalog: Catalog) -> None:
    """Raise TrainingError when there is nothing to tell apart, however the cases (if there are any) are dealt out."""
    counts = catalog.facets("label")
    labels = {label: n for label, n in counts.items() if label}
    if counts and sum(n > 1 for n in labels.values()) < LEAST:
        have = f"{sum(labels.values())} labelled images of {len(labels)} class{'es' * (len(labels) != 1)}"
        raise TrainingError(
            f"this library has {have}; a flow learns to tell classes apart and needs {LEAST} with two images each, and "
            "some dozens of each to be any good: import labelled images, or label those here with python -m core label"
        )


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
