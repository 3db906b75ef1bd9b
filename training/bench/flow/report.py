"""The tables of the flow's benchmark, printed kind by kind as they are measured."""

from __future__ import annotations

import sys
from collections.abc import Collection, Mapping, Sequence

import numpy as np
from rich.console import Console
from rich.table import Table

from core.errors import TrainingError
from training.bench.flow.kinds import KINDS, Kind
from training.bench.flow.methods import ABLATIONS, METHODS
from training.bench.flow.probe import side_probe
from training.bench.flow.table import ALL, LEVELS, Row, against, measure

OURS, RAW, RERANKED = "default", "raw", "default + re-ranking"
ABLATED = ("raw", "default", *ABLATIONS)


def run(
    kinds: Sequence[str] | None,
    methods: Sequence[str] | None,
    seeds: int,
    per_class: int,
    kept: bool,
    recorded: Collection[str],
) -> None:
    """Measure and print the comparison; `kept`: of what has been measured already. What comes of the methods `recorded`
    is put among the sources.

    Raises TrainingError for a kind or a method that there is not.
    """
    chosen = methods or list(METHODS)
    recorded = [_known(name, chosen, "method among those to measure") for name in recorded]
    _run(kinds or list(KINDS), chosen, range(seeds), per_class, kept, recorded)


def ablate(kinds: Sequence[str] | None, methods: Sequence[str] | None, seeds: int, per_class: int, kept: bool) -> None:
    """The same for `default` with one thing changed at a time."""
    _run(kinds or ["ent-mini", "blind", "thumbnail"], methods or list(ABLATED), range(seeds), per_class, kept)


def reach(kind: str, seed: int, per_class: int) -> list[str]:
    """When `default` is as good on validation as the reference run ever gets, in words; both are trained to the end.

    Raises TrainingError for a kind that there is not.
    """
    found = KINDS[_known(kind, KINDS, "kind of embedding")](per_class, _say)
    return [f"{found.name}, {words}" for words in reached(measure(found, [seed], ["reference", OURS], say=_say))]


def _run(
    kinds: Sequence[str],
    methods: Sequence[str],
    seeds: Sequence[int],
    per_class: int,
    kept: bool,
    recorded: Collection[str] = (),
) -> None:
    wanted = [_known(name, KINDS, "kind of embedding") for name in kinds]
    chosen = [_known(name, ALL, "method") for name in methods]
    for name in wanted:
        kind = KINDS[name](per_class, _say)
        rows = measure(kind, seeds, chosen, kept, _say, recorded)
        _say("")
        if rows:
            Console(width=140).print(f"\n{_head(kind, rows)}", _table(rows))
            for words in (_sides(kind, rows), *reached(rows)):
                print(words)


def _head(kind: Kind, rows: Mapping[str, Row]) -> str:
    some = next(iter(rows.values()))
    queries = [len(trial.groups) for trial in some.values()]
    return f"{kind.name}: {kind.x.shape[0]} images, {kind.x.shape[1]} numbers each; about {max(queries)} queries a seed"


def _table(rows: Mapping[str, Row]) -> Table:
    """Means and standard deviations over seeds, and p of `default` against each, by class and by finding."""
    table = Table("method", "seeds", *LEVELS, "wrong side", "default - it", "p", "finding", "p", "CPU s", box=None)
    for name, row in rows.items():
        levels = [_spread([trial.recall(level) for trial in row.values()]) for level in LEVELS]
        wrong = sum(trial.wrong_sides for trial in row.values())
        seconds = np.mean([trial.seconds for trial in row.values()])
        tests = [_tested(rows, name, level) for level in ("class", "finding")]
        table.add_row(name, _seeds(row), *levels, str(wrong), *tests[0], *tests[1], f"{seconds:.0f}")
    return table


def _seeds(row: Row) -> str:
    return ",".join(map(str, sorted(row)))


def _spread(values: Sequence[float]) -> str:
    return "" if np.isnan(values).all() else f"{np.mean(values):.3f} +- {np.std(values):.3f}"


def _tested(rows: Mapping[str, Row], name: str, level: str) -> tuple[str, str]:
    test = against(rows[OURS], rows[name], level) if OURS in rows and name != OURS else None
    return ("", "") if test is None else (f"{test.difference:+.3f}", f"{test.p:.3f}")


def _sides(kind: Kind, rows: Mapping[str, Row]) -> str:
    """What a linear probe says of the side, and how many of raw's wrong sides `default` mends."""
    measured = {RAW, OURS} <= rows.keys()
    seeds = sorted(rows[RAW].keys() & rows[OURS].keys()) if measured else []
    if kind.mirrored is None or not seeds:
        return "no sides here, or raw and default were not both measured"
    raw, ours = (sum(rows[name][seed].wrong_sides for seed in seeds) for name in (RAW, OURS))
    probe, guess = side_probe(kind, seeds)
    mended = f"; default mends {1 - ours / raw:.0%} of raw's {raw} wrong sides" if raw else ""
    return f"side by a linear probe on raw embeddings: {probe:.3f} right (guessing: {guess:.3f}){mended}"


def reached(rows: Mapping[str, Row]) -> list[str]:
    """For every seed, when `default` was as good on validation as the reference run ever was, and when that was."""
    said = []
    for seed, theirs in rows.get("reference", {}).items():
        ours, best = rows.get(OURS, {}).get(seed), theirs.best_recall
        if ours is None or (reference := theirs.reached(best)) is None:
            continue
        there = ours.reached(best)
        when = (
            "never" if there is None else f"after {there[0]} epochs, {there[1]:.1f} s ({there[1] / reference[1]:.3f})"
        )
        said.append(
            f"seed {seed}: the reference run's best validation Recall@1, {best:.3f}, came after {reference[0]} of its "
            f"{len(theirs.curve)} epochs, {reference[1]:.1f} s; default was there {when}"
        )
    return said


def _say(words: str) -> None:
    if sys.stderr.isatty():
        sys.stderr.write(f"\r{words:60}\r")


def _known(name: str, known: Collection[str], what: str) -> str:
    if name not in known:
        raise TrainingError(f"there is no {what} {name!r}; there are {', '.join(known)}")
    return name
