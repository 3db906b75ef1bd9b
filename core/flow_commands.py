"""`python -m core flows`: the flows and trainings of a library, listed, compared, deleted."""

from __future__ import annotations

import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from core import console
from core.console import say, say_aside
from core.errors import QueryError

if TYPE_CHECKING:
    from core.run_folder import RunSummary

app = typer.Typer(help="List, compare and delete the flows of a library.", no_args_is_help=True)

Lib = Annotated[Path, typer.Argument(metavar="LIB", help="the library's folder", show_default=False)]
FlowId = Annotated[str, typer.Argument(metavar="FLOW", help="id of a flow", show_default=False)]
Json = Annotated[bool, typer.Option("--json", help="one JSON object on standard output and nothing else there")]


@app.command("list")
def list_flows(lib: Lib, as_json: Json = False) -> None:
    """Show every flow and training: its recipe, how far it came, how good it was on validation."""
    from core.training_run import TrainingRuns

    library = console.open_library(lib)
    runs, active = TrainingRuns(library).summaries(), library.catalog.active_flow
    if as_json:
        console.print_json({"active": active, "flows": [_facts(run) for run in runs]})
    else:
        table = Table("flow", "recipe", "epochs", "best", "validation Recall@1", "state", box=None, pad_edge=False)
        for run in runs:
            table.add_row(*_row(run, active))
        _show(table) if runs else say("no flows yet; train one with: python -m training train LIB")
    library.close()


@app.command()
def compare(lib: Lib, one: FlowId, other: FlowId, as_json: Json = False) -> None:
    """Show two flows side by side: what differs in their recipes, and what came of it."""
    from core.report_store import ReportStore
    from core.training_run import TrainingRuns

    if one == other:
        raise QueryError(f"{one} is named twice; name two flows, which are listed by: python -m core flows list {lib}")
    library = console.open_library(lib)
    runs, reports = TrainingRuns(library), ReportStore(library.root)
    left, right = (_facts(runs.summary(flow)) | {"validation": reports.figures(flow)} for flow in (one, other))
    if as_json:
        console.print_json({one: left, other: right})
    else:
        table = Table("", one, other, box=None, pad_edge=False)
        for name, values in _differences(left, right):
            table.add_row(name, *map(_said, values))
        _show(table)
    library.close()


@app.command()
def delete(lib: Lib, flow: FlowId) -> None:
    """Delete a flow or training for good; the active one is refused."""
    from core.training_run import TrainingRuns

    library = console.open_library(lib)
    TrainingRuns(library).delete(flow, say_aside)
    say(f"deleted {flow}")
    library.close()


def _facts(run: RunSummary) -> dict[str, Any]:
    facts = asdict(run)
    settings = facts.pop("settings") or {}
    return {**facts, **{name: settings.get(name) for name in ("recipe", "created", "images")}}


def _row(run: RunSummary, active: str | None) -> tuple[str, ...]:
    if run.damaged:
        return (run.flow_id, "", "", "", "", f"damaged: {run.damaged}")
    recipe = run.settings.recipe.name if run.settings else "from elsewhere"
    waits = "waits to be resumed" if run.settings else ""
    state = "being trained" if run.running else run.ending or waits
    words = [word for word in (state, "active" if run.flow_id == active else "") if word]
    if run.best is None:
        return (run.flow_id, recipe, str(run.epochs or ""), "", "", ", ".join(words))
    recall = _said(run.best.val_recall)
    return (run.flow_id, recipe, str(run.epochs), str(run.best.number), recall, ", ".join(words))


def _differences(left: dict[str, Any], right: dict[str, Any]) -> list[tuple[str, tuple[Any, Any]]]:
    """What came of each, and those settings in which they differ."""
    kept = {"kept epoch": "number", "its validation recall@1": "val_recall", "its validation loss": "val_loss"}
    found = [(title, _pair(left["best"], right["best"], name)) for title, name in kept.items()]
    for name in ("recall@1", "laterality_errors"):
        pair = _pair(left["validation"], right["validation"], name)
        spaces = dict.fromkeys((*(pair[0] or ()), *(pair[1] or ())))
        found += [(f"validation {name} {space}", _pair(*pair, space)) for space in spaces]
    found += [(name, (left[name], right[name])) for name in ("epochs", "ending", "created")]
    for part in ("images", "recipe"):
        names = dict.fromkeys((*(left[part] or ()), *(right[part] or ())))
        pairs = [(name, _pair(left[part], right[part], name)) for name in names]
        found += [(f"{part} {name}", pair) for name, pair in pairs if part == "images" or pair[0] != pair[1]]
    return found


def _pair(left: dict[str, Any] | None, right: dict[str, Any] | None, name: str) -> tuple[Any, Any]:
    return (left or {}).get(name), (right or {}).get(name)


def _said(value: Any) -> str:
    if value is None or value == "":
        return "-"
    return f"{value:.3f}" if isinstance(value, float) and 0.01 <= abs(value) < 1000 else str(value)


def _show(table: Table) -> None:
    Console(soft_wrap=True, width=None if sys.stdout.isatty() else 120).print(table, markup=False, highlight=False)
