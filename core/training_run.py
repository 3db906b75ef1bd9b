"""Trainings in a library: begun, watched, stopped, gone on with, and kept as flows."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial

from core.case import Case
from core.catalog import now
from core.checkpoint import FLOW_ID
from core.device import best_device
from core.errors import QueryError, TrainingError
from core.flow import Flow
from core.library import Library
from core.mirrors import MirrorMaker, MirrorReport
from core.recipe import Recipe
from core.report_store import ReportStore
from core.rerank import fit_reranker, remove_reranker, save_reranker
from core.run_folder import UNSAVED, RunFolder, RunSettings, RunSummary
from core.settings import get_settings
from core.split import SPLITS, SplitConfig
from core.splitting import split_library
from core.trainer import Epoch, Trainer, TrainResult, epochs_said
from core.training_data import check_labels, labelled_cases, training_data
from core.training_notes import training_notes
from core.training_set import digest_of

DIVERGED = "diverged"
"""The ending of a training whose loss was no longer finite."""
SAVE_EVERY, SHOW_EVERY = 5.0, 0.5
"""Seconds between two savings of a training's state, which are what a crash costs at most, and of its curve."""

Progress = Callable[[str, int, int], None]
"""Called with what is being done (splitting, mirroring), how much of it is done, and how much there is."""


class TrainingRun:
    """One training in a library. Iterate over it to train; stop whenever you like; `finish` keeps the flow."""

    def __init__(self, library: Library, folder: RunFolder, trainer: Trainer) -> None:
        self.library, self.folder, self.trainer = library, folder, trainer
        self.run_id = folder.folder.name
        self._stamp = folder.stamp()

    def __iter__(self) -> Iterator[Epoch]:
        """Train on, an epoch at a time; what was reached is saved every few seconds.

        Ends early where the folder was asked to stop. Raises TrainingError when the training is under way elsewhere,
        or when the loss is no longer finite: the best before that is kept as a flow.
        """
        with self.folder.in_use():
            if self.folder.stamp() != self._stamp:
                raise TrainingError(f"training {self.run_id} has gone on elsewhere meanwhile; resume it again")
            self.folder.stop_was_asked()  # a wish of before this began
            saved = shown = time.monotonic()
            try:
                for epoch in self.trainer.fit():
                    if time.monotonic() - saved > SAVE_EVERY:
                        self._save()
                        saved = time.monotonic()
                    elif time.monotonic() - shown > SHOW_EVERY:
                        self.folder.save_curve(self.trainer.curve)
                        shown = time.monotonic()
                    yield epoch
                    if self.folder.stop_was_asked():
                        break
            except TrainingError:
                if self.trainer.curve:
                    self.folder.save_curve(self.trainer.curve, DIVERGED)
                    self._keep(self.trainer.result())
                raise

    def keep(self, on_wait: Callable[[str], None] = lambda said: None) -> TrainResult:
        """Keep the best weights as a flow, though an epoch was broken off: going on starts at the last saved one.

        Raises TrainingError when no epoch has ended yet.
        """
        result = self.trainer.result()
        self.folder.save_curve(self.trainer.curve)
        self._keep(result, on_wait)
        return result

    def finish(self, on_wait: Callable[[str], None] = lambda said: None) -> TrainResult:
        """Save where the training stands, and keep its best weights as a flow of the library.

        Raises TrainingError when no epoch has ended yet.
        """
        result = self.trainer.result()
        self._save("" if result.ending == "interrupted" else result.ending)
        self._keep(result, on_wait)
        return result

    def _keep(self, result: TrainResult, on_wait: Callable[[str], None] = lambda said: None) -> None:
        """Make the best weights a flow of the library, with its re-ranker."""
        recipe, flow = self.trainer.recipe, result.flow
        named = Flow(flow.field, flow.config, self.run_id, recipe.name, recipe=recipe.to_dict())
        reranker = fit_reranker(named, self.trainer.data)
        with self.library.lock.held(on_wait=on_wait):
            _check_unused(self.library, self.run_id)
            self.library.catalog.vectors.drop(self.run_id)  # what an earlier state of this training made of the cases
            # a crash in the midst must not leave what belongs to the old weights beside the new ones
            remove_reranker(self.folder.folder)
            ReportStore(self.library.root).forget(self.run_id)
            self.library.flows.replace(named)
            save_reranker(self.folder.folder, reranker)

    def _save(self, ending: str = "") -> None:
        self.folder.save(self.trainer.state(), self.trainer.curve, ending)
        self._stamp = self.folder.stamp()


