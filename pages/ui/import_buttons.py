"""The two ways to begin an import: do it, or find out what it would do."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from pages.ui import frame, import_tasks
from pages.ui.import_tasks import Request
from pages.ui.jobs import Job
from pages.ui.resources import OpenLibrary

Begin = Callable[[OpenLibrary, Request], Job]


def show(
    library: OpenLibrary,
    title: str,
    icon: str,
    key: str,
    start: Callable[[OpenLibrary, Begin], None],
    *,
    ready: bool = True,
    lacking: str = "",
) -> None:
    """Both, grey while the form is not `ready` or something is `lacking`, which is said beside them.

    `key` is that of the dry run. `start` begins what it is given with what is in the form.
    """
    grey = not ready or bool(lacking)
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.button(title, type="primary", icon=icon, disabled=grey, on_click=start, args=(library, import_tasks.begin))
        st.button(
            "Dry run",
            key=key,
            icon=":material/rule:",
            disabled=grey,
            on_click=start,
            args=(library, import_tasks.plan),
            help="Reads everything and says what an import would do. Stores nothing.",
        )
        if lacking:
            frame.quiet(lacking, "content")
