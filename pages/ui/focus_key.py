"""The key / puts the cursor into a field, wherever in the app one is; nothing of it is seen."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

_component = st.components.v2.component(
    "ent_focus_key", js=Path(__file__).with_suffix(".js").read_text(encoding="utf-8")
)


def show(selector: str, link: str) -> None:
    """Let / go to the field that the CSS `selector` finds, from other pages through the first that `link` finds."""
    with st.container(key="focus_key"):
        _component(key="focus_key_component", data={"selector": selector, "link": link})
