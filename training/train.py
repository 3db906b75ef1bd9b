"""Trains a flow on a library, with a bar, until it is done or somebody has seen enough."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from core.console import Progress, open_library, say, say_aside
from core.errors import TrainingError
from core.library import Library
from core.recipe import recipe_named
from core.split import SPLITS, SplitConfig
from core.splitting import split_library
from core.trainer import Epoch, TrainResult
from core.training_run import TrainingRun, TrainingRuns


def train(lib: Path, recipe: str, epochs: int | None, resume: str | None, seed: int | None) -> None:
    """Begin a training, or go on with one; Ctrl-C ends it after the epoch in hand and keeps the best so far."""
    if resume is not None and (seed is not None or recipe != "default"):
        raise TrainingError("a training that is resumed keeps its recipe and its seed; leave --recipe and --seed out")
    library = open_library(lib)
    with _interruptible() as asked:
        run = _begin(library, recipe, epochs, seed) if resume is None else TrainingRuns(library).resume(resume, epochs)
        sizes = ", ".join(f"{n} {name}" for name, n in run.folder.settings().images.items())
        say_aside(f"training {run.run_id}: {sizes} images")
        with Progress(f"training {run.run_id}", unit="epochs") as progress:
            for epoch in run:
                progress.epoch(epoch, run.trainer.recipe.epochs)
                if asked:
                    break
            result = run.finish(progress.note)
    _tell(lib, run, result)
    library.close()


def split(lib: Path, seed: int, again: bool) -> None:
    """Split a library and say what came of it."""
    library = open_library(lib)
    with library.lock.held(on_wait=say_aside), Progress("comparing images", unit="images") as progress:
        config = SplitConfig(seed=seed)
        report = split_library(library.catalog, library.store, config, again=again, on_progress=progress)
        library.indexer.catch_up()
    counts = ", ".join(f"{report.counts.get(name, 0)} {name}" for name in SPLITS)
    say(f"{counts}; {report.made} dealt out just now")
    if report.made:
        say(f"{report.groups} groups kept together, of one patient or near-duplicates ({report.pairs} pairs of those)")
    if report.torn:
        say(f"{report.torn} groups stand on two sides, by the splits that came with the cases: figures will flatter")
    library.close()


def _begin(library: Library, recipe: str, epochs: int | None, seed: int | None) -> TrainingRun:
    chosen = recipe_named(recipe).changed(epochs=epochs, seed=seed)
    bars: dict[str, Progress] = {}

    def show(what: str, done: int, total: int) -> None:
        bars.setdefault(what, Progress(what, unit="images"))(done, total)

    try:
        return TrainingRuns(library).start(chosen, show, say_aside)
    finally:
        for bar in bars.values():
            bar.close()


def _tell(lib: Path, run: TrainingRun, result: TrainResult) -> None:
    best: Epoch = result.curve[result.best_epoch - 1]
    recall = "" if best.val_recall is None else f", validation Recall@1 {best.val_recall:.3f}"
    say(f"{run.run_id}: {result.ending} after {len(result.curve)} epochs; kept epoch {best.number}{recall}")
    if result.ending == "interrupted":
        say(f"go on with: python -m training train {lib} --resume {run.run_id}")
    say(f"search through it with: python -m core activate {lib} {run.run_id}")


@contextmanager
def _interruptible() -> Iterator[list[int]]:
    """A list that the first Ctrl-C (or SIGTERM) puts something into; the second one interrupts at once."""
    asked: list[int] = []

    def ask(number: int, _frame: object) -> None:
        if asked:
            raise KeyboardInterrupt
        asked.append(number)

    before = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield asked
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
