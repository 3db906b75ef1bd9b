"""What one does to look after the library in use: check it, index it anew, back it up, take it away."""

from __future__ import annotations

from datetime import datetime

import streamlit as st

from core.errors import EntError
from core.settings import get_settings
from pages.ui import care_tasks, confirmation, frame, library_list, resources, taken_away, tasks
from pages.ui.resources import OpenLibrary
from pages.ui.text import count, markdown

BACKUP_TO, NAME_AGAIN, REFUSED = "backup_to", "remove_name", "care_refused"
BACK_UP, REMOVE = "back_up", "remove"


def show(library: OpenLibrary) -> None:
    """The buttons; what is refused is said in the form that asked for it."""
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
        with confirmation.show("Back up", _key(BACK_UP, library), icon=":material/archive:", disabled=busy):
            _backup(library)
        with confirmation.show("Remove", _key(REMOVE, library), icon=":material/delete:", disabled=busy):
            _remove(library)
    if busy:
        frame.quiet(f"{count(len(running), 'job')} at work on this library.")


def _backup(library: OpenLibrary) -> None:
    frame.quiet("One file with all images and all that is known of them. Importing may go on meanwhile.")
    day = f"{datetime.now():%Y-%m-%d}"
    suggested = get_settings().libraries / "backups" / f"{library.root.name}-{day}.zip"
    st.text_input("File on this machine", value=str(suggested), key=_key(BACKUP_TO, library), width=420)
    _show_refused(BACK_UP)
    st.button("Write the backup", type="primary", on_click=_start_backup, args=(library,))


def _key(name: str, library: OpenLibrary) -> str:
    """Another key for every library: what stands open or was typed for one must not be there for the next."""
    return f"{name}_{library.library_id}"


def _start_backup(library: OpenLibrary) -> None:
    written = st.session_state.get(_key(BACKUP_TO, library), "").strip()
    try:
        if not written:
            raise EntError("name the file that the backup is to be written to")
        care_tasks.back_up(library, tasks.path_from(written, new=True))
    except EntError as error:
        _refuse(BACK_UP, str(error))
        return
    confirmation.close(_key(BACK_UP, library))


def _remove(library: OpenLibrary) -> None:
    name = library.catalog.state().name
    if library_list.is_elsewhere(library.root):
        frame.quiet("Takes the library out of this list. Its folder and everything in it stay where they are.")
        sure = _key("forget_sure", library)
        st.button("Take out of the list", key=sure, type="primary", on_click=_forget, args=(library, name))
        return
    frame.quiet(
        f"Deletes the library for good, with its {count(library.count(), 'case')} and their images. "
        "There is no way back."
    )
    st.text_input(f"Type its name, {markdown(name)}, to be sure", key=_key(NAME_AGAIN, library))
    _show_refused(REMOVE)
    sure = _key("remove_sure", library)
    st.button("Delete for good", key=sure, type="primary", on_click=_delete, args=(library, name))


def _forget(library: OpenLibrary, name: str) -> None:
    confirmation.close(_key(REMOVE, library))
    library_list.forget_elsewhere(library.root)
    taken_away.unlisted(library.library_id, name)


def _delete(library: OpenLibrary, name: str) -> None:
    typed = st.session_state.get(_key(NAME_AGAIN, library), "").strip()
    if typed != name:
        said = f"“{typed}” is not its name" if typed else "its name was not typed"
        _refuse(REMOVE, f"Nothing was deleted: {said}. Type {name}, letter by letter.")
        return
    job = care_tasks.remove(library, name)
    if job.kind != tasks.REMOVE:
        _refuse(REMOVE, f"Nothing was deleted: {job.title} is under way; stop it or wait for its end.")
        return
    taken_away.expect(job, name)
    confirmation.close(_key(REMOVE, library))


def _refuse(form: str, reason: str) -> None:
    st.session_state[REFUSED] = form, reason


def _show_refused(form: str) -> None:
    """In the form itself, which stays open: below it nobody would see it."""
    if st.session_state.get(REFUSED, ("", ""))[0] == form:
        st.error(markdown(st.session_state.pop(REFUSED)[1]), icon=":material/error:")
