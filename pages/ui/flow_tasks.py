"""The long work on flows that the app starts: training, evaluating, activating, deleting. No page code in here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pages.ui import commands, resources, state
from pages.ui.jobs import Job, Step
from pages.ui.resources import OpenLibrary
from pages.ui.tasks import ACTIVATE, DELETE_FLOW, EVALUATE, TRAIN, start, telling, waiting

PAGES = {
    TRAIN: state.TRAINING_PAGE,
    ACTIVATE: state.TRAINING_PAGE,
    DELETE_FLOW: state.TRAINING_PAGE,
    EVALUATE: state.EVALUATION_PAGE,
}
"""The page on which such a job is at home."""


@dataclass(frozen=True)
class Wanted:
    """What to train: a recipe, and values in place of its own where given."""

    recipe: str
    epochs: int | None = None
    seed: int | None = None
    learning_rate: float | None = None
    batch_size: int | None = None
    steps: int | None = None

    def arguments(self) -> list[str]:
        """The same for the command line."""
        given = {
            "recipe": self.recipe,
            "epochs": self.epochs,
            "seed": self.seed,
            "rate": self.learning_rate,
            "batch": self.batch_size,
            "steps": self.steps,
        }
        return [f"--{name}={value}" for name, value in given.items() if value is not None]


def train(library: OpenLibrary, wanted: Wanted) -> Job:
    """Train a flow in a process of its own; the result is what `training train --json` prints."""
    title = f"Training by the recipe {wanted.recipe}"
    return _run(TRAIN, title, library, ["training", "train", *wanted.arguments(), "--json", str(library.root)])


def resume(library: OpenLibrary, flow_id: str, epochs: int | None = None) -> Job:
    """Go on with a training that was stopped, up to `epochs` where given."""
    more = [] if epochs is None else [f"--epochs={epochs}"]
    command = ["training", "train", f"--resume={flow_id}", *more, "--json", str(library.root)]
    return _run(TRAIN, f"Training {flow_id}, resumed", library, command)


def evaluate(library: OpenLibrary, flow_id: str | None, split: str, baselines: bool) -> Job:
    """Measure a flow (None: the embeddings as they are) on a split; the report is kept in the library."""
    options = [f"--split={split}", f"--flow={flow_id or 'none'}", *(["--baselines"] if baselines else [])]
    command = ["training", "evaluate", *options, "--keep", str(library.root)]
    title = f"Evaluation of {flow_id or 'the plain embeddings'}"
    return _run(EVALUATE, title, library, command, "Comparing every query with every image")


def activate(library: OpenLibrary, flow_id: str | None) -> Job:
    """Search through that flow from now on, or through none."""

    def work(job: Job) -> None:
        tell = telling(job, "Making the index anew, through the flow")
        library.engine.activate(flow_id, tell, waiting(job), job.should_stop)

    title = f"Activation of {flow_id}" if flow_id else "Switching the flow off"
    return start(ACTIVATE, title, library.library_id, work)


def delete(library: OpenLibrary, flow_id: str) -> Job:
    """Remove a flow or training for good."""

    def work(job: Job) -> None:
        from core.training_run import TrainingRuns

        TrainingRuns(library.engine).delete(flow_id, waiting(job), job.should_stop)

    return start(DELETE_FLOW, f"Deletion of {flow_id}", library.library_id, work)


def trained(library: OpenLibrary) -> list[str]:
    """The flows that could be activated, by name."""
    return sorted(path.parent.name for path in (library.root / "flows").glob("*/flow.safetensors"))


def of(library: OpenLibrary, *kinds: str) -> list[Job]:
    """The jobs of these kinds on this library, the newest first."""
    return [job for job in resources.jobs().of(library.library_id) if job.kind in kinds]


def _run(kind: str, title: str, library: OpenLibrary, command: list[str], words: str = "Loading the engine") -> Job:
    def work(job: Job) -> dict[str, Any]:
        job.report(Step(words))
        return commands.run(job, command)

    return start(kind, title, library.library_id, work)
