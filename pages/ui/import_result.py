"""What an import did and what a check found, in numbers and in tables."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import streamlit as st

from core import NOTICE
from core.csv_table import csv_table
from core.failure_groups import FailureGroup, grouped
from core.file_finder import some
from pages.ui import evidence, frame
from pages.ui.text import count, markdown, number

if TYPE_CHECKING:
    from core.import_plan import ImportPlan
    from core.ingest_report import IngestReport, Twin
    from core.listing import SourceFailure
    from core.taxonomy import Taxonomy
    from core.verify import VerifyReport

MOST_SHOWN = 200
"""Rows of a table that are sent to the browser, at every run of the page; all of them are in the file."""
FEW = 8
"""Rows up to which a table is as high as they are."""
MOST_NAMED = 50
"""Files that are named in one row, of those that have the same said of them."""


@dataclass(frozen=True)
class Columns:
    """The titles of a table, and what one of its rows says under them."""

    titles: tuple[str, ...]
    cells: Callable[[Any], tuple[str, ...]]


def _failure(failure: SourceFailure) -> tuple[str, str]:
    return failure.path, failure.reason


def _twin(twin: Twin) -> tuple[str, str]:
    other = " It has another label there." if twin.label_differs else ""
    return twin.path, f"{twin.twin_path} (case {twin.case_id[:6]}).{other}"


def _group(group: FailureGroup) -> tuple[str, str, str]:
    return group.reason, number(len(group.paths)), some(group.paths, MOST_NAMED)


def _whole(text: str) -> tuple[str]:
    return (text,)


FAILURES = Columns(("File", "Why"), _failure)
TWINS = Columns(("File", "Is the same picture as"), _twin)
CHANGES = Columns(("File", "What was changed"), _failure)
FOLDED_FAILURES = Columns(("Why", "Files", "Which"), _group)
FOLDED_CHANGES = Columns(("What was changed", "Files", "Which"), _group)


def show(reports: Sequence[IngestReport], key: str) -> None:
    """Counts first; then what failed and why, what was here already and as what, and what was changed on the way.

    `key` is another one for each result on the page.
    """
    with st.container(horizontal=True, gap="medium"):
        st.metric("Added", sum(report.added for report in reports), width="content")
        st.metric("Known, or there twice", sum(report.duplicates for report in reports), width="content")
        st.metric("Failed", sum(report.failed for report in reports), width="content")
    if any(report.stopped for report in reports):
        frame.quiet("Stopped before the end. What was added stays; importing the same again goes on from there.")
    if unlabelled := sum(report.unlabelled for report in reports):
        frame.quiet(f"{count(unlabelled, 'new case')} without a label.")
    failures = [failure for report in reports for failure in report.failures]
    twins = [twin for report in reports for twin in report.twins]
    notes = [note for report in reports for note in report.notes]
    _folded("Failed", FAILURES, FOLDED_FAILURES, failures, key, expanded=True)
    _table("Already in the library", TWINS, twins, key)
    _folded("Notes", CHANGES, FOLDED_CHANGES, notes, key)


def show_plans(plans: Sequence[ImportPlan], taxonomy: Taxonomy, key: str) -> None:
    """What an import would do: counts, classes, what is known of the images, and what cannot be taken."""
    failures = [failure for plan in plans for failure in plan.failures]
    labels, facts = Counter[str](), Counter[str]()
    for plan in plans:
        labels.update(plan.labels)
        facts.update(plan.facts)
    with st.container(horizontal=True, gap="medium"):
        st.metric("Would be added", sum(plan.new for plan in plans), width="content")
        st.metric("Known, or there twice", sum(plan.known for plan in plans), width="content")
        st.metric("Cannot be taken", len(failures), width="content")
    if any(plan.stopped for plan in plans):
        frame.quiet("Stopped before the end: these are the images read so far.")
    if labels:
        evidence.show_counts(labels, taxonomy)
    if facts:
        known = ", ".join(f"{number(n)} with {name.replace('_', ' ')}" for name, n in facts.items())
        frame.quiet(f"Of the new ones: {known}.")
    _folded("Cannot be taken", FAILURES, FOLDED_FAILURES, failures, key, expanded=True)
    notes = [note for plan in plans for note in plan.notes]
    _table("Notes", Columns(("What was noticed",), _whole), notes, key, expanded=True)


def show_verified(report: VerifyReport, key: str) -> None:
    """Whether the library is sound; what is wrong, in words, when it is not."""
    if report.ok:
        cases = count(report.cases, "case")
        st.success(f"Everything fits together: {cases}, all of them indexed.", icon=":material/check_circle:")
        return
    st.warning(f"{count(len(report.problems), 'problem')} found.", icon=":material/warning:")
    _table("Problems", Columns(("What is wrong",), _whole), report.problems, key, expanded=True)


def _folded(
    title: str, columns: Columns, folded: Columns, rows: Sequence[SourceFailure], key: str, *, expanded: bool = False
) -> None:
    """A table with one row for all files that have the same said of them; as a file, every one has its own."""
    groups = sorted(grouped(rows), key=lambda group: -len(group.paths))
    if len(groups) == len(rows):
        _table(title, columns, rows, key, expanded=expanded)
    elif rows:
        with st.expander(markdown(f"{title} ({number(len(rows))})"), expanded=expanded):
            _rows(folded, groups)
            if len(groups) > MOST_SHOWN or any(len(group.paths) > MOST_NAMED for group in groups):
                _all(title, f"{number(len(rows))} files, for {number(len(groups))} reasons.", columns, rows, key)


def _table(title: str, columns: Columns, rows: Sequence[Any], key: str, *, expanded: bool = False) -> None:
    if not rows:
        return
    with st.expander(markdown(f"{title} ({number(len(rows))})"), expanded=expanded):
        _rows(columns, rows)
        if len(rows) > MOST_SHOWN:
            _all(title, f"The first {MOST_SHOWN} of {number(len(rows))}.", columns, rows, key)


def _rows(columns: Columns, rows: Sequence[Any]) -> None:
    shown = [columns.cells(row) for row in rows[:MOST_SHOWN]]
    table = {title: [cells[place] for cells in shown] for place, title in enumerate(columns.titles)}
    st.dataframe(table, hide_index=True, height="content" if len(shown) <= FEW else 320)


def _all(title: str, words: str, columns: Columns, rows: Sequence[Any], key: str) -> None:
    """All of a table that is shown in part, as a file."""
    with st.container(horizontal=True, vertical_alignment="center"):
        frame.quiet(words, "content")
        st.download_button(
            "All of them (CSV)",
            partial(_csv, columns, rows),
            f"{title.lower().replace(' ', '-')}.csv",
            "text/csv",
            key=f"{key}_{title}",
            icon=":material/download:",
            type="tertiary",
            on_click="ignore",
        )


def _csv(columns: Columns, rows: Sequence[Any]) -> bytes:
    return csv_table((*columns.titles, "Notice"), ((*columns.cells(row), NOTICE) for row in rows)).encode()
