"""`python -m training demo-flow`: train the demo's flow, bundle it with its reports and map, say what came of it."""

from __future__ import annotations

from pathlib import Path

from core.console import Progress, say
from core.demo_flow import FOLDER
from training.demo_flow import SMALL, seal, the_demo, write_demo_flow
from training.demo_views import write_demo_views


def run(folder: Path, seed: int) -> None:
    """Do it for the demo in `folder`."""
    bars: dict[str, Progress] = {}

    def show(what: str, done: int, total: int) -> None:
        bars.setdefault(what, Progress(what, unit="images"))(done, total)

    try:
        with Progress("training", unit="epochs") as training:
            found = write_demo_flow(folder, SMALL.changed(seed=seed), show, training.epoch)
    finally:
        for bar in bars.values():
            bar.close()
    with Progress("laying out the map", unit="percent") as progress:
        write_demo_views(the_demo(folder), progress)
    seal(folder)
    size = sum(file.stat().st_size for file in (folder / FOLDER).iterdir()) / 1e6
    say(f"wrote {folder / FOLDER}: {size:.1f} MB")
    for level, one in found.items():
        figures = f"{one.before:.3f} before, {one.after:.3f} after (p {one.test.p:.3f}), {one.reranked:.3f} re-ranked"
        say(f"{level} Recall@1 of {one.queries} test images among the training images: {figures}")
