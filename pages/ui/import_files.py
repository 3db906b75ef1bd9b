"""The import of files that come through the browser: images, folders of them, ZIP files, with a manifest or without."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath

import streamlit as st
from streamlit.typing import UploadedFile

from core.sources import MANIFEST_SUFFIXES, MANIFESTS
from pages.ui import class_choice, folder_drop, import_buttons, import_tasks, manifest_columns, tasks
from pages.ui.import_buttons import Begin
from pages.ui.import_tasks import FilesRequest, Request
from pages.ui.manifest_columns import Table
from pages.ui.resources import OpenLibrary
from pages.ui.text import count

FILES, LABEL, FOLDERS, MANIFEST = "import_files", "import_label", "import_folders", "import_files_manifest"
TAKEN = "import_uploads_taken"
TYPES = ["png", "jpg", "jpeg", "webp", "bmp", "tif", "tiff", "gif", "zip", *(end[1:] for end in MANIFEST_SUFFIXES)]
NO_MANIFEST = ""


@dataclass(frozen=True)
class Chosen:
    """The files that lie in the form, sorted: those to be imported, and those that may be a manifest of them."""

    files: list[UploadedFile] = field(default_factory=list)
    tables: dict[str, UploadedFile] = field(default_factory=dict)
    """By an id that no other upload has."""

    @property
    def manifest(self) -> UploadedFile | None:
        """The one that was chosen, the likeliest where nothing was."""
        key = st.session_state.get(MANIFEST)
        return self.tables.get(next(iter(self.tables), NO_MANIFEST) if key is None else key)


def show(library: OpenLibrary) -> None:
    """The uploader, what is said of its files, and the ways to begin."""
    whole = st.session_state.get(FOLDERS, False)
    uploads = st.file_uploader(
        "Images, folders or ZIP files, with their manifest if there is one",
        type=TYPES,
        accept_multiple_files="directory" if whole else True,
        key=_key(),
        help="Drop them here. Larger archives: give their path on this machine, in the other tab.",
    )
    folder_drop.show()
    st.toggle("Browse for folders, not for files", key=FOLDERS, persist_state="session")
    chosen = _sorted(uploads)
    lacking = _manifest(chosen) if chosen.tables else ""
    if chosen.manifest is None:
        class_choice.show(
            library,
            "Class of these images",
            LABEL,
            "For images without a manifest. Not labelled: folders that are named like a class give the label, also "
            "those in a ZIP file.",
            lasts=True,
        )
    import_buttons.show(
        library, "Import files", ":material/upload:", "plan_files", _start, ready=bool(chosen.files), lacking=lacking
    )


def _manifest(chosen: Chosen) -> str:
    """Which of the tables is the manifest, and what its columns are; what of that is still to be said."""
    if st.session_state.get(MANIFEST) not in (None, NO_MANIFEST, *chosen.tables):
        del st.session_state[MANIFEST]
    st.selectbox(
        "Manifest among these files",
        [*chosen.tables, NO_MANIFEST],
        format_func=lambda key: chosen.tables[key].name if key in chosen.tables else "none of them",
        key=MANIFEST,
        help="It says of every image what is known of it. Images that it does not name are left out.",
    )
    lacking = manifest_columns.show(_table(chosen.manifest))
    if not chosen.files:
        st.info(f"{count(len(chosen.tables), 'manifest')} and no image yet: add the images.", icon=":material/image:")
    return lacking


def _sorted(uploads: Sequence[UploadedFile]) -> Chosen:
    """Of the tables the likeliest manifest first: one of the usual names, then one in a folder above the others'."""
    tables = [file for file in uploads if file.name.lower().endswith(MANIFEST_SUFFIXES)]
    files = [file for file in uploads if file not in tables]

    def unlikely(file: UploadedFile) -> tuple[bool, int, str]:
        path = PurePosixPath(file.name)
        return path.name.lower() not in MANIFESTS, len(path.parts), file.name

    return Chosen(files, {file.file_id: file for file in sorted(tables, key=unlikely)})


def _table(file: UploadedFile | None) -> Table | None:
    if file is None:
        return None

    def read(most: int) -> bytes:
        return file.getvalue()[: None if most < 0 else most]

    return Table(PurePosixPath(file.name).name, file.file_id, read)


def _start(library: OpenLibrary, begin: Begin) -> None:
    chosen = _sorted(st.session_state.get(_key()) or [])
    files = [(file.name, file.getvalue()) for file in chosen.files]
    if not files:
        return
    table = chosen.manifest
    manifest = None if table is None else (table.name, table.getvalue())
    facts = class_choice.facts(LABEL)
    job = begin(library, FilesRequest(files, facts, manifest, manifest_columns.chosen(_table(table))))
    if job.kind == tasks.IMPORT:
        _empty()


def begin_planned(library: OpenLibrary, asked: Request) -> None:
    """Import what a dry run has told of, and empty the form where it is that which still lies in it."""
    job = import_tasks.begin(library, asked)
    lying = [(file.name, file.size) for file in _sorted(st.session_state.get(_key()) or []).files]
    theirs = isinstance(asked, FilesRequest) and [(name, len(data)) for name, data in asked.files] == lying
    if job.kind == tasks.IMPORT and theirs:
        _empty()


def _key() -> str:
    return f"{FILES}_{st.session_state.setdefault(TAKEN, 0)}"


def _empty() -> None:
    st.session_state[TAKEN] += 1
    st.session_state[LABEL] = class_choice.NOT_LABELLED  # so that the next ones do not get it unseen
