"""Corrects the class and finding of a case, so that every filter, search and training follows; and takes it back."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from core.catalog import now
from core.errors import QueryError
from core.label_table import LabelChange, Values
from core.listing import printable

if TYPE_CHECKING:
    from core.library import Library

LONGEST_FINDING = 200
Wait = Callable[[str], None]


def relabel(
    library: Library,
    case_id: str,
    *,
    label: str | None = None,
    finding: str | None = None,
    timeout: float = math.inf,
    on_wait: Wait = lambda said: None,
) -> LabelChange | None:
    """Give a case another class or finding: "" takes it away, None leaves it. The index follows before this returns.

    Returns what was recorded, None when the case had these already. Raises TaxonomyError for a class that the library
    does not know, QueryError for an unknown case, LibraryBusy when the writer's lock is not free in `timeout` seconds.
    """
    values: dict[str, str | None] = {}
    if label is not None:
        values["label"] = library.taxonomy.parse(label) if label.strip() else None
    if finding is not None:
        values["finding"] = _finding(finding)
    if not values:
        raise QueryError("nothing to change: give a class, a finding, or both")
    return _change(library, case_id, lambda: (values, None), timeout, on_wait)


def undo(
    library: Library, case_id: str, *, timeout: float = math.inf, on_wait: Wait = lambda said: None
) -> LabelChange | None:
    """Take back the latest change of a case's labels that was not taken back yet; what was recorded of that.

    Raises QueryError when there is none or no such case, LibraryBusy when the writer's lock is not free in time.
    """

    def before() -> tuple[Values, int]:
        last = last_change(library.catalog.labels.history(case_id))
        if last is None:
            raise QueryError(f"there is no change of the labels of case {case_id} to undo")
        return last.old, last.seq

    return _change(library, case_id, before, timeout, on_wait)


def last_change(history: Sequence[LabelChange]) -> LabelChange | None:
    """The change that an undo would take back, of a history with the latest first."""
    undone = {change.undoes for change in history}
    return next((change for change in history if change.undoes is None and change.seq not in undone), None)


def _change(
    library: Library, case_id: str, wanted: Callable[[], tuple[Values, int | None]], timeout: float, on_wait: Wait
) -> LabelChange | None:
    with library.lock.held(timeout, on_wait):
        library.catalog.case(case_id)
        values, undoes = wanted()
        change = library.catalog.labels.change(case_id, values, now(), undoes)
        library.indexer.catch_up()
    return change


def _finding(text: str) -> str | None:
    finding = " ".join(printable(text).split())
    if len(finding) > LONGEST_FINDING:
        raise QueryError(f"a finding has at most {LONGEST_FINDING} letters, got {len(finding)}; put it in fewer words")
    return finding or None
