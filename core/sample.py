"""What an evaluation looks at: labelled cases, what of them is compared, and which are compared with which."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from core.bootstrap import Bootstrap
from core.case import Case
from core.errors import QueryError
from core.evaluation import GALLERY, LEAVE_ONE_OUT, OTHER_PATIENTS, Split
from core.filters import Filters
from core.level import value_of
from core.library import Library
from core.metrics import Keys
from core.taxonomy import Taxonomy
from core.vectors import PLAIN, Matrix

CHUNK = 4096
Rows = npt.NDArray[np.intp]


@dataclass(frozen=True)
class Sample:
    """N labelled cases, oldest first, with their embeddings `plain` (N, D); those of `split` are the queries.

    `levels[level]` names what a case shows at that level, "" where it is not known. `patients` (N,) are numbers of
    patients; a case whose patient is not known has a number of its own.
    """

    split: Split
    cases: tuple[Case, ...]
    plain: Matrix
    taxonomy: Taxonomy
    levels: Mapping[str, tuple[str, ...]]
    patients: Keys

    @property
    def query(self) -> Rows:
        """The rows that are queries."""
        return np.flatnonzero([self.split in ("all", case.split) for case in self.cases])

    @property
    def patients_known(self) -> bool:
        """Whether the patient of any query is known."""
        return any(self.cases[row].patient for row in self.query)

    def values(self, level: str) -> Sequence[str]:
        """What there is at a level, in the order of every chart."""
        known = {"class": self.taxonomy.labels, "region": self.taxonomy.regions}
        return known.get(level) or sorted(set(self.levels[level]) - {""})


@dataclass(frozen=True)
class Trial:
    """Queries and references as rows of a sample; a query is not compared with references of its own key (N,)."""

    query: Rows
    reference: Rows
    keys: Keys

    def among(self, rows: npt.NDArray[np.bool_]) -> Trial:
        """The same between those `rows` (N,) only."""
        return Trial(self.query[rows[self.query]], self.reference[rows[self.reference]], self.keys)


@dataclass(frozen=True)
class Part:
    """The levels that have the same queries and references, and resamples of those queries by patient."""

    levels: tuple[str, ...]
    trial: Trial
    bootstrap: Bootstrap


def default_split(library: Library) -> Split:
    """The split "test" where the library has labelled cases in it, else "all"."""
    return "test" if library.catalog.count(Filters(label=library.taxonomy.labels, split=("test",))) else "all"


def read_sample(library: Library, split: Split) -> Sample:
    """The labelled cases of `split`, and those of "train", which may be a gallery for it.

    Raises QueryError when there are fewer than two queries, or fewer than two have an embedding.
    """
    taxonomy, catalog = library.taxonomy, library.catalog
    filters = Filters(label=taxonomy.labels, split=() if split == "all" else (split, "train"))
    known = {case.case_id: case for case in catalog.cases(filters, order="oldest")}
    queries = sum(split in ("all", case.split) for case in known.values())
    if queries < 2:
        raise QueryError(
            f"library {library.name!r} has {queries} labelled cases in the split {split!r}, and two are the least that "
            "can be compared; choose another split, or import images with labels"
        )
    vectors: dict[str, Matrix] = {}
    for start in range(0, len(known), CHUNK):
        vectors |= catalog.vectors.known(PLAIN, list(known)[start : start + CHUNK])
    cases = tuple(case for case_id, case in known.items() if case_id in vectors)
    if sum(split in ("all", case.split) for case in cases) < 2:
        raise QueryError(
            f"of {queries} labelled cases of library {library.name!r} in the split {split!r} fewer than two have an "
            "embedding; put a backup back, or import them into a new library"
        )
    plain = np.stack([vectors[case.case_id] for case in cases])
    patients = [f"patient {case.patient}" if case.patient else f"case {case.case_id}" for case in cases]
    return Sample(split, cases, plain, taxonomy, _levels(cases, taxonomy), codes(patients))


def codes(names: Sequence[str]) -> Keys:
    """A number for each name (N,), since numbers are compared faster."""
    return np.unique(names, return_inverse=True)[1]


def trials(sample: Sample) -> dict[str, Trial]:
    """The protocols that this sample allows, by their names in `core.evaluation.PROTOCOLS`."""
    query, itself = sample.query, np.arange(len(sample.cases))
    found = {LEAVE_ONE_OUT: Trial(query, query, itself)}
    if sample.patients_known:
        found[OTHER_PATIENTS] = Trial(query, query, sample.patients)
    gallery = np.flatnonzero([case.split == "train" for case in sample.cases])
    if sample.split in ("test", "val") and len(gallery):
        found[GALLERY] = Trial(query, gallery, itself)
    return found


def parts(sample: Sample, trial: Trial) -> list[Part]:
    """Class and region of all queries; findings of the queries that have one, among references that have one."""
    whole = tuple(level for level, names in sample.levels.items() if "" not in names)
    found = [Part(whole, trial, Bootstrap(sample.patients[trial.query]))]
    for level in sample.levels:
        part = trial.among(np.array([name != "" for name in sample.levels[level]]))
        if level not in whole and len(part.query):
            found.append(Part((level,), part, Bootstrap(sample.patients[part.query])))
    return found


def shared_patients(sample: Sample, trial: Trial) -> int:
    """How many queries are compared with images of their own patient."""
    reference, of_patient = sample.patients[trial.reference], sample.patients[trial.query]
    found = np.bincount(reference, minlength=len(sample.cases))[of_patient]
    own = np.isin(trial.query, trial.reference)  # the query itself, which is left out
    if (trial.keys == sample.patients).all():
        return 0
    return int((found - own > 0).sum())


def _levels(cases: tuple[Case, ...], taxonomy: Taxonomy) -> dict[str, tuple[str, ...]]:
    """By level; findings where any is known."""
    there = ("class", "region", "finding") if any(case.finding for case in cases) else ("class", "region")
    return {level: tuple(value_of(case, level, taxonomy) or "" for case in cases) for level in there}
