"""The table of the flow's benchmark, printed kind by kind as it is measured."""

from __future__ import annotations

import sys
import time
from collections.abc import Collection, Sequence

from rich.console import Console
from rich.table import Table

from core.errors import TrainingError
from training.bench.flow.kinds import KINDS, Kind
from training.bench.flow.methods import METHODS
from training.bench.flow.table import LEVELS, Row, against, measure

OURS = ("default", "default + re-ranking")


def run(kinds: Sequence[str] | None, methods: Sequence[str] | None, seeds: int, per_class: int) -> None:
    """Measure and print. Raises TrainingError for a kind or a method that there is not."""
    wanted = [_known(name, KINDS, "kind of embedding") for name in kinds or KINDS]
    chosen = [_known(name, METHODS, "method") for name in methods or METHODS]
    for name in wanted:
        started = time.perf_counter()
        kind = KINDS[name](per_class)
        rows = measure(kind, seeds, chosen, _say)
        _show(kind, rows, seeds, time.perf_counter() - started)


def _show(kind: Kind, rows: list[Row], seeds: int, seconds: float) -> None:
    table = Table("method", *(f"{level} Recall@1" for level in LEVELS), "wrong side", "default - it", "p", box=None)
    names = [row.method for row in rows]
    for row in rows:
        levels = [f"{row.recall[level]:.3f} +- {row.spread[level]:.3f}" for level in LEVELS]
        test = against(rows, OURS[0], row.method) if OURS[0] in names and row.method != OURS[0] else None
        said = ("", "") if test is None else (f"{test.difference:+.3f}", f"{test.p:.3f}")
        table.add_row(row.method, *levels, str(row.wrong_sides), *said)
    queries = len(rows[0].hits) // seeds
    Console(width=130).print(
        f"\n{kind.name}: {kind.x.shape[0]} images, {kind.x.shape[1]} numbers each, {seeds} seeds, "
        f"{queries} test queries each, {seconds:.0f} s",
        table,
    )


def _say(words: str) -> None:
    if sys.stderr.isatty():
        sys.stderr.write(f"\r{words:60}\r")


def _known(name: str, known: Collection[str], what: str) -> str:
    if name not in known:
        raise TrainingError(f"there is no {what} {name!r}; there are {', '.join(known)}")
    return name
