"""Files of a folder that is dropped keep the names of their folders, as those of one that is browsed for do."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

_component = st.components.v2.component(
    "ent_folder_drop", js=Path(__file__).with_suffix(".js").read_text(encoding="utf-8")
)


def show() -> None:
    """Once on a page with an uploader; nothing of it is seen."""
    with st.container(key="folder_drop"):
        _component(key="folder_drop_component")
