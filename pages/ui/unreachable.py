"""The libraries of the list that cannot be reached just now, and the way to take them out of it."""

from __future__ import annotations

import streamlit as st

from pages.ui import library_list
from pages.ui.text import markdown


def show() -> None:
    """Each of them with the reason; nothing where all can be reached."""
    for number, one in enumerate(library_list.unreachable()):
        with st.container(horizontal=True, vertical_alignment="center", key=f"unreachable_{number}"):
            st.warning(
                f"The library in {markdown(one.root)} cannot be reached: {markdown(one.reason)}. "
                "It is back in the list when it can be.",
                icon=":material/cloud_off:",
            )
            if one.listed:
                st.button(
                    "Take out of the list",
                    key=f"forget_{one.root}",
                    on_click=library_list.forget_elsewhere,
                    args=(one.root,),
                )
