"""Latencies of repeated calls."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterable, Mapping
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

    def keep(argument: Argument) -> None:
        results.append(call(argument))

    latency = timed_in_turn({"": keep}, arguments)[""]
    return results[1:], latency


def timed_in_turn(
    calls: Mapping[str, Callable[[Argument], object]], arguments: Iterable[Argument], warm_up: Argument | None = None
) -> dict[str, Latency]:
    """The latency of each of `calls`, made one after another for each argument, so that noise falls on all alike.

    In an order drawn anew each time: what a call leaves in the caches is there for the next one, or has driven out what
    that needs. Each is first called with `warm_up`, or with the first argument, untimed.
    """
    seconds: dict[str, list[float]] = {name: [] for name in calls}
    order, chance = list(calls), random.Random(0)
    for number, argument in enumerate(arguments):
        if number == 0:
            for call in calls.values():
                call(argument if warm_up is None else warm_up)
        chance.shuffle(order)
        for name in order:
            start = time.perf_counter()
            calls[name](argument)
            seconds[name].append(time.perf_counter() - start)
    return {name: _latency(times) for name, times in seconds.items()}


def _latency(seconds: list[float]) -> Latency:
    p50, p95 = np.percentile(seconds, (50, 95)) * 1000
    return Latency(float(p50), float(p95))
