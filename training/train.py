"""Trains a flow on a library, with a bar, until it is done or somebody has seen enough."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from core.console import Progress, open_library, print_json, say, say_aside, say_waiting
from core.errors import QueryError, Stopped, TrainingError
from core.evaluate import evaluate
from core.evaluation import GALLERY, Evaluation
from core.library import Library
from core.recipe import Recipe, recipe_named
from core.report_store import TRAINED, ReportStore
from core.terminal import interruptible
from core.trainer import Epoch, TrainResult, epochs_said
from core.training_data import labelled_cases
from core.training_run import TrainingRun, TrainingRuns
from core.verdict import in_a_sentence

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
            by_hand = f"python -m training evaluate {shlex.quote(str(lib))} --flow {run.run_id} --split val --keep"
            with _said_if_broken_off(f"the flow is kept; measure it with: {by_hand}"):
                measured = _measure(library, run)
        if as_json:
            figures = None if measured is None else ReportStore(library.root).figures(run.run_id)
            print_json(_facts(run, result, figures))
        else:
            _tell(lib, run, result, measured)


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


def _measure(library: Library, run: TrainingRun) -> Evaluation | None:
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
        evaluation = evaluate(library, TRAINED, flow=flow, rerank=rerank, on_progress=progress)
        store.put(evaluation, library.catalog)
        return evaluation
    return None


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


def _tell(lib: Path, run: TrainingRun, result: TrainResult, measured: Evaluation | None) -> None:
    best: Epoch = result.curve[result.best_epoch - 1]
    recall = "" if best.val_recall is None else f", validation Recall@1 {best.val_recall:.3f}"
    why = run.folder.summary().why_kept
    because = f" ({why})" if why else ""
    made = epochs_said(result.curve)
    say(f"{run.run_id}: {result.ending} after {made}; kept epoch {best.number}{because}{recall}")
    if measured is not None:
        protocol = GALLERY if GALLERY in measured.protocols else measured.lead
        say(f"validation: {in_a_sentence(measured, protocol, 'class')}")
    if result.ending == "interrupted":
        say(_go_on(lib, run))
    say(f"search through it with: python -m core activate {shlex.quote(str(lib))} {run.run_id}")


def _go_on(lib: Path, run: TrainingRun) -> str:
    return f"go on with: python -m training train {shlex.quote(str(lib))} --resume {run.run_id}"
