"""One image large: zoom, move about, turn, mirror and brighten the view of it, and download the original."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from core.case import Case
from pages.ui import media

HERE = Path(__file__)

_component = st.components.v2.component(
    "ent_image_viewer",
    html=HERE.with_suffix(".html").read_text(encoding="utf-8"),
    css=HERE.with_suffix(".css").read_text(encoding="utf-8"),
    js=HERE.with_suffix(".js").read_text(encoding="utf-8"),
)


def show(case: Case, library_id: str, alt: str, *, key: str) -> None:
    """Show the stored image of a case; a change of case brings the view back to how it is stored."""
    data = {
        "url": media.image_url(library_id, case.case_id),
        "alt": alt,
        "width": case.width,
        "height": case.height,
        "name": f"{case.case_id}.{case.extension}",
    }
    _component(key=key, data=data)
