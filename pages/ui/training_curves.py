"""The curves of a training: loss, and how often the nearest training image of a validation image is right."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import streamlit as st

from pages.ui import charts, frame
from pages.ui.resources import OpenLibrary

if TYPE_CHECKING:
    from core.trainer import Epoch


def read(library: OpenLibrary, flow_id: str) -> Sequence[Epoch]:
    """What every epoch of a training came to."""
    from core.run_folder import RunFolder

    return RunFolder(library.root / "flows" / flow_id).curve()[0]


def show(curve: Sequence[Epoch], key: str) -> None:
    """Loss on the left, validation Recall@1 on the right; the kept epoch is marked."""
    if not curve:
        frame.quiet("The curves begin when the first epoch has ended.")
        return
    best = next((epoch.number for epoch in reversed(curve) if epoch.best), None)
    losses = {"training": [epoch.train_loss for epoch in curve], "validation": [epoch.val_loss for epoch in curve]}
    left, right = st.columns(2)
    with left:
        known = {name: values for name, values in losses.items() if any(value is not None for value in values)}
        charts.show(charts.lines(known, "Loss", mark=best), key=f"{key}_loss", alt=_said("loss", curve[-1].train_loss))
    with right:
        recall = [epoch.val_recall for epoch in curve if epoch.val_recall is not None]
        if not recall:
            frame.quiet("There are no validation images, so nobody knows how good it is on images it has not seen.")
            return
        ends = (max(0.0, min(recall) - 0.05), 1.005)
        figure = charts.lines({"Recall@1": recall}, "Validation Recall@1", mark=best, between=ends)
        charts.show(figure, key=f"{key}_recall", alt=_said("validation Recall@1", recall[-1]))


def _said(what: str, last: float) -> str:
    return f"Curve of the {what} by epoch; it is {last:.2f} in the last one."
