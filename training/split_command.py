"""Deals the cases of a library out, with a bar, and says what came of it."""

from __future__ import annotations

from pathlib import Path

from core.console import Progress, open_library, say, say_aside
from core.split import SPLITS, SplitConfig
from core.splitting import split_library
from core.training_notes import torn_words


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
        pairs = f"{len(report.pairs)} pairs of those"
        say(f"{report.groups} groups kept together, of one patient or near-duplicates ({pairs})")
    if report.torn:
        say(torn_words(report))
    library.close()
