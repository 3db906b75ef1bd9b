"""What an import did and what a check found, in numbers and in tables."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import streamlit as st

from pages.ui import evidence, frame
from pages.ui.text import count, markdown, number

if TYPE_CHECKING:
    from core.import_plan import ImportPlan
    from core.ingest_report import IngestReport
    from core.taxonomy import Taxonomy
    from core.verify import VerifyReport


def show(reports: Sequence[IngestReport]) -> None:
    """Counts first; then what failed and why, what was here already and as what, and what was changed on the way."""
    with st.container(horizontal=True, gap="medium"):
        st.metric("Added", sum(report.added for report in reports), width="content")
        st.metric("Already in the library", sum(report.duplicates for report in reports), width="content")
        st.metric("Failed", sum(report.failed for report in reports), width="content")
    if any(report.stopped for report in reports):
        frame.quiet("Stopped before the end. What was added stays; importing the same again goes on from there.")
    if unlabelled := sum(report.unlabelled for report in reports):
        frame.quiet(f"{count(unlabelled, 'new case')} without a label.")
    _table("Failed", "File", "Why", [(f.path, f.reason) for r in reports for f in r.failures], expanded=True)
    _table("Already in the library", "File", "Is the same picture as", [_twin(t) for r in reports for t in r.twins])
    _table("Notes", "File", "What was changed", [(n.path, n.reason) for r in reports for n in r.notes])


def show_plan(plan: ImportPlan, taxonomy: Taxonomy) -> None:
    """What an import would do: counts, classes, what is known of the images, and what cannot be taken."""
    with st.container(horizontal=True, gap="medium"):
        st.metric("Would be added", plan.new, width="content")
        st.metric("Known, or there twice", plan.known, width="content")
        st.metric("Cannot be taken", len(plan.failures), width="content")
    if plan.stopped:
        frame.quiet("Stopped before the end: these are the images read so far.")
    if plan.labels:
        evidence.show_counts(plan.labels, taxonomy)
    if plan.facts:
        known = ", ".join(f"{number(n)} with {name.replace('_', ' ')}" for name, n in plan.facts.items())
        frame.quiet(f"Of the new ones: {known}.")
    _table("Cannot be taken", "File", "Why", [(f.path, f.reason) for f in plan.failures], expanded=True)
    _table("Notes", "", "What was noticed", [("", note) for note in plan.notes], expanded=True)


def show_verified(report: VerifyReport) -> None:
    """Whether the library is sound; what is wrong, in words, when it is not."""
    if report.ok:
        cases = count(report.cases, "case")
        st.success(f"Everything fits together: {cases}, all of them indexed.", icon=":material/check_circle:")
        return
    st.warning(f"{count(len(report.problems), 'problem')} found.", icon=":material/warning:")
    _table("Problems", "", "What is wrong", [("", problem) for problem in report.problems], expanded=True)


def _twin(twin: object) -> tuple[str, str]:
    other = " It has another label there." if twin.label_differs else ""
    return twin.path, f"{twin.twin_path} (case {twin.case_id[:6]}).{other}"


def _table(title: str, first: str, second: str, rows: list[tuple[str, str]], *, expanded: bool = False) -> None:
    if not rows:
        return
    with st.expander(markdown(f"{title} ({len(rows)})"), expanded=expanded):
        columns = (
            {first: [a for a, _ in rows], second: [b for _, b in rows]} if first else {second: [b for _, b in rows]}
        )
        st.dataframe(columns, hide_index=True, height=min(38 + 35 * len(rows), 320))
