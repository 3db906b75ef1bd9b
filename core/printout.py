"""What an import, a plan of one, a library and a check say on the command line."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from core.console import print_json, say

if TYPE_CHECKING:  # these bring torch, which takes seconds that --help should not
    from core.import_plan import ImportPlan
    from core.ingest_report import IngestReport
    from core.verify import VerifyReport

SHOWN = 20
"""Most lines of one kind for people; JSON has all of them."""


def ingest_json(report: IngestReport) -> dict[str, Any]:
    """An import's report as the JSON object of `ingest --json`."""
    failures = [asdict(failure) for failure in report.failures]
    twins, notes = [asdict(twin) for twin in report.twins], [asdict(note) for note in report.notes]
    counts = {"added": report.added, "duplicates": report.duplicates, "failed": report.failed}
    rest = {"unlabelled": report.unlabelled, "stopped": report.stopped, "twins": twins, "notes": notes}
    return {**counts, "failures": failures, "seconds": report.seconds, **rest}


def show_ingest(report: IngestReport) -> None:
    """An import's report for people."""
    stopped = " (stopped before the end; run it again to go on)" if report.stopped else ""
    duplicates = f"{report.duplicates} duplicate{'s' * (report.duplicates != 1)}"
    counts = f"{report.added} added, {duplicates}, {report.failed} failed"
    say(f"{counts} in {report.seconds:.1f} s{stopped}")
    if report.unlabelled:
        say(f"{report.unlabelled} of those added have no label")
    _show_lines("failed", [f"{failure.path}: {failure.reason}" for failure in report.failures])
    again = [twin for twin in report.twins if twin.path == twin.twin_path and not twin.label_differs]
    if again:
        say(f"{len(again)} of the duplicates are files taken in before")
    differs = {True: " (with another label)", False: ""}
    others = [twin for twin in report.twins if twin not in again]
    _show_lines("duplicate", [f"{t.path} is {t.twin_path}, case {t.case_id}{differs[t.label_differs]}" for t in others])
    _show_lines("note", [f"{note.path}: {note.reason}" for note in report.notes])


def show_plan(plan: ImportPlan, as_json: bool) -> None:
    """What an import would do."""
    if as_json:
        print_json(asdict(plan))
        return
    if plan.stopped:
        say("stopped before the end: this is of the images read so far")
    say(f"would add {plan.new}, {plan.known} are known or come twice, {len(plan.failures)} cannot be taken")
    for label, count in plan.labels.items():
        say(f"{count:7} {label or 'without a label'}")
    for fact, count in plan.facts.items():
        say(f"{count:7} with {fact.replace('_', ' ')}")
    _show_lines("cannot be taken", [f"{failure.path}: {failure.reason}" for failure in plan.failures])
    _show_lines("note", list(plan.notes))


def show_info(facts: Mapping[str, Any]) -> None:
    """What a library holds, for people."""
    say(f"{facts['name']}: {facts['cases']} cases, generation {facts['generation']}")
    say(f"encoder {facts['encoder']} ({facts['dimension']} numbers an image)")
    say(f"active flow {facts['active_flow'] or 'none'}")
    for label, count in facts["labels"].items():
        say(f"{count:7} {label}")
    if facts["unlabelled"]:
        say(f"{facts['unlabelled']:7} without a label")


def show_verify(report: VerifyReport) -> None:
    """What a check found, for people."""
    say(f"{report.cases} cases, {report.indexed_before} indexed before the flow, {report.indexed_after} after it")
    _show_lines("problem", list(report.problems))
    say("all is well" if report.ok else f"{len(report.problems)} problems")


def _show_lines(kind: str, lines: list[str]) -> None:
    for line in lines[:SHOWN]:
        say(f"  {kind}: {line}")
    if len(lines) > SHOWN:
        say(f"  {kind}: and {len(lines) - SHOWN} more; --json lists all")
