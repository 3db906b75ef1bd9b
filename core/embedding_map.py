"""A stored map of a library's embeddings before the flow, after it and in between, and the figures beside it."""

from __future__ import annotations

import hashlib
import json
import secrets
import zipfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from functools import cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from core.errors import LibraryError
from core.separation import Separation

if TYPE_CHECKING:  # the app reads maps without torch
    from core.nearest import Rows
    from core.vectors import Matrix

FOLDER = "maps"
FORMAT = 1
KEPT = 5
"""Maps kept for one library, the newest ones: another flow has another map."""


@dataclass(frozen=True)
class EmbeddingMap:
    """Where every case lay when the map was made: positions (S, N, 2) at S times of the flow from 0 to 1, or at 0 only.

    `nearest` (S', N) is the row of the nearest labelled case of another patient before the flow and, with one, after
    it; -1 where there is none. `separation` is by name: "before class all", "after region test" and so on, of all
    cases or of the test split alone. `fitted` cases were laid out by UMAP, the others placed between their neighbours.
    """

    flow_id: str | None
    created: str
    seed: int
    fitted: int
    case_ids: tuple[str, ...]
    times: Matrix
    positions: Matrix
    nearest: Rows
    separation: Mapping[str, Separation]

    @cached_property
    def row_of(self) -> dict[str, int]:
        """The row of each case."""
        return {case_id: row for row, case_id in enumerate(self.case_ids)}

    def before_only(self) -> EmbeddingMap:
        """The part of it that does not depend on a flow."""
        figures = {name: found for name, found in self.separation.items() if name.startswith("before")}
        times, positions, nearest = self.times[:1], self.positions[:1], self.nearest[:1]
        return replace(self, flow_id=None, times=times, positions=positions, nearest=nearest, separation=figures)


def key_of(root: Path, flow_id: str | None) -> str:
    """The name of the map of the library at `root` through that flow; another when the flow's weights are others.

    Embeddings before the flow need no part in it: a library has one encoder, and a case's embedding never changes.
    """
    if flow_id is None:
        return "before"
    weights = root / "flows" / flow_id / "flow.safetensors"
    try:
        return f"{flow_id}-{_digest(weights, weights.stat().st_mtime_ns)[:12]}"
    except OSError as error:
        raise LibraryError(f"the flow {flow_id} cannot be read ({error.strerror}); activate another") from error


@lru_cache(maxsize=16)
def _digest(path: Path, changed: int) -> str:
    """Of the file as it was written at `changed`: pages ask at every click."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def path_of(root: Path, key: str) -> Path:
    return root / FOLDER / f"{key}.npz"


def stored_maps(root: Path) -> list[Path]:
    """The files of all maps of the library at `root`, the newest first."""
    return sorted((root / FOLDER).glob("*.npz"), key=lambda path: path.stat().st_mtime, reverse=True)


def save_map(root: Path, key: str, made: EmbeddingMap) -> Path:
    """Keep a map in the library at `root`, whole or not at all, and let go of the oldest ones."""
    path = path_of(root, key)
    path.parent.mkdir(exist_ok=True)
    part = path.with_name(f"{key}.{secrets.token_hex(4)}.part")
    facts = {
        "format": FORMAT,
        "flow": made.flow_id,
        "created": made.created,
        "seed": made.seed,
        "fitted": made.fitted,
        "separation": {name: asdict(found) for name, found in made.separation.items()},
    }
    try:
        with part.open("wb") as file:
            np.savez(
                file,
                facts=np.frombuffer(json.dumps(facts).encode(), np.uint8),
                case_ids=np.array(made.case_ids, dtype="U"),
                times=made.times,
                positions=made.positions,
                nearest=made.nearest,
            )
        part.replace(path)
    except BaseException:  # stopped, most likely: a part is nobody's
        part.unlink(missing_ok=True)
        raise
    for old in stored_maps(root)[KEPT:]:
        old.unlink(missing_ok=True)
    return path


def load_map(path: Path) -> EmbeddingMap:
    """The map in a file. Raises LibraryError when there is none, or none that this program reads."""
    try:
        with path.open("rb") as raw, np.load(raw, allow_pickle=False) as file:
            facts = json.loads(file["facts"].tobytes())
            if facts["format"] != FORMAT:
                raise LibraryError(f"the map {path.name} is of another version of this program; make it anew")
            return EmbeddingMap(
                facts["flow"],
                facts["created"],
                facts["seed"],
                facts["fitted"],
                tuple(map(str, file["case_ids"])),
                file["times"],
                file["positions"],
                file["nearest"],
                {name: Separation(**found) for name, found in facts["separation"].items()},
            )
    except (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile) as error:
        raise LibraryError(f"the map {path.name} cannot be read ({error}); make it anew") from error
