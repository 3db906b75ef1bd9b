"""What an import says of itself: how far it is, and what it did."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from core.listing import SourceFailure

Stage = Literal["loading", "importing", "indexing"]


@dataclass(frozen=True)
class IngestProgress:
    """How far an import is. `added` counts only what is committed; rate in images a second; times in seconds."""

    stage: Stage
    done: int
    total: int
    added: int = 0
    duplicates: int = 0
    failed: int = 0
    rate: float = 0.0
    seconds_left: float | None = None


@dataclass(frozen=True)
class Twin:
    """A file that was not added because the library already holds its picture: as which case, from which file."""

    path: str
    case_id: str
    twin_path: str
    label_differs: bool = False


@dataclass(frozen=True)
class IngestReport:
    """What an import did: counts, the files that failed with the reason, the twins, and remarks on single files."""

    added: int
    duplicates: int
    failed: int
    failures: tuple[SourceFailure, ...]
    twins: tuple[Twin, ...]
    notes: tuple[SourceFailure, ...]
    unlabelled: int
    stopped: bool
    seconds: float
