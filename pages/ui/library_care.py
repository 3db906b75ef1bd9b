"""What one does to look after the library in use: check it, index it anew, back it up, take it away."""

from __future__ import annotations

from datetime import datetime

import streamlit as st

from core.errors import EntError
from core.settings import get_settings
from pages.ui import care_tasks, frame, library_list, resources, tasks
from pages.ui.resources import OpenLibrary
from pages.ui.text import count, markdown

BACKUP_TO, NAME_AGAIN, REFUSED = "backup_to", "remove_name", "care_refused"
REMOVING = "removing_library"


def show(library: OpenLibrary) -> None:
    """The buttons, and what was refused."""
    running = resources.jobs().running(library.library_id)
    busy = bool(running)
    with st.container(horizontal=True, gap="small", key="care"):
        st.button(
            "Verify",
            icon=":material/fact_check:",
            disabled=busy,
            on_click=care_tasks.verify,
            args=(library,),
            help="Compares catalogue, image files, embeddings and index with each other. Changes nothing.",
        )
        st.button(
            "Re-index",
            icon=":material/build:",
            disabled=busy,
            on_click=care_tasks.repair,
            args=(library,),
            help="Makes thumbnails and the index anew from the catalogue. Cases and their images stay; "
            "images of no case go to the folder orphans.",
        )
        with st.popover("Back up", icon=":material/archive:", disabled=busy):
            _backup(library)
        with st.popover("Remove", icon=":material/delete:", disabled=busy):
            _remove(library)
    if reason := st.session_state.pop(REFUSED, None):
        st.error(markdown(reason), icon=":material/error:")
    if busy:
        frame.quiet(f"{count(len(running), 'job')} at work on this library.")


def forget_removed() -> None:
    """Put away what is told of the work on a library that this session had deleted; once a run, from the sidebar."""
    job = resources.jobs().find(st.session_state.get(REMOVING, ""))
    if job is None or job.running:
        return
    del st.session_state[REMOVING]
    if job.result is not None:
        resources.jobs().dismiss_ended(job.library)


def _backup(library: OpenLibrary) -> None:
    frame.quiet("One file with all images and all that is known of them. Importing may go on meanwhile.")
    day = f"{datetime.now():%Y-%m-%d}"
    suggested = get_settings().libraries / "backups" / f"{library.root.name}-{day}.zip"
    st.text_input("File on this machine", value=str(suggested), key=_backup_to(library), width=420)
    st.button("Write the backup", type="primary", on_click=_start_backup, args=(library,))
    frame.quiet("Put it back with: python -m core restore FILE FOLDER")


def _backup_to(library: OpenLibrary) -> str:
    """Another key for every library: what was suggested for one must not stand there for the next."""
    return f"{BACKUP_TO}_{library.library_id}"


def _start_backup(library: OpenLibrary) -> None:
    written = st.session_state.get(_backup_to(library), "").strip()
    try:
        if not written:
            raise EntError("name the file that the backup is to be written to")
        care_tasks.back_up(library, tasks.path_from(written, new=True))
    except EntError as error:
        st.session_state[REFUSED] = str(error)


def _remove(library: OpenLibrary) -> None:
    if library_list.is_elsewhere(library.root):
        frame.quiet("Takes the library out of this list. Its folder and everything in it stay where they are.")
        st.button("Take out of the list", type="primary", on_click=_forget, args=(library,))
        return
    cases, name = count(library.count(), "case"), library.catalog.state().name
    frame.quiet(f"Deletes the library for good, with its {cases} and their images. There is no way back.")
    st.text_input(f"Type its name, {markdown(name)}, to be sure", key=NAME_AGAIN)
    st.button("Delete for good", type="primary", on_click=_delete, args=(library, name))


def _forget(library: OpenLibrary) -> None:
    library_list.forget_elsewhere(library.root)


def _delete(library: OpenLibrary, name: str) -> None:
    if st.session_state.get(NAME_AGAIN, "").strip() != name:
        st.session_state[REFUSED] = f"nothing was deleted: the name that was typed is not {name}"
        return
    job = care_tasks.remove(library, name)
    if job.kind != tasks.REMOVE:
        st.session_state[REFUSED] = f"nothing was deleted: {job.title} is under way; stop it or wait for its end"
        return
    st.session_state[REMOVING] = job.job_id
