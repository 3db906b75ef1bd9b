"""How good a flow is on the validation images, by the report that came with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.evaluation import AFTER, BEFORE, RERANKED, STEP_0
from pages.ui import frame, pick_table
from pages.ui.pick_table import Cell, Column
from pages.ui.resources import OpenLibrary

if TYPE_CHECKING:
    from core.run_folder import RunSummary

TITLES = {
    BEFORE: "Before the flow",
    STEP_0: "One application (step 0)",
    AFTER: "After the flow",
    RERANKED: "After, re-ranked",
}
"""The spaces as people read them."""


def show(library: OpenLibrary, run: RunSummary) -> None:
    """Class Recall@1 and laterality errors of each space, leave-one-out among the validation images."""
    from core.report import headline
    from core.report_store import ReportStore

    report = ReportStore(library.root).figures(run.flow_id)
    if report is None:
        if run.usable and not run.running:
            frame.quiet("It was not measured on validation images yet; Evaluate does that.")
        return
    found = headline(report)
    rows = [
        [Cell(TITLES[space]), Cell(f"{value:.2f}", bar=value), Cell(str(found["laterality_errors"][space]))]
        for space, value in found["recall@1"].items()
    ]
    columns = (
        Column("Validation images"),
        Column("Class Recall@1", hint="Share of validation images whose nearest other one is of their class"),
        Column("Laterality errors", "end", "The right region and the wrong side"),
    )
    pick_table.show(columns, rows, key="flow_figures", label=f"Figures of {run.flow_id} on validation")
