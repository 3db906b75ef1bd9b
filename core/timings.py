"""How long the stages of a search take."""

from __future__ import annotations

import time
from dataclasses import dataclass


@dataclass(frozen=True)
class Timings:
    """Milliseconds spent in each stage of one search."""

    decode: float
    encode: float
    flow: float
    index: float
    total: float


class Clock:
    """Milliseconds between laps."""

    def __init__(self) -> None:
        self._start = self._last = time.perf_counter()
        self._laps: dict[str, float] = {}

    def lap(self, name: str) -> None:
        here = time.perf_counter()
        self._laps[name] = round(1000 * (here - self._last), 2)
        self._last = here

    def timings(self) -> Timings:
        return Timings(**self._laps, total=round(1000 * (self._last - self._start), 2))
