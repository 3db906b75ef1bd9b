"""The import forms: files through the browser, or a folder, archive or manifest on the machine that runs the app."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from core.errors import EntError
from core.sources import MANIFEST_SUFFIXES
from pages.ui import frame, import_buttons, import_files, manifest_columns, tasks
from pages.ui.import_buttons import Begin
from pages.ui.import_tasks import PathRequest
from pages.ui.manifest_columns import Table
from pages.ui.resources import OpenLibrary
from pages.ui.text import markdown

WAY, LAST_WAY = "import_way", "import_way_last"
PATH, MANIFEST, REFUSED = "import_path", "import_manifest", "import_refused"


def show(library: OpenLibrary) -> None:
    """The two ways to import; each starts a job."""
    st.subheader("Import images", anchor=False)
    if library.synthetic:
        frame.quiet(
            "This is the demo: what is imported here lies among synthetic images. For your own, make a library below."
        )
    if WAY not in st.session_state and LAST_WAY in st.session_state:
        st.session_state[WAY] = st.session_state[LAST_WAY]  # a switch of pages drops what the tabs held
    files, path = st.tabs(["Files", "Folder or archive on this machine"], key=WAY, on_change=_keep_way)
    with files:
        import_files.show(library)
    with path:
        _path(library)


def _keep_way() -> None:
    st.session_state[LAST_WAY] = st.session_state[WAY]


def _path(library: OpenLibrary) -> None:
    st.text_input(
        "Folder, ZIP file or manifest",
        key=PATH,
        placeholder="/data/endoscopy/archive",
        help="On the machine that runs this app. Folders named like a class give the label.",
        persist_state="session",
    )
    st.text_input(
        "Manifest",
        key=MANIFEST,
        placeholder="optional: a CSV or JSON file that describes the images",
        help="Columns path and label, and any of finding, patient_id, description, description_en, exam_date, split.",
        persist_state="session",
    )
    lacking = manifest_columns.show(_table())
    if reason := st.session_state.pop(REFUSED, None):
        st.error(markdown(reason), icon=":material/error:")
    import_buttons.show(
        library, "Import from this machine", ":material/drive_folder_upload:", "plan_path", _start, lacking=lacking
    )
    frame.quiet(
        "Labels, findings and patients come from the manifest. Image metadata (EXIF, GPS, comments) is left behind; "
        "pictures that are already here are recognised and not added twice."
    )


def _table() -> Table | None:
    """The manifest that was named or is the source itself, where it is there."""
    for written in (st.session_state.get(MANIFEST), st.session_state.get(PATH)):
        try:
            path = tasks.path_from(written or "")
        except EntError:
            continue
        if path.is_file() and path.suffix.lower() in MANIFEST_SUFFIXES:
            return Table(path.name, str(path), lambda most, path=path: _head(path, most))
    return None


def _head(path: Path, most: int) -> bytes:
    with path.open("rb") as file:
        return file.read(most)


def _start(library: OpenLibrary, begin: Begin) -> None:
    try:
        path = tasks.path_from(st.session_state.get(PATH, ""))
        manifest = tasks.path_from(st.session_state[MANIFEST]) if st.session_state.get(MANIFEST) else None
    except EntError as error:
        st.session_state[REFUSED] = str(error)
        return
    begin(library, PathRequest(path, manifest, manifest_columns.chosen(_table())))
