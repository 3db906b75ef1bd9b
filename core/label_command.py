"""`python -m core label`: correct class and finding of one case, take that back, or see what was changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from core import console
from core.console import say, say_aside

if TYPE_CHECKING:
    from core.case import Case
    from core.label_table import LabelChange


def label(
    lib: Annotated[Path, typer.Argument(metavar="LIB", help="the library's folder", show_default=False)],
    case: Annotated[str, typer.Argument(metavar="CASE", help="id of a case", show_default=False)],
    to_class: Annotated[str | None, typer.Option("--class", help='its class; "" takes it away')] = None,
    finding: Annotated[str | None, typer.Option(help='its finding; "" takes it away')] = None,
    undo: Annotated[bool, typer.Option("--undo", help="take the last change back")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="one JSON object on standard output")] = False,
) -> None:
    """Correct the class or finding of a case, or show what it is called and what was changed."""
    from core import relabel
    from core.errors import QueryError

    if undo and not (to_class is None and finding is None):
        raise QueryError("--undo takes a change back and makes none: give it alone")
    library = console.open_library(lib)
    if undo:
        relabel.undo(library, case, on_wait=say_aside)
    elif to_class is not None or finding is not None:
        relabel.relabel(library, case, label=to_class, finding=finding, on_wait=say_aside)
    _show(library.catalog.case(case), library.catalog.labels.history(case), as_json)
    library.close()


def _show(case: Case, history: Sequence[LabelChange], as_json: bool) -> None:
    if as_json:
        changes = [asdict(change) for change in history]
        console.print_json({"case_id": case.case_id, "label": case.label, "finding": case.finding, "changes": changes})
        return
    say(f"{case.case_id}: class {case.label or 'none'}, finding {case.finding or 'none'}")
    for change in history:
        said = ", ".join(f"{name} {change.old[name] or 'none'} -> {change.new[name] or 'none'}" for name in change.new)
        say(f"{change.at} {said}{' (undo)' if change.undoes else ''}")
