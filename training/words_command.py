"""`python -m training words`: whether words find what they name."""

from __future__ import annotations

import json
from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from core.library import Library
from core.words import WordsReport, ask_in_words


def run(lib: Path, top: int, as_json: bool) -> None:
    """Ask the library in `lib` for its classes in words, and print what came of it."""
    with closing(Library.open(lib)) as library:
        report = ask_in_words(library, top=top)
    if as_json:
        print(json.dumps(words_json(report), ensure_ascii=False))
    else:
        _show(report)


def words_json(report: WordsReport) -> dict[str, Any]:
    """The report as one JSON object."""
    phrases = [{**asdict(phrase), "ratio": phrase.ratio} for phrase in report.phrases]
    facts = {"library": report.library, "encoder": report.encoder, "cases": report.cases}
    return {**facts, "ratio": report.ratio, "by_class": report.by_class, "phrases": phrases}


def _show(report: WordsReport) -> None:
    table = Table("class", "words", "of the nearest", "base rate", "ratio", box=None)
    for phrase in report.phrases:
        hits = f"{phrase.hits} of {phrase.top}"
        table.add_row(phrase.label, phrase.text, hits, f"{phrase.base_rate:.3f}", f"{phrase.ratio:.2f}")
    console = Console(width=120, markup=False, highlight=False)
    console.print(f"{report.library}: {report.cases} labelled images, encoder {report.encoder}", table)
    by_class = ", ".join(f"{label} {ratio:.2f}" for label, ratio in report.by_class.items())
    console.print(f"mean ratio by class: {by_class}", soft_wrap=True)
    console.print(f"mean ratio over {len(report.phrases)} phrases: {report.ratio:.2f} (chance: 1)")
