"""The flow in data/demo/flow: the default recipe on the demo's own training images, put to use with the demo."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from core.bootstrap import PairedTest
from core.checkpoint import save_flow
from core.demo import Demo, demo_in
from core.demo_flow import FLOW_ID, FOLDER
from core.demo_library import open_demo
from core.embedding_map import FOLDER as MAPS
from core.errors import EntError, TrainingError
from core.evaluate import evaluate
from core.evaluation import AFTER, BEFORE, GALLERY, RERANKED, Split
from core.flow import Flow
from core.library import Library
from core.outcomes import LevelScores
from core.recipe import DEFAULT, Recipe
from core.run_folder import CURVE, SETTINGS
from core.trainer import Epoch
from core.training_run import TrainingRun, TrainingRuns
from training.demo import hash_of

SMALL = DEFAULT.changed(heads=4)
"""The default recipe at a third of its size, since a clone brings the flow along; `ent-mini` asks for no readout."""


@dataclass(frozen=True)
class Found:
    """Recall@1 of images of the demo among its training images, at one level.

    `test` sets after against before, resampling patients.
    """

    queries: int
    before: float
    after: float
    reranked: float
    test: PairedTest


def write_demo_flow(
    folder: Path,
    recipe: Recipe = SMALL,
    on_progress: Callable[[str, int, int], None] = lambda what, done, total: None,
    on_epoch: Callable[[Epoch, int], None] = lambda epoch, epochs: None,
) -> dict[str, Found]:
    """Train on the demo in `folder` and bundle the flow with it; what it does to classes and, where said, findings.

    What it does is told of test images. Whether it is bundled was asked of the validation images, so that the test
    images stay what nothing was chosen by. Raises TrainingError (and bundles nothing) when fewer of those find their
    class after the flow than before; EntError when there is no demo, or it has too few images.
    """
    demo = the_demo(folder)
    with tempfile.TemporaryDirectory() as scratch:
        library = open_demo(Path(scratch) / "library", replace(demo, folder=_without_flow(demo.folder, Path(scratch))))
        try:
            run = TrainingRuns(library).start(recipe, on_progress)
            for epoch in run:
                on_epoch(epoch, recipe.epochs)
            flow = run.finish().flow
            checked = _found(library, flow, run.run_id, "val")["class"]
            if checked.after < checked.before:
                raise TrainingError(
                    f"class Recall@1 on the demo's validation images falls from {checked.before:.3f} to "
                    f"{checked.after:.3f} after the flow; it is not bundled: change the recipe"
                )
            found = _found(library, flow, run.run_id, "test")
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


def _found(library: Library, flow: Flow, run_id: str, split: Split) -> dict[str, Found]:
    """Of the images of `split` among the training images, by class and, where they are known, by finding."""
    evaluation = evaluate(library, split, flow=flow, rerank=library.flows.reranker(run_id))
    if GALLERY not in evaluation.protocols:
        raise TrainingError("the demo has no training images to find anything among; make it larger")
    spaces = evaluation.protocols[GALLERY].spaces
    levels = [level for level in ("class", "finding") if level in spaces[AFTER].levels]
    return {level: _by_level({name: space.levels[level] for name, space in spaces.items()}) for level in levels}


def _by_level(spaces: dict[str, LevelScores]) -> Found:
    before, after, reranked = (spaces[name].overall["recall@1"].value for name in (BEFORE, AFTER, RERANKED))
    return Found(spaces[AFTER].queries, before, after, reranked, spaces[AFTER].tests["recall@1"])


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
