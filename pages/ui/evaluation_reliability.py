"""How far the class evidence behind the re-ranking can be believed."""

from __future__ import annotations

import streamlit as st

from pages.ui import charts, frame
from pages.ui.evaluation_choice import View


def show(view: View) -> None:
    """The reliability curve with its expected calibration error; nothing without a re-ranking."""
    found = view.evaluation.calibration
    if found is None:
        return
    st.subheader("Can the class evidence be believed", anchor=False)
    frame.quiet(
        "Of the queries whose likeliest class gets a probability near p, a share p should be of that class: the dotted "
        f"line. Expected calibration error {found.ece:.2f}; larger dots stand for more queries."
    )
    charts.show(
        charts.reliability(found),
        key="evaluation_reliability",
        alt=f"Reliability curve with an expected calibration error of {found.ece:.2f}.",
    )
