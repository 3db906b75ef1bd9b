"""The forms that make a library, open one that is already there, or put one back from its backup."""

from __future__ import annotations

import streamlit as st

from core.encoder import KNOWN
from core.errors import EntError
from pages.ui import frame, libraries, library_list, library_making, library_restore, resources, tasks
from pages.ui.jobs import Job
from pages.ui.text import markdown

NAME, ENCODER, OTHER, WEIGHTS, FOLDER = "new_name", "new_encoder", "new_other", "new_weights", "open_folder"
REFUSED = "library_refused"
ANOTHER = "another"
COSTS = {
    "ent-mini": (
        "ent-mini, bundled",
        "Nothing to download, small and quick. Trained on synthetic images only: made for trying things out; "
        "see how it does on your own images before you build on it.",
    ),
    "clip-vit-b-32": (
        "CLIP ViT-B/32, the encoder of the method",
        "Its weights are downloaded once, about 340 MB; without internet, give a weights file below. "
        "About 50 ms an image on two processor cores; 2 KB a case for its 512 numbers.",
    ),
    ANOTHER: (
        "Another model of open_clip",
        "Whatever open_clip loads: model/tag, hf-hub:organisation/repository, or local-dir:FOLDER with its config "
        "and weights. Larger models cost more time for every image, and more disk for every case.",
    ),
}


def first_steps() -> None:
    """Making one beside the ways to one that is there already, for a first start."""
    frame.quiet("A library is one folder with your images, what is known of them, and an index to search it.")
    make, open_ = st.columns(2, gap="large")
    with make, st.container(border=True):
        st.subheader("Make a library", anchor=False)
        _make()
    with open_, st.container(border=True):
        st.subheader("Open a library", anchor=False)
        _open()
    with open_, st.container(border=True):
        st.subheader("Put a backup back", anchor=False)
        library_restore.show()


def more(*, expanded: bool) -> None:
    """The same, folded away, for those who have a library; making one is `expanded` for those who have the demo."""
    st.space("small")
    with st.expander("Make another library", icon=":material/add_box:", expanded=expanded):
        _make()
    with st.expander("Open a library from another folder", icon=":material/folder_open:"):
        _open()
    with st.expander("Put a backup back", icon=":material/unarchive:"):
        library_restore.show()


def forget_made(job: Job) -> None:
    """Empty the form whose library is made: the next one has another name."""
    if job.kind == tasks.RESTORE:
        library_restore.forget()
        return
    for key in (NAME, OTHER, WEIGHTS):
        st.session_state[key] = ""


def _make() -> None:
    st.text_input("Name", key=NAME, placeholder="Clinic archive", max_chars=80, persist_state="session")
    encoder = st.radio(
        "Encoder",
        [*KNOWN, ANOTHER],
        format_func=lambda name: COSTS.get(name, (name, ""))[0],
        key=ENCODER,
        captions=[COSTS.get(name, ("", ""))[1] for name in (*KNOWN, ANOTHER)],
        persist_state="session",
    )
    if encoder == ANOTHER:
        st.text_input("Model", key=OTHER, placeholder="ViT-B-16/laion2b_s34b_b88k", persist_state="session")
    st.text_input(
        "Weights file or folder",
        key=WEIGHTS,
        placeholder="optional: instead of downloading",
        help="On the machine that runs this app: .safetensors, .pt or .bin.",
        persist_state="session",
    )
    frame.quiet("A library stays with its encoder: embeddings of different encoders cannot be compared.")
    _show_refused("make")
    library_making.show_failed(tasks.CREATE)
    st.button("Make library", type="primary", icon=":material/add:", on_click=_start_make)


def _open() -> None:
    st.text_input("Folder of the library", key=FOLDER, placeholder="/data/libraries/clinic", persist_state="session")
    _show_refused("open")
    st.button("Open library", icon=":material/folder_open:", on_click=_start_open)


def _start_make() -> None:
    chosen, given = st.session_state.get(ENCODER), st.session_state.get(WEIGHTS, "")
    name = st.session_state.get(NAME, "").strip()
    encoder = st.session_state.get(OTHER, "").strip() if chosen == ANOTHER else chosen
    try:
        if not name:
            raise EntError("give the library a name")
        if not encoder:
            raise EntError("name the model, such as ViT-B-16/laion2b_s34b_b88k")
        weights = tasks.path_from(given) if given.strip() else None
        job = tasks.create(name, tasks.folder_for(name), encoder, weights, library_making.here())
    except EntError as error:
        st.session_state[REFUSED] = ("make", str(error))
        return
    library_making.expect(job)


def _start_open() -> None:
    try:
        folder = tasks.path_from(st.session_state.get(FOLDER, ""))
        resources.open_library(folder)
        library_list.remember_elsewhere(folder)
    except EntError as error:
        st.session_state[REFUSED] = ("open", str(error))
        return
    st.session_state[FOLDER] = ""
    libraries.switch_to(folder)


def _show_refused(form: str) -> None:
    if st.session_state.get(REFUSED, ("", ""))[0] == form:
        st.error(markdown(st.session_state.pop(REFUSED)[1]), icon=":material/error:")
