"""A command of the command line as a job: in a process of its own, where it can neither slow nor break the app."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from tempfile import TemporaryFile
from typing import IO, Any

from core.errors import EntError
from core.settings import ROOT
from pages.ui.jobs import Job, Step

POLL = 0.2
PATIENCE = 60.0
"""Seconds that a command has to end well when it was asked to stop."""
AT_ONCE = 65_536
"""Bytes of what a command says that are read in one go; a line is cut there."""
START = """
import runpy, signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
sys.argv = sys.argv[1:]
runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
"""
"""What `python -m` does, in a process that can be interrupted: one whose app runs in the background ignores that."""
NICER = 5
"""How far a command steps back behind the app when both want the processor."""


def run(job: Job, arguments: Sequence[str]) -> dict[str, Any]:
    """Run `python -m` with these arguments and tell its progress to `job`; returns the JSON object it printed, or {}.

    A stop of the job interrupts the command as Ctrl-C would; what it had stored by then stays. Raises EntError with
    the command's own words when it fails. When the app ends without a stop, the command goes on by itself.
    """
    with TemporaryFile() as printed, TemporaryFile() as said:
        process = subprocess.Popen(
            [sys.executable, "-c", START, *arguments],
            cwd=ROOT,
            env=os.environ | {"ENT_PROGRESS": "json", "OMP_WAIT_POLICY": "PASSIVE"},  # a wait must not keep a core busy
            stdout=printed,
            stderr=said,
            start_new_session=True,  # Ctrl-C in the app's terminal is for the app, which then asks its jobs to stop
        )
        with suppress(OSError, AttributeError):  # it may have ended already, and not every system has this
            os.setpriority(os.PRIO_PROCESS, process.pid, NICER)
        words = _Words(job, said)
        try:
            _wait(process, job, words)
        finally:
            _end(process)
        words.listen(ended=True)
        if process.returncode != 0 and not job.should_stop():
            raise EntError(words.last or f"the command ended with status {process.returncode}; try again")
        return _result(printed)


class _Words:
    """What a command says, heard while it goes on writing.

    It writes to a file, which lasts as long as anybody has it open: a pipe would break when the app ends, and the
    command with it.
    """

    def __init__(self, job: Job, file: IO[bytes]) -> None:
        self._job, self._file = job, file
        self._heard = 0
        self.last = ""

    def listen(self, *, ended: bool = False) -> None:
        """Hear the whole lines that have come, and what is left of one where the command has `ended`.

        The file's own place is the command's, and is left alone.
        """
        while data := os.pread(self._file.fileno(), AT_ONCE, self._heard):
            whole = data.rfind(b"\n") + 1 or (len(data) if ended or len(data) == AT_ONCE else 0)
            if not whole:
                return
            self._heard += whole
            for line in data[:whole].decode(errors="replace").splitlines():
                self._take(line)

    def _take(self, line: str) -> None:
        step = _step(line)
        if step is not None:
            self._job.report(step)
        elif line.strip():
            self.last = line.strip()


def _wait(process: subprocess.Popen[bytes], job: Job, words: _Words) -> None:
    asked: float | None = None
    while process.poll() is None:
        words.listen()
        if job.should_stop() and asked is None:
            process.send_signal(signal.SIGINT)
            asked = time.monotonic()
        if asked is not None and time.monotonic() - asked > PATIENCE:
            return
        time.sleep(POLL)


def _end(process: subprocess.Popen[bytes]) -> None:
    """End the command and whatever it has started itself."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            process.wait(timeout=5)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _step(line: str) -> Step | None:
    try:
        facts = json.loads(line)
        words = str(facts["progress"])
        return Step(words[:1].upper() + words[1:], facts["done"], facts["total"], seconds_left=facts["seconds_left"])
    except (ValueError, KeyError, TypeError):
        return None


def _result(printed: IO[bytes]) -> dict[str, Any]:
    printed.seek(0)
    for line in reversed(printed.read().decode(errors="replace").splitlines()):
        try:
            found = json.loads(line)
        except ValueError:
            continue
        if isinstance(found, dict):
            return found
    return {}
