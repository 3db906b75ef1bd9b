"""`python -m core map`: make the map of a library's embeddings, before and after its flow."""

from __future__ import annotations

import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from core import console
from core.console import Progress, say

if TYPE_CHECKING:
    from core.embedding_map import EmbeddingMap
    from core.separation import Separation

Lib = Annotated[Path, typer.Argument(metavar="LIB", help="the library's folder", show_default=False)]


def make(
    lib: Lib,
    seed: Annotated[int, typer.Option(min=0, help="the same seed makes the same map on one machine")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="one JSON object on standard output")] = False,
) -> None:
    """Make and store the map of a library's embeddings, along its active flow where it has one."""
    from core.mapping import make_map

    library = console.open_library(lib)
    started = time.monotonic()
    with Progress("laying out the map", unit="percent") as progress:
        made = make_map(library.root, library.catalog, library.flows, seed, progress)
    seconds = round(time.monotonic() - started, 1)
    if as_json:
        facts = {"cases": len(made.case_ids), "fitted": made.fitted, "flow": made.flow_id, "seconds": seconds}
        console.print_json(facts | {"separation": {name: asdict(s) for name, s in made.separation.items()}})
    else:
        _show(made, seconds)
    library.close()


def _show(made: EmbeddingMap, seconds: float) -> None:
    through = f"before and after the flow {made.flow_id}" if made.flow_id else "before a flow; no flow is active"
    say(f"map of {len(made.case_ids)} cases {through}, made in {seconds:.1f} s")
    for name, found in made.separation.items():
        say(f"  {name}: {_said(found)}")


def _said(found: Separation) -> str:
    purity = "-" if found.purity is None else f"{found.purity:.2f}"
    silhouette = "-" if found.silhouette is None else f"{found.silhouette:.2f}"
    return f"purity of neighbours {purity}, silhouette {silhouette} ({found.cases} cases)"
