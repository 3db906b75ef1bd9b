"""The form that makes a library from a backup: a file on this machine, or one from the browser."""

from __future__ import annotations

import streamlit as st

from core.errors import EntError
from pages.ui import care_tasks, frame, library_making, tasks
from pages.ui.text import markdown

FILE, PATH, NAME, TAKEN = "restore_file", "restore_path", "restore_name", "restore_taken"
REFUSED = "restore_refused"


def show() -> None:
    """The form; what was refused, or failed, is said in it."""
    st.file_uploader(
        "Backup, a ZIP file",
        type=["zip"],
        key=_file(),
        help="Larger ones: give their path on this machine, below.",
    )
    st.text_input(
        "Or its path on this machine",
        key=PATH,
        placeholder="/data/backups/clinic-2026-11-28.zip",
        persist_state="session",
    )
    st.text_input("Name", key=NAME, placeholder="Clinic archive", max_chars=80, persist_state="session")
    frame.quiet("Makes a new library of it. Nothing that is here is changed.")
    if reason := st.session_state.pop(REFUSED, None):
        st.error(markdown(reason), icon=":material/error:")
    library_making.show_failed(tasks.RESTORE)
    st.button("Put it back", key="restore", icon=":material/unarchive:", on_click=_start)


def forget() -> None:
    """Empty the form whose library is there."""
    st.session_state[PATH] = st.session_state[NAME] = ""
    st.session_state[TAKEN] = st.session_state.get(TAKEN, 0) + 1


def _start() -> None:
    dropped, written = st.session_state.get(_file()), st.session_state.get(PATH, "").strip()
    name = st.session_state.get(NAME, "").strip()
    try:
        if bool(dropped) == bool(written):
            raise EntError(
                "a file and a path are given; take one of them away" if written else "drop a backup, or give its path"
            )
        backup = dropped or tasks.path_from(written)
        if not name:
            raise EntError("give the library a name")
        job = care_tasks.restore(backup, name, tasks.folder_for(name), library_making.here())
    except EntError as error:
        st.session_state[REFUSED] = str(error)
        return
    library_making.expect(job)


def _file() -> str:
    return f"{FILE}_{st.session_state.get(TAKEN, 0)}"