class TrainingRuns:
    """The trainings of one library, and the flows that came from elsewhere beside them."""

    def __init__(self, library: Library) -> None:
        self.library = library

    def start(
        self,
        recipe: Recipe,
        on_progress: Progress = lambda what, done, total: None,
        on_wait: Callable[[str], None] = lambda said: None,
        should_stop: Callable[[], bool] = lambda: False,
    ) -> TrainingRun:
        """Make ready to train by `recipe`: splits and mirror images are made where they are missing.

        Raises TrainingError when the library has too little to learn from, Stopped when `should_stop` says so while
        another writer is waited for.
        """
        library = self.library
        with library.lock.held(on_wait=on_wait, should_stop=should_stop):
            check_labels(library.catalog)  # before cases are dealt out, which should know their classes
            report = split_library(
                library.catalog,
                library.store,
                SplitConfig(seed=recipe.seed),
                on_progress=partial(on_progress, "comparing images"),
            )
            library.indexer.catch_up()
            cases = labelled_cases(library.catalog)
            mirrors = self._make_mirrors(cases, on_progress) if recipe.mirrored else None
        data = training_data(library.catalog, cases, [case.split or "" for case in cases], report.pairs)
        trainer = Trainer(recipe, data, best_device())  # before there is a folder: it may have nothing to learn from
        run_id = f"{recipe.name}-{secrets.token_hex(3)}"
        data = trainer.data
        sizes = {"train": len(data.train), "val": len(data.val), "mirrored": len(data.mirrored)}
        notes = training_notes(data, library.taxonomy, report, mirrors)
        settings = RunSettings(run_id, recipe, library.encoder.spec.fingerprint, now(), sizes, digest_of(data), notes)
        folder = RunFolder(library.flows.root / run_id)
        split = {name: [case.case_id for case in cases if case.split == name] for name in SPLITS}
        folder.begin(settings, split, report.pairs)
        return TrainingRun(library, folder, trainer)

    def resume(self, run_id: str, epochs: int | None = None) -> TrainingRun:
        """Go on with a training that was stopped, on the cases it began with; `epochs` sets another end, for good.

        Raises QueryError when there is no such training, TrainingError when it cannot go on: it is under way, over,
        has diverged, or its cases are no longer what they were.
        """
        folder = self._folder(run_id)
        with folder.in_use():
            return self._resumed(folder, epochs)

    def _resumed(self, folder: RunFolder, epochs: int | None) -> TrainingRun:
        run_id = folder.folder.name
        settings = folder.settings()
        folder.sweep()
        self._check_resumable(folder, settings)
        trainer = self._trainer(folder, settings, epochs)
        made = len(trainer.curve)
        if epochs is not None and (epochs < made or epochs == made < settings.recipe.epochs):
            said = epochs_said(trainer.curve)
            raise TrainingError(f"training {run_id} has made {said} already; give it more --epochs, or none at all")
        if trainer.done and folder.settled:
            raise TrainingError(
                f"training {run_id} is over after {epochs_said(trainer.curve)}; prolong it with more --epochs, or "
                f"search through it: python -m core activate LIB {run_id}"
            )
        if trainer.recipe != settings.recipe:  # only now: a refusal changes nothing
            folder.prolong(replace(settings, recipe=trainer.recipe))
        return TrainingRun(self.library, folder, trainer)

    def _check_resumable(self, folder: RunFolder, settings: RunSettings) -> None:
        run_id, ending = settings.run_id, folder.curve()[1]
        if ending == DIVERGED:
            raise TrainingError(f"training {run_id} diverged and would again; start one with a lower learning rate")
        if settings.encoder != self.library.encoder.spec.fingerprint:
            raise TrainingError(f"training {run_id} is of another encoder's embeddings; start a new one")
        if ending and folder.stamp() == UNSAVED:
            raise TrainingError(
                f"training {run_id} is over, and came without what it takes to go on with it; start a new one"
            )
        _check_unused(self.library, run_id)

    def _trainer(self, folder: RunFolder, settings: RunSettings, epochs: int | None) -> Trainer:
        """As it was when the training stopped. Raises TrainingError when its cases are no longer what they were."""
        run_id = settings.run_id
        split_of = {case_id: name for name, ids in folder.split().items() for case_id in ids}
        cases = [case for case in self.library.catalog.cases(order="oldest") if case.case_id in split_of and case.label]
        if len(cases) < len(split_of):
            raise TrainingError(
                f"{len(split_of) - len(cases)} of the {len(split_of)} cases that training {run_id} saw are no longer "
                "there with a label; start a new training"
            )
        splits = [split_of[case.case_id] for case in cases]
        data = training_data(self.library.catalog, cases, splits, folder.near_duplicates())
        trainer = Trainer(settings.recipe.changed(epochs=epochs), data, best_device())
        if settings.seen not in ("", digest_of(trainer.data)):
            raise TrainingError(
                f"labels, findings, patients or mirror images of the cases of training {run_id} have changed; "
                "start a new one"
            )
        if (state := folder.state()) is not None:
            trainer.load_state(state)
        return trainer

    def summaries(self) -> tuple[RunSummary, ...]:
        """Every flow and training of the library, in alphabetical order."""
        root = self.library.flows.root
        folders = sorted(path for path in root.iterdir() if path.is_dir()) if root.is_dir() else []
        found = (RunFolder(folder).summary() for folder in folders)
        return tuple(run for run in found if run.is_one)

    def summary(self, flow_id: str) -> RunSummary:
        """How that flow or training came to be. Raises QueryError when there is none."""
        return self._folder(flow_id).summary()

    def delete(
        self,
        flow_id: str,
        on_wait: Callable[[str], None] = lambda said: None,
        should_stop: Callable[[], bool] = lambda: False,
    ) -> None:
        """Remove a flow or training for good; `should_stop` is asked while another writer is waited for.

        Raises QueryError when there is none, or it is the active flow, TrainingError while it is being trained.
        """
        with self.library.lock.held(on_wait=on_wait, should_stop=should_stop):
            folder = self._folder(flow_id)
            _check_unused(self.library, flow_id)
            with folder.in_use():
                self.library.catalog.vectors.drop(flow_id)
                self.library.flows.delete(flow_id)  # and its reports with it

    def _make_mirrors(self, cases: Sequence[Case], on_progress: Progress) -> MirrorReport:
        library, settings = self.library, get_settings()
        sizes = {"workers": settings.workers, "batch_size": settings.batch_size}
        maker = MirrorMaker(library.catalog, library.store, library.encoder, library.limits, **sizes)
        wanted = [case for case in cases if case.split == "train"]
        return maker.make(wanted, partial(on_progress, "encoding mirror images"))

    def _folder(self, run_id: str) -> RunFolder:
        folder = self.library.flows.root / run_id
        if not FLOW_ID.fullmatch(run_id) or not folder.is_dir():
            known = ", ".join(run.flow_id for run in self.summaries())
            raise QueryError(f"there is no flow or training {run_id!r} here; there are {known or 'none'}")
        return RunFolder(folder)


def _check_unused(library: Library, flow_id: str) -> None:
    if library.catalog.active_flow == flow_id:
        raise QueryError(f"flow {flow_id} is the active one; activate another (or none) first")
