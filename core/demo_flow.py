"""The flow that comes with the demo: put to use in its library where it is of the library's encoder."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from core.embedding_map import FOLDER as MAPS
from core.errors import EntError
from core.run_folder import SPLIT, RunFolder
from core.split import SPLITS

if TYPE_CHECKING:
    from core.library import Library

FOLDER = "flow"
"""Name of the flow's folder in a demo's; `python -m training demo-flow` makes it."""
FLOW_ID = "demo-flow"


def put_to_use(demo: Path, library: Library) -> bool:
    """Copy the flow of the demo folder, and maps along it, into its library and search through it; whether it fits.

    One of another encoder, or that cannot be read, is left where it is: the demo can do without. Raises OSError where
    it cannot be copied.
    """
    bundled = RunFolder(demo / FOLDER)
    try:
        if bundled.settings().encoder != library.encoder.spec.fingerprint:
            return False
        root = library.flows.root / FLOW_ID
        shutil.copytree(bundled.folder, root, dirs_exist_ok=True)
        if (demo / MAPS).is_dir():
            shutil.copytree(demo / MAPS, library.root / MAPS, dirs_exist_ok=True)
        cases = library.catalog.cases(order="oldest")
        split = {name: [case.case_id for case in cases if case.split == name] for name in SPLITS}
        (root / SPLIT).write_text(json.dumps(split, indent=1), encoding="utf-8")
        library.activate(FLOW_ID)
    except EntError:
        library.flows.delete(FLOW_ID)
        return False
    return True
