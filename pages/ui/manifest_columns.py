"""A manifest's columns beside its first rows, and what each is to be taken for."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from core.errors import EntError
from core.manifest import COLUMNS, ManifestColumns, manifest_columns
from pages.ui import frame
from pages.ui.text import markdown

NONE = ""
TITLES = {
    "path": "Image file",
    "label": "Class",
    "finding": "Finding",
    "patient": "Patient",
    "description": "Description",
    "description_en": "Description, English",
    "exam_date": "Exam date",
    "split": "Split",
}
HEAD = 1_000_000
"""Bytes of a manifest that are read for its preview."""


def show(manifest: Path | None) -> None:
    """The preview and a choice for every meaning; nothing where there is no manifest."""
    if manifest is None:
        return
    try:
        columns = _read(manifest)
    except (EntError, OSError) as error:
        st.error(markdown(error), icon=":material/error:")
        return
    guessed = len(columns.meant)
    with st.expander(f"Columns of {markdown(manifest.name)}", expanded="path" not in columns.meant):
        frame.quiet(f"{guessed} of {len(columns.written)} columns are known by their names. Say what the others are.")
        rows = [dict(zip(columns.written, row, strict=False)) for row in columns.first_rows]
        st.dataframe(rows, hide_index=True, height="content")
        with st.container(horizontal=True, gap="small"):
            for meaning in COLUMNS:
                _choice(manifest, meaning, columns)


def chosen(manifest: Path | None) -> dict[str, str]:
    """What was chosen for that manifest: the column of each meaning, "" for none."""
    keys = {meaning: _key(manifest, meaning) for meaning in COLUMNS} if manifest else {}
    return {meaning: st.session_state[key] for meaning, key in keys.items() if key in st.session_state}


def _choice(manifest: Path, meaning: str, columns: ManifestColumns) -> None:
    options = [NONE, *dict.fromkeys(columns.written)]
    st.selectbox(
        TITLES[meaning],
        options,
        index=options.index(columns.meant.get(meaning, NONE)),
        format_func=lambda column: column or "none",
        key=_key(manifest, meaning),
        width=170,
    )


def _key(manifest: Path, meaning: str) -> str:
    return f"import_column_{meaning}_{manifest}"


def _read(manifest: Path) -> ManifestColumns:
    """Of a long CSV its head is enough; JSON is read whole, since half of it is none."""
    with manifest.open("rb") as file:
        data = file.read(-1 if manifest.suffix.lower() == ".json" else HEAD)
    return manifest_columns(data, manifest.name)
