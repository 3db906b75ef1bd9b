"""The waits in the app on the demo library and on a large one, and what the map takes, as tables."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

from core.demo_library import FOLDER, open_demo
from core.settings import ROOT
from training.bench.app import measure, measure_map
from training.bench.app_map import LASSOED, MapWaits
from training.bench.enlarged import enlarge
from training.phantoms.dataset import write_dataset

UNSEEN = 1
"""Seed of the queries' patients: the demo is made with another."""
ASKED = {"start": 3.0, "page_change": 0.3, "drawer": 0.3, "search": 1.0}
WORDS = {
    "start": "first page can be used",
    "page_change": "page change",
    "whole_page": "slowest page, all of it",
    "drawer": "gallery click to open drawer",
    "search": "image dropped to results painted",
}
ON_THE_MAP = {
    "first": ("first visit to map drawn", None),
    "drawn": ("page change to map drawn", None),
    "hover": ("pointer on a point to its image", 1.0),
    "slider": ("another time to its picture", 1.0),
    "colour": ("another colour to its legend", 1.0),
    "lasso": ("lasso to cases", 0.6),
}
RATIO = 1.5


def run(cases: int, rounds: int, map_only: bool = False) -> Iterator[str]:
    """Measure, and say it line by line; `map_only`: nothing but the map of so many cases."""
    with tempfile.TemporaryDirectory(prefix="bench-app-") as folder:
        root = Path(folder)
        demo, large = (root / name / FOLDER for name in ("demo", "large"))
        open_demo(demo).close()
        _mapped(demo, large, cases)
        if map_only:
            yield from _map_table([measure_map(large, root / "large.log", rounds)])
            return
        middle = root / "middle" / FOLDER
        _mapped(demo, middle, LASSOED)
        write_dataset(root / "others", 2, UNSEEN, 256)
        queries = sorted((root / "others" / "images").iterdir())[: rounds + 1]
        small, small_map = measure(demo, queries, root / "demo.log", rounds)
        middle_map = measure_map(middle, root / "middle.log", rounds)
        waits, large_map = measure(large, queries, root / "large.log", rounds)
        yield from _table(asdict(small), asdict(waits), cases)
        yield ""
        yield from _map_table([small_map, middle_map, large_map])


def _mapped(demo: Path, library: Path, cases: int) -> None:
    enlarge(demo, library, cases)
    subprocess.run([sys.executable, "-m", "core", "map", str(library)], cwd=ROOT, check=True)


def _table(small: dict[str, float], large: dict[str, float], cases: int) -> Iterator[str]:
    yield f"{'seconds':34} {'asked':>6} {'demo':>8} {f'{cases:,} cases':>14}  ratio (asked: at most {RATIO})"
    for name, words in WORDS.items():
        asked = f"{ASKED[name]:.2f}" if name in ASKED else ""
        one, other = small[name], large[name]
        yield f"{words:34} {asked:>6} {one:8.2f} {other:14.2f}  {other / one:.2f}"


def _map_table(found: list[MapWaits]) -> Iterator[str]:
    """A column a map, the last beside the one before it in a ratio."""
    head = f"  ratio of the last two (asked: at most {RATIO})" if len(found) > 1 else ""
    yield (
        f"{'on the map, seconds':34} {'asked':>6}"
        + "".join(f"{f'{waits.points:,} points':>16}" for waits in found)
        + head
    )
    for name, (words, most) in ON_THE_MAP.items():
        figures = [getattr(waits, name) for waits in found]
        asked = "" if most is None else f"{most:.2f}"
        said = "".join(f"{'-' if figure is None else f'{figure:.2f}':>16}" for figure in figures)
        yield f"{words:34} {asked:>6}{said}{_ratio(figures)}"
    yield f"{'  points that the lasso took':34} {'':6}" + "".join(f"{waits.lassoed:16,}" for waits in found)
    frames = ["-" if waits.frames is None else f"{waits.frames:.0f}" for waits in found]
    yield f"{'pictures a second while it plays':34} {'':6}" + "".join(f"{said:>16}" for said in frames)


def _ratio(figures: list[float | None]) -> str:
    *_, one, other = [None, *figures]
    return "" if one is None or other is None else f"  {other / one:.2f}"
