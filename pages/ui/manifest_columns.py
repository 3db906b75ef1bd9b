"""A manifest's columns beside its first rows, and what each is to be taken for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

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


@dataclass(frozen=True)
class Table:
    """A manifest to be looked at: its name, a key that no other has, and a way to its bytes, the first few or all."""

    name: str
    key: str
    read: Callable[[int], bytes]


def show(table: Table | None) -> str:
    """The preview and a choice for every meaning; nothing where there is no manifest.

    What is still to be said before it can be read, as a sentence to stand beside the buttons; "" where nothing is.
    """
    if table is None:
        return ""
    try:
        columns = _read(table)
    except (EntError, OSError) as error:
        st.error(markdown(error), icon=":material/error:")
        return "This manifest cannot be read; see above why."
    guessed = len(columns.meant)
    with st.expander(f"Columns of {markdown(table.name)}", expanded="path" not in columns.meant):
        first = "" if "path" in columns.meant else " First of all, which of them names the image files?"
        frame.quiet(
            f"{guessed} of {len(columns.written)} columns are known by their names. Say what the others are.{first}"
        )
        rows = [dict(zip(columns.written, row, strict=False)) for row in columns.first_rows]
        st.dataframe(rows, hide_index=True, height="content")
        with st.container(horizontal=True, gap="small"):
            for meaning in COLUMNS:
                _choice(table, meaning, columns)
    return "" if chosen(table).get("path") else "First choose, above, the column with the image files."


def chosen(table: Table | None) -> dict[str, str]:
    """What was chosen for that manifest: the column of each meaning, "" for none."""
    keys = {meaning: _key(table, meaning) for meaning in COLUMNS} if table else {}
    return {meaning: st.session_state[key] for meaning, key in keys.items() if key in st.session_state}


def _choice(table: Table, meaning: str, columns: ManifestColumns) -> None:
    options = [NONE, *dict.fromkeys(columns.written)]
    st.selectbox(
        TITLES[meaning],
        options,
        index=options.index(columns.meant.get(meaning, NONE)),
        format_func=lambda column: column or "none",
        key=_key(table, meaning),
        persist_state="session",
        width=170,
    )


def _key(table: Table, meaning: str) -> str:
    return f"import_column_{meaning}_{table.key}"


def _read(table: Table) -> ManifestColumns:
    """Of a long table its first lines are enough; JSON is read whole, since half of it is none."""
    head = table.read(-1 if table.name.lower().endswith(".json") else HEAD)
    if len(head) == HEAD:  # a line, and perhaps a letter, is cut off
        head = head[: head.rfind(b"\n") + 1] or head
    return manifest_columns(head, table.name)
