"""A small form that opens from a button and asks once more; what it confirms closes it."""

from __future__ import annotations

import streamlit as st
from streamlit.delta_generator import DeltaGenerator


def show(label: str, key: str, *, icon: str, disabled: bool = False) -> DeltaGenerator:
    """The form, to be filled by `with`; `key` must name what it is about, so that it is never taken for another's."""
    return st.popover(label, icon=icon, disabled=disabled, key=key, on_change="rerun")


def close(key: str) -> None:
    """Shut it; for the callback of what it confirms. What comes next must be opened anew."""
    st.session_state[key] = False
