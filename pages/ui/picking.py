"""What a person picked on a page, held in the session and followed by the URL."""

from __future__ import annotations

import streamlit as st


def pick(name: str, value: str | None) -> None:
    """Hold what was picked on a page under `name`, in the session and in the URL."""
    st.session_state[name] = st.session_state[f"{name}_seen_in_url"] = value
    if value is None:
        st.query_params.pop(name, None)
    else:
        st.query_params[name] = value


def picked(name: str) -> str | None:
    """What was picked under `name`; a URL that was pasted, reloaded or gone back to decides before the session does."""
    in_url, seen = st.query_params.get(name), f"{name}_seen_in_url"
    if in_url != st.session_state.get(seen) and in_url is not None:
        st.session_state[name] = st.session_state[seen] = in_url
    elif in_url is None and st.session_state.get(name) is not None:
        st.query_params[name] = st.session_state[name]  # back on this page, whose URL has begun anew
    return st.session_state.get(name)
