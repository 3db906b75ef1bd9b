"""The flow in data/demo/flow: the default recipe on the demo's own training images, put to use with the demo."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from core.bootstrap import Bootstrap, PairedTest
from core.case import Case
from core.checkpoint import save_flow
from core.demo import Demo, demo_in
from core.demo_flow import FLOW_ID, FOLDER
from core.demo_library import open_demo
from core.embedding_map import FOLDER as MAPS
from core.errors import EntError, TrainingError
from core.flow import Flow
from core.library import Library
from core.metrics import Rescore, Values, rankings
from core.recipe import DEFAULT, Recipe
from core.run_folder import CURVE, SETTINGS
from core.trainer import Epoch
from core.training_run import TrainingRun, TrainingRuns
from core.vectors import PLAIN, Matrix
from training.demo import hash_of


@dataclass(frozen=True)
class Found:
    """Recall@1 of the demo's test images among its training images, at one level.

    `test` sets after against before, resampling patients.
    """

    queries: int
    before: float
    after: float
    reranked: float
    test: PairedTest


def write_demo_flow(
    folder: Path,
    recipe: Recipe = DEFAULT,
    on_progress: Callable[[str, int, int], None] = lambda what, done, total: None,
    on_epoch: Callable[[Epoch, int], None] = lambda epoch, epochs: None,
) -> dict[str, Found]:
    """Train on the demo in `folder` and bundle the flow with it; what it does to classes and, where said, findings.

    Raises EntError when there is no demo, TrainingError (and bundles nothing) when fewer test images find their class
    after the flow than before.
    """
    demo = the_demo(folder)
    with tempfile.TemporaryDirectory() as scratch:
        library = open_demo(Path(scratch) / "library", replace(demo, folder=_without_flow(demo.folder, Path(scratch))))
        try:
            run = TrainingRuns(library).start(recipe, on_progress)
            for epoch in run:
                on_epoch(epoch, recipe.epochs)
            flow = run.finish().flow
            found = _measured(library, flow, run)
            if found["class"].after < found["class"].before:
                raise TrainingError(
                    f"class Recall@1 on the demo's test images falls from {found['class'].before:.3f} to "
                    f"{found['class'].after:.3f} after the flow; it is not bundled: try another --seed"
                )
            _bundle(run, flow, demo.folder / FOLDER)
        finally:
            library.close()
    return found


def seal(folder: Path) -> None:
    """Have the demo say which flow and maps it has, so that a library made before is made anew."""
    demo = the_demo(folder)
    replace(demo, flow=flow_digest_of(demo.folder)).write()


def flow_digest_of(folder: Path) -> str:
    """A short hash of a demo's flow, its reports and maps."""
    return hash_of(path for part in (FOLDER, MAPS) for path in sorted((folder / part).rglob("*")) if path.is_file())


def the_demo(folder: Path) -> Demo:
    """The demo in that folder. Raises EntError when there is none."""
    if (demo := demo_in(folder.resolve())) is None:
        raise EntError(f"there is no demo in {folder}; make one with python -m training demo")
    return demo


def _without_flow(folder: Path, scratch: Path) -> Path:
    """The demo as it is but for a flow that it has already."""
    return Path(shutil.copytree(folder, scratch / "demo", ignore=shutil.ignore_patterns(FOLDER)))


def _measured(library: Library, flow: Flow, run: TrainingRun) -> dict[str, Found]:
    cases = [case for case in library.catalog.cases(order="oldest") if case.label]
    test, train = ([case for case in cases if case.split == name] for name in ("test", "train"))
    if not test:
        raise TrainingError("the demo has no test images to see what a flow is worth; make it larger")
    query, gallery = (library.catalog.vectors.get(PLAIN, [case.case_id for case in of]) for of in (test, train))
    moved = flow.transform(query), flow.transform(gallery)
    spaces = ((query, gallery, None), (*moved, None), (*moved, library.flows.reranker(run.run_id)))
    nearest = [_nearest(*space) for space in spaces]
    levels = ("class", "finding") if any(case.finding for case in test) else ("class",)
    return {level: _level(level, test, train, nearest) for level in levels}


def _nearest(query: Matrix, gallery: Matrix, rescore: Rescore | None) -> list[int]:
    return [int(row) for one in rankings(query, gallery, rescore=rescore) for row in one.order[:, 0]]


def _level(level: str, test: list[Case], train: list[Case], nearest: list[list[int]]) -> Found:
    def value(case: Case) -> str | None:
        return case.label if level == "class" else case.finding

    asked = [row for row, case in enumerate(test) if value(case)]
    hits: list[Values] = [
        np.array([float(value(train[found[row]]) == value(test[row])) for row in asked]) for found in nearest
    ]
    patients = np.array([test[row].patient or test[row].case_id for row in asked])
    before, after, reranked = (float(of.mean()) for of in hits)
    return Found(len(asked), before, after, reranked, Bootstrap(patients).paired(hits[1], hits[0]))


def _bundle(run: TrainingRun, flow: Flow, out: Path) -> None:
    part = out.with_name(f".{out.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir()
    for file in _files_of(run.folder.folder):
        shutil.copyfile(file, part / file.name)
    recipe = run.trainer.recipe
    save_flow(part, Flow(flow.field, flow.config, FLOW_ID, recipe.name, recipe=recipe.to_dict()))
    settings = json.loads((part / SETTINGS).read_text(encoding="utf-8"))
    (part / SETTINGS).write_text(json.dumps({**settings, "run_id": FLOW_ID}, indent=1) + "\n", encoding="utf-8")
    shutil.rmtree(out, ignore_errors=True)
    part.replace(out)


def _files_of(run: Path) -> list[Path]:
    """What of a training's folder is bundled: the flow, its re-ranker, its settings and its curve, not its state."""
    names = {SETTINGS, CURVE, *(path.name for path in (*run.glob("flow.*"), *run.glob("rerank.*")))}
    return [run / name for name in sorted(names)]
