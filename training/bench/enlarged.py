"""The demo library made larger, to see what an app does with it: its images again and again, their embeddings moved."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np

from core.case import NewCase
from core.library import Library
from core.vectors import PLAIN

SPREAD = 0.35
"""How far a copy's embedding lies from its original's, both of length 1 before they are summed."""


def enlarge(demo: Path, root: Path, cases: int, seed: int = 0) -> None:
    """Copy the library `demo` to `root` and fill it up to `cases`, each new one of a patient of its own."""
    shutil.copytree(demo, root)
    library = Library.open(root)
    known = library.catalog.cases(order="oldest")
    vectors = library.catalog.vectors.known(PLAIN, [case.case_id for case in known])
    draw, new = np.random.default_rng(seed), []
    for number in range(len(known), cases):
        case = known[number % len(known)]
        vector = vectors[case.case_id]
        moved = vector + draw.normal(size=vector.shape) * SPREAD / vector.size**0.5
        digest = f"{number:064x}"
        copy = replace(case, case_id=digest[-16:], pixel_sha256=digest, patient=f"copy-{number // 3}")
        new.append(NewCase(copy, (moved / np.linalg.norm(moved)).astype(np.float32), digest))
    if new:
        library.catalog.add(new)
    with library.lock.held():
        library.indexer.catch_up()
    library.close()
