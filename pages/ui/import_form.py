"""The import forms: files through the browser, or a folder, archive or manifest on this machine."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import streamlit as st

from core.errors import EntError
from core.sources import MANIFEST_SUFFIXES
from pages.ui import class_choice, frame, import_tasks, manifest_columns, tasks
from pages.ui.import_tasks import FilesRequest, PathRequest, Request
from pages.ui.jobs import Job
from pages.ui.resources import OpenLibrary
from pages.ui.text import markdown

FILES, PATH, MANIFEST, LABEL = "import_files", "import_path", "import_manifest", "import_label"
UPLOADS, REFUSED = "import_uploads_taken", "import_refused"
TYPES = ["png", "jpg", "jpeg", "webp", "bmp", "tif", "tiff", "gif", "zip"]
DRY_RUN = "Reads everything and says what an import would do. Stores nothing."

Begin = Callable[[OpenLibrary, Request], Job]


def show(library: OpenLibrary) -> None:
    """The two ways to import; each starts a job."""
    st.subheader("Import images", anchor=False)
    if library.synthetic:
        frame.quiet(
            "This is the demo: what is imported here lies among synthetic images. For your own, make a library below."
        )
    files, path = st.tabs(["Files", "Folder or archive on this machine"], key="import_way")
    with files:
        _files(library)
    with path:
        _path(library)


def _files(library: OpenLibrary) -> None:
    key = f"{FILES}_{st.session_state.setdefault(UPLOADS, 0)}"
    chosen = st.file_uploader(
        "Images, or ZIP files of images",
        type=TYPES,
        accept_multiple_files=True,
        key=key,
        help="Larger archives: give their path on this machine, in the other tab.",
    )
    class_choice.show(
        library,
        "Class of these images",
        LABEL,
        "For single images. In a ZIP file the folders name the classes, or a manifest in it does.",
    )
    with st.container(horizontal=True, gap="small"):
        st.button(
            "Import files",
            type="primary",
            icon=":material/upload:",
            disabled=not chosen,
            on_click=_start_files,
            args=(library, import_tasks.begin, key),
        )
        st.button(
            "Dry run",
            key="plan_files",
            icon=":material/rule:",
            disabled=not chosen,
            on_click=_start_files,
            args=(library, import_tasks.plan, key),
            help=DRY_RUN,
        )


def _path(library: OpenLibrary) -> None:
    st.text_input(
        "Folder, ZIP file or manifest",
        key=PATH,
        placeholder="/data/endoscopy/archive",
        help="On the machine that runs this app. Folders named like a class give the label.",
    )
    st.text_input(
        "Manifest",
        key=MANIFEST,
        placeholder="optional: a CSV or JSON file that describes the images",
        help="Columns path and label, and any of finding, patient_id, description, description_en, exam_date, split.",
    )
    manifest_columns.show(_manifest())
    if reason := st.session_state.pop(REFUSED, None):
        st.error(markdown(reason), icon=":material/error:")
    with st.container(horizontal=True, gap="small"):
        st.button(
            "Import from this machine",
            type="primary",
            icon=":material/drive_folder_upload:",
            on_click=_start,
            args=(library, import_tasks.begin),
        )
        st.button(
            "Dry run",
            key="plan_path",
            icon=":material/rule:",
            on_click=_start,
            args=(library, import_tasks.plan),
            help=DRY_RUN,
        )
    frame.quiet(
        "Labels, findings and patients come from the manifest. Image metadata (EXIF, GPS, comments) is left behind; "
        "pictures that are already here are recognised and not added twice."
    )


def _manifest() -> Path | None:
    """The manifest that was named or is the source itself, where it is there."""
    for written in (st.session_state.get(MANIFEST), st.session_state.get(PATH)):
        try:
            path = tasks.path_from(written or "")
        except EntError:
            continue
        if path.is_file() and path.suffix.lower() in MANIFEST_SUFFIXES:
            return path
    return None


def _start_files(library: OpenLibrary, begin: Begin, key: str) -> None:
    files = [(file.name, file.getvalue()) for file in st.session_state.get(key) or []]
    if files:
        job = begin(library, FilesRequest(files, class_choice.facts(LABEL)))
        st.session_state[UPLOADS] += job.kind == tasks.IMPORT


def _start(library: OpenLibrary, begin: Begin) -> None:
    try:
        path = tasks.path_from(st.session_state.get(PATH, ""))
        manifest = tasks.path_from(st.session_state[MANIFEST]) if st.session_state.get(MANIFEST) else None
    except EntError as error:
        st.session_state[REFUSED] = str(error)
        return
    begin(library, PathRequest(path, manifest, manifest_columns.chosen(_manifest())))
