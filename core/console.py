"""What the command line shows: progress on standard error, results on standard output."""

from __future__ import annotations

import json
import os
import sys
import time
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Task, TaskID, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar
from rich.table import Column as RichColumn
from rich.text import Text

from core.settings import get_settings
from core.speed import Speed

if TYPE_CHECKING:  # these bring torch, which takes seconds that --help should not
    from core.ingest_report import IngestProgress
    from core.library import Library
    from core.trainer import Epoch

PLAIN_EVERY, JSON_EVERY = 2.0, 0.2
"""Seconds between lines of progress where standard error is no terminal: for people, and for programs."""

STANDARD_ERROR = 2
ERASE = "\r\x1b[2K"
"""Tells a terminal to forget the line it is in, which may be a bar."""


class Progress:
    """A bar on a terminal, a line now and then elsewhere; both say how many, and how long it will take.

    With ENT_PROGRESS=json every line is one object: {"progress", "done", "total", "unit", "seconds_left"}.
    """

    def __init__(self, title: str, unit: str) -> None:
        self.title, self.unit = title, unit
        kept = RichColumn(no_wrap=True)
        columns = (
            MofNCompleteColumn(table_column=kept),
            TimeRemainingColumn(table_column=kept),
            BarColumn(20, table_column=kept),
            _Words("{task.description}", table_column=RichColumn()),
        )
        self._console = Console(stderr=True)
        self._json = get_settings().progress == "json"
        drawn = self._console.is_terminal and not self._json
        self._bar = Bar(*columns, console=self._console, transient=True) if drawn else None
        self._task: TaskID | None = None
        self._speed = Speed()
        self._last = time.monotonic() - (JSON_EVERY if self._json else 0)  # a program hears of the first step too

    def __enter__(self) -> Progress:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Take the bar away."""
        if self._bar is not None and self._task is not None:
            self._bar.stop()

    def __call__(self, done: int, total: int) -> None:
        """Show that `done` of `total` units are done."""
        self._speed.tell(done, total)
        self._show(self.title, done, total, self._speed.seconds_left)

    def ingest(self, progress: IngestProgress) -> None:
        """Show how far an import is; every line of it names only what is stored for good."""
        title = {"loading": "loading the encoder", "indexing": "indexing"}.get(progress.stage, self.title)
        detail = f"{progress.added} stored, {progress.duplicates} known, {progress.failed} failed"
        rate = f", {progress.rate:.1f}/s" if progress.rate else ""
        self._show(f"{title}: {detail}{rate}", progress.done, progress.total, progress.seconds_left)

    def epoch(self, epoch: Epoch, epochs: int) -> None:
        """Show what an epoch of a training came to; the time left is that of the epochs left, if all are needed."""
        recall = "" if epoch.val_recall is None else f"validation Recall@1 {epoch.val_recall:.3f}, "
        val = "" if epoch.val_loss is None else f" ({epoch.val_loss:.2f} on validation)"
        words = f"{recall}loss {epoch.train_loss:.2f}{val}, rate {epoch.learning_rate:.0e}"
        self._show(f"{self.title}: {words}", epoch.number, epochs, epoch.seconds * (epochs - epoch.number))

    def note(self, text: str) -> None:
        """Say something once, beside the bar."""
        self._console.print(text, markup=False, highlight=False, soft_wrap=True)

    def _show(self, title: str, done: int, total: int, seconds_left: float | None) -> None:
        if self._bar is not None:
            if self._task is None:
                self._bar.start()
                self._task = self._bar.add_task(title, total=total, completed=done)
            self._bar.update(self._task, description=title, completed=done, total=total)
        elif time.monotonic() - self._last >= (JSON_EVERY if self._json else PLAIN_EVERY):
            self._last = time.monotonic()
            with suppress(BrokenPipeError):  # whoever listened has gone; the work goes on
                sys.stderr.write(self._line(title, done, total, seconds_left) + "\n")
                sys.stderr.flush()

    def _line(self, title: str, done: int, total: int, seconds_left: float | None) -> str:
        if self._json:
            return _json_line(title, done, total, self.unit, seconds_left)
        left = "" if seconds_left is None else f", {seconds_left:.0f} s left"
        return f"{title}, {done} of {total} {self.unit}{left}"


def _json_line(title: str, done: int, total: int, unit: str, seconds_left: float | None) -> str:
    facts = {"progress": title, "done": done, "total": total, "unit": unit, "seconds_left": seconds_left}
    return json.dumps(facts, ensure_ascii=False)


class _Words(TextColumn):
    """A text that gives way on a narrow terminal: count and time left are what one looks for."""

    def render(self, task: Task) -> Text:
        return Text(task.description, no_wrap=True, overflow="ellipsis")


def out() -> Console:
    """Standard output: as wide as the terminal, or wide enough for tables where it is none."""
    return Console(soft_wrap=True) if sys.stdout.isatty() else Console(soft_wrap=True, width=200)


def say(text: str) -> None:
    """One line for people on standard output."""
    out().print(text, markup=False, highlight=False, soft_wrap=True)


def say_aside(text: str) -> None:
    """One line for people on standard error."""
    Console(stderr=True).print(text, markup=False, highlight=False, soft_wrap=True)


def say_waiting(text: str) -> None:
    """What is waited for, on standard error; as a line of progress where a program listens, see `Progress`."""
    if get_settings().progress == "json":
        Progress(text, unit="")(0, 0)
    else:
        say_aside(text)


def say_at_once(text: str, to_people: str = "") -> None:
    """What `say_waiting` says, from the handler of a signal; `to_people` follows where no program listens.

    That may have come in the midst of anything, so this uses no stream, which may be halfway through a line, and no
    part of rich, which may be halfway through being imported.
    """
    line = _json_line(text, 0, 0, "", None) if get_settings().progress == "json" else text + to_people
    with suppress(OSError):
        drawn = os.name == "posix" and os.environ.get("TERM", "dumb") != "dumb"
        over = "" if not os.isatty(STANDARD_ERROR) else ERASE if drawn else "\n"
        os.write(STANDARD_ERROR, f"{over}{line}\n".encode())


def print_json(data: object) -> None:
    """One JSON object on standard output."""
    sys.stdout.write(json.dumps(data, ensure_ascii=False) + "\n")


def open_library(lib: Path, weights: Path | None = None) -> Library:
    """The library in that folder, its index mended with a bar where it must be. Raises LibraryError."""
    from core.library import Library

    with Progress("mending the index", unit="vectors") as progress:
        return Library.open(lib, weights=weights, on_progress=progress)
