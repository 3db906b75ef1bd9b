"""How good a flow is on the validation images, by the report that came with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.evaluation import AFTER, BEFORE, GALLERY, LEAVE_ONE_OUT, RERANKED, STEP_0
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
HINTS = {
    GALLERY: "Share of validation images whose nearest training image is of their class",
    LEAVE_ONE_OUT: "Share of validation images whose nearest other one is of their class",
}


def show(library: OpenLibrary, run: RunSummary) -> None:
    """Class Recall@1 and laterality errors of each space, of the validation images among the training images."""
    from core.report_store import ReportStore

    found = ReportStore(library.root).figures(run.flow_id)
    if found is None:
        if run.usable and not run.running:
            frame.quiet(
                "It was not measured on validation images yet; Evaluate does that."
                if run.settings is None or run.settings.images.get("val", 0)
                else "There are no validation images to measure it on, so nothing says how good it is."
            )
        return
    rows = [
        [Cell(TITLES[space]), Cell(f"{value:.2f}", bar=value), Cell(str(found["laterality_errors"][space]))]
        for space, value in found["recall@1"].items()
    ]
    columns = (
        Column("Validation images"),
        Column("Class Recall@1", hint=HINTS[found["protocol"]]),
        Column("Laterality errors", "end", "The right region and the wrong side"),
    )
    pick_table.show(columns, rows, key="flow_figures", label=f"Figures of {run.flow_id} on validation")
