"""The waits in the app on the demo library, on one with a map of 5 000 cases, and on a large one, as a table."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

from core.demo_library import FOLDER, open_demo
from core.settings import ROOT
from training.bench.app import Waits, measure
from training.bench.enlarged import enlarge
from training.phantoms.dataset import write_dataset

UNSEEN = 1
"""Seed of the queries' patients: the demo is made with another."""
ON_THE_MAP = 5_000
ASKED = {"start": 3.0, "page_change": 0.3, "drawer": 0.3, "search": 1.0, "lasso": 0.6}
WORDS = {
    "start": "first page can be used",
    "page_change": "page change",
    "whole_page": "slowest page, all of it",
    "drawer": "gallery click to open drawer",
    "search": "image dropped to results painted",
    "lasso": "lasso to cases",
}


def run(cases: int, rounds: int) -> Iterator[str]:
    """Measure, and say it line by line; the lasso stands over a map of 5 000 cases in the first column."""
    with tempfile.TemporaryDirectory(prefix="bench-app-") as folder:
        root = Path(folder)
        demo, middle, large = (root / name / FOLDER for name in ("demo", "middle", "large"))
        open_demo(demo).close()
        write_dataset(root / "others", 2, UNSEEN, 256)
        queries = sorted((root / "others" / "images").iterdir())[: rounds + 1]
        for library, size in ((middle, ON_THE_MAP), (large, cases)):
            enlarge(demo, library, size)
            subprocess.run([sys.executable, "-m", "core", "map", str(library)], cwd=ROOT, check=True)
        first = measure(demo, queries, root / "demo.log", rounds)
        lasso = measure(middle, queries[:2], root / "middle.log", rounds).lasso
        yield from _table(asdict(first) | {"lasso": lasso}, measure(large, queries, root / "large.log", rounds), cases)


def _table(small: dict[str, float | None], large: Waits, cases: int) -> Iterator[str]:
    yield f"{'seconds':34} {'demo':>7} {'asked':>7} {cases:>9} cases  ratio (asked: 1.5)"
    for name, words in WORDS.items():
        one, other = small[name], asdict(large)[name]
        if one is None or other is None:
            yield f"{words:34} not measured"
        else:
            asked = f"{ASKED[name]:.2f}" if name in ASKED else ""
            yield f"{words:34} {one:7.2f} {asked:>7} {other:9.2f}        {other / one:.2f}"
