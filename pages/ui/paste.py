"""An image from the clipboard, pasted anywhere on the page; nothing of it is seen."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from pathlib import Path

import streamlit as st

KEY = "paste_component"

_component = st.components.v2.component("ent_paste", js=Path(__file__).with_suffix(".js").read_text(encoding="utf-8"))


def show(on_paste: Callable[[str, bytes], None]) -> None:
    """Hand what is pasted to `on_paste`, name and bytes, whatever they are; once on a page."""

    def _pasted() -> None:
        sent = getattr(st.session_state.get(KEY), "image", None)
        if not (isinstance(sent, list) and len(sent) == 2 and all(isinstance(part, str) for part in sent)):
            return
        try:
            data = base64.b64decode(sent[1], validate=True)
        except binascii.Error:
            return
        on_paste(sent[0][:200], data)

    with st.container(key="paste"):
        _component(key=KEY, on_image_change=_pasted)
