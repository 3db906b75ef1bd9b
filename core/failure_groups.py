"""Failures and remarks of an import that say the same of many files, told once."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from core.listing import SourceFailure

_ROW = re.compile(r"^row \d+ of (?P<manifest>.*?: )")
"""What a failure begins with that comes from a manifest; without the number of its row it may be that of others."""


@dataclass(frozen=True)
class FailureGroup:
    """A reason, and the files (or rows, by their paths) that it holds of, in the order in which they came."""

    reason: str
    paths: tuple[str, ...]


def grouped(failures: Iterable[SourceFailure]) -> tuple[FailureGroup, ...]:
    """The failures by their reasons, in the order in which those came first; one that stands alone is left as it is."""
    groups: dict[str, list[SourceFailure]] = {}
    for failure in failures:
        groups.setdefault(_ROW.sub(r"\g<manifest>", failure.reason, count=1), []).append(failure)
    return tuple(
        FailureGroup(same[0].reason if len(same) == 1 else reason, tuple(failure.path for failure in same))
        for reason, same in groups.items()
    )
