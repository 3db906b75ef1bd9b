"""Latencies of repeated calls."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

Argument = TypeVar("Argument")
Result = TypeVar("Result")


@dataclass(frozen=True)
class Latency:
    """Percentiles of the calls' durations, in milliseconds."""

    p50: float
    p95: float


def timed(call: Callable[[Argument], Result], arguments: Iterable[Argument]) -> tuple[list[Result], Latency]:
    """What `call` returns for each of `arguments`, and how long that took; the first call warms up, untimed."""
    results: list[Result] = []
    seconds: list[float] = []
    for number, argument in enumerate(arguments):
        if number == 0:
            call(argument)
        start = time.perf_counter()
        results.append(call(argument))
        seconds.append(time.perf_counter() - start)
    p50, p95 = np.percentile(seconds, (50, 95)) * 1000
    return results, Latency(float(p50), float(p95))
