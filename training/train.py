"""Trains a flow on a library, with a bar, until it is done or somebody has seen enough."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from core.console import Progress, open_library, print_json, say, say_aside, say_waiting
from core.errors import QueryError, Stopped, TrainingError
from core.evaluate import evaluate
from core.evaluation import AFTER, BEFORE
from core.library import Library
from core.recipe import Recipe, recipe_named
from core.report_store import TRAINED, ReportStore
from core.terminal import interruptible
from core.trainer import Epoch, TrainResult
from core.training_data import labelled_cases
from core.training_run import TrainingRun, TrainingRuns, epochs_said

STOPPING = "stopping after what is in hand"


@dataclass(frozen=True)
class Wanted:
    """What to train: a recipe with other values for some of its settings, or a training to go on with."""

    recipe: str = "default"
    epochs: int | None = None
    seed: int | None = None
    learning_rate: float | None = None
    batch_size: int | None = None
    steps: int | None = None
    resume: str | None = None

    def chosen(self) -> Recipe:
        """The recipe with those values. Raises TrainingError."""
        own = {"epochs": self.epochs, "seed": self.seed, "learning_rate": self.learning_rate}
        return recipe_named(self.recipe).changed(**own, batch_size=self.batch_size, steps=self.steps)


def train(lib: Path, wanted: Wanted, as_json: bool = False) -> None:
    """Begin a training, or go on with one; Ctrl-C ends it after the epoch in hand and keeps the best so far.

    Raises Stopped when it comes before there is anything to keep.
    """
    if wanted.resume is not None and wanted != Wanted(epochs=wanted.epochs, resume=wanted.resume):
        raise TrainingError("a training that is resumed keeps its recipe and its seed; leave all but --epochs out")
    with closing(open_library(lib)) as library, interruptible(STOPPING) as asked:
        run = _begin(library, wanted, asked)
        settings = run.folder.settings()
        sizes = ", ".join(f"{n} {name}" for name, n in settings.images.items())
        say_aside(f"training {run.run_id}: {sizes} images")
        for note in settings.notes:
            say_aside(f"note: {note}")
        with run.folder.in_use():  # until all is kept: who looks sees it at work
            with _said_if_broken_off(_go_on(lib, run)):
                result = _train(run, asked)
            by_hand = f"measure it with: python -m training evaluate {lib} --flow {run.run_id} --split val --keep"
            with _said_if_broken_off(f"the flow is kept; {by_hand}"):
                figures = _measure(library, run)
        if as_json:
            print_json(_facts(run, result, figures))
        else:
            _tell(lib, run, result, figures)


@contextmanager
def _said_if_broken_off(words: str) -> Iterator[None]:
    try:
        yield
    except KeyboardInterrupt:
        say_aside(f"stopped at once; {words}")
        raise


def _train(run: TrainingRun, asked: Callable[[], bool]) -> TrainResult:
    """Train to the end, or until that is asked; a second time breaks the epoch in hand off."""
    with Progress(f"training {run.run_id}", unit="epochs") as progress:
        try:
            for epoch in run:
                progress.epoch(epoch, run.trainer.recipe.epochs)
                if asked():
                    break
        except KeyboardInterrupt:
            return run.keep(say_waiting)
        if asked() and not run.trainer.curve:
            raise Stopped("stopped before the first epoch had ended; nothing was learnt yet")
        return run.finish(say_waiting)


def _measure(library: Library, run: TrainingRun) -> dict[str, Any] | None:
    """How good the flow is on its validation images, kept with it.

    None where there are too few to compare, or the library has been split anew since the training began: what is for
    validation now may be what it was trained on.
    """
    store, own = ReportStore(library.root), run.folder.split()
    now = {case.case_id: case.split for case in labelled_cases(library.catalog)}
    if any(now.get(case_id) != name for name, ids in own.items() for case_id in ids):
        say_aside("the library was split anew since this training began, so it is not measured on validation images")
        return None
    with Progress("measuring on the validation images", unit="spaces") as progress, suppress(QueryError):
        flow, rerank = library.flows.get(run.run_id), library.flows.reranker(run.run_id)
        store.put(evaluate(library, TRAINED, flow=flow, rerank=rerank, on_progress=progress), library.catalog)
    return store.figures(run.run_id)


def _facts(run: TrainingRun, result: TrainResult, figures: dict[str, Any] | None) -> dict[str, Any]:
    best = result.curve[result.best_epoch - 1]
    return {
        "flow": run.run_id,
        "ending": result.ending,
        "epochs": len(result.curve),
        "best": asdict(best),
        "validation": figures,
    }


def _begin(library: Library, wanted: Wanted, asked: Callable[[], bool]) -> TrainingRun:
    if wanted.resume is not None:
        return TrainingRuns(library).resume(wanted.resume, wanted.epochs)
    bars: dict[str, Progress] = {}

    def show(what: str, done: int, total: int) -> None:
        bars.setdefault(what, Progress(what, unit="images"))(done, total)
        if asked():
            raise Stopped("stopped before the training had begun; mirror images that were encoded are kept")

    try:
        return TrainingRuns(library).start(wanted.chosen(), show, say_waiting, asked)
    finally:
        for bar in bars.values():
            bar.close()


def _tell(lib: Path, run: TrainingRun, result: TrainResult, figures: dict[str, Any] | None) -> None:
    best: Epoch = result.curve[result.best_epoch - 1]
    recall = "" if best.val_recall is None else f", validation Recall@1 {best.val_recall:.3f}"
    why = run.folder.summary().why_kept
    because = f" ({why})" if why else ""
    made = epochs_said(result.curve)
    say(f"{run.run_id}: {result.ending} after {made}; kept epoch {best.number}{because}{recall}")
    better = True
    if figures is not None:
        before, after = (round(figures["recall@1"][space] * figures["queries"]) for space in (BEFORE, AFTER))
        better = after > before
        found = f"{after} of {figures['queries']} validation images with it, {before} without"
        say(f"nearest neighbour of the right class: {found}{'' if better else '; it is no better'}")
    if result.ending == "interrupted":
        say(_go_on(lib, run))
    all_the_same = "" if better else " all the same"
    say(f"search through it{all_the_same} with: python -m core activate {lib} {run.run_id}")


def _go_on(lib: Path, run: TrainingRun) -> str:
    return f"go on with: python -m training train {lib} --resume {run.run_id}"
