"""What an import would do, found out by reading everything and storing nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from core.catalog import Catalog
from core.imaging import Limits
from core.ingest_report import IngestProgress
from core.listing import SourceFailure
from core.preparation import Known, Outcome, Preparer
from core.sources import Source

AHEAD = 32
"""Images decoded ahead of the count."""
TELL_EVERY = 16


@dataclass(frozen=True)
class ImportPlan:
    """What would come of importing a source now.

    `labels` counts the new images of each class ("" for none), `known` the files whose picture is in the library or
    comes twice, `facts` how many of the new ones bring a finding, a patient and so on.
    """

    new: int
    known: int
    labels: Mapping[str, int]
    facts: Mapping[str, int]
    failures: tuple[SourceFailure, ...]
    notes: tuple[str, ...]
    stopped: bool


FACTS = ("finding", "patient", "description", "exam_date", "split")


def plan_import(
    catalog: Catalog,
    source: Source,
    limits: Limits,
    workers: int,
    on_progress: Callable[[IngestProgress], None] = lambda progress: None,
    should_stop: Callable[[], bool] = lambda: False,
) -> ImportPlan:
    """Read and decode every image of `source`, and say what an import would make of it."""
    preparer, total = Preparer(catalog, None, limits), len(source.items)
    tally = _Tally(list(source.failures))
    with ThreadPoolExecutor(workers, thread_name_prefix="decode") as pool:
        for done, outcome in enumerate(preparer.ahead(pool, source, AHEAD), 1):
            tally.add(outcome)
            if done % TELL_EVERY == 0 or done == total:
                on_progress(IngestProgress("importing", done, total))
            if should_stop():
                return tally.plan(source.notes, stopped=True)
    return tally.plan(source.notes, stopped=False)


class _Tally:
    def __init__(self, failures: list[SourceFailure]) -> None:
        self._failures = failures
        self._pixels: set[str] = set()
        self._known = 0
        self._labels: Counter[str] = Counter()
        self._facts: Counter[str] = Counter()

    def add(self, outcome: Outcome) -> None:
        if isinstance(outcome, SourceFailure):
            self._failures.append(outcome)
        elif isinstance(outcome, Known) or outcome.case.pixel_sha256 in self._pixels:
            self._known += 1
        else:
            self._pixels.add(outcome.case.pixel_sha256)
            self._labels[outcome.case.label or ""] += 1
            self._facts.update(name for name in FACTS if getattr(outcome.case, name) is not None)

    def plan(self, notes: tuple[str, ...], *, stopped: bool) -> ImportPlan:
        facts = {name: self._facts[name] for name in FACTS if self._facts[name]}
        new, failures = len(self._pixels), tuple(self._failures)
        return ImportPlan(new, self._known, dict(self._labels), facts, failures, notes, stopped)
