"""What can be done with an evaluation: measure again, take the report away."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import streamlit as st

from pages.ui import flow_tasks
from pages.ui.resources import OpenLibrary

if TYPE_CHECKING:
    from core.evaluation import Evaluation
    from pages.ui.evaluation_choice import Choice


def again(library: OpenLibrary, choice: Choice, busy: bool, outdated: bool) -> None:
    """Measuring anew, with baselines where wanted; pointed out where the report is out of date."""
    with st.popover("Evaluate again", icon=":material/refresh:", disabled=busy, key="evaluation_again"):
        baselines = st.checkbox(
            "With baselines",
            key="evaluation_baselines",
            help="LDA, neighbourhood components and a linear map, fitted to the training images; thumbnails and the "
            "untrained encoder. Takes a minute or more.",
        )
        st.button(
            "Evaluate",
            key="evaluation_start",
            type="primary" if outdated else "secondary",
            on_click=flow_tasks.evaluate,
            args=(library, choice.flow, choice.split, baselines),
        )


def download(library: OpenLibrary, choice: Choice, evaluation: Evaluation) -> None:
    """The report as a page and as JSON; made when asked for."""
    name = f"evaluation-{choice.flow or 'no-flow'}-{choice.split}"
    with st.popover("Download", icon=":material/download:", key="evaluation_download"):
        st.download_button(
            "Report (HTML)",
            partial(_page, library, evaluation),
            f"{name}.html",
            "text/html",
            key="evaluation_html",
            on_click="ignore",
        )
        st.download_button(
            "Figures (JSON)",
            partial(_json, evaluation),
            f"{name}.json",
            "application/json",
            key="evaluation_json",
            on_click="ignore",
        )


def _page(library: OpenLibrary, evaluation: Evaluation) -> bytes:
    from core.report_page import pictured, report_page

    pictures = {case.case_id: library.store.thumbnail(case.sha256) for case in pictured(evaluation)}
    return report_page(evaluation, pictures).encode()


def _json(evaluation: Evaluation) -> bytes:
    import json

    from core.report import report_json

    return json.dumps(report_json(evaluation), ensure_ascii=False, indent=1).encode()
