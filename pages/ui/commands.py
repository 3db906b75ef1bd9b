"""A command of the command line as a job: in a process of its own, where it can neither slow nor break the app."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from typing import IO, Any

from core.errors import EntError
from core.settings import ROOT
from pages.ui.jobs import Job, Step

POLL = 0.2
PATIENCE = 60.0
"""Seconds that a command has to end well when it was asked to stop."""
KEPT_LINES = 20
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
    the command's own words when it fails.
    """
    process = subprocess.Popen(
        [sys.executable, "-c", START, *arguments],
        cwd=ROOT,
        env=os.environ | {"ENT_PROGRESS": "json", "OMP_WAIT_POLICY": "PASSIVE"},  # who waits must not keep a core busy
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        errors="replace",
        start_new_session=True,  # Ctrl-C in the app's terminal is for the app, which then asks its jobs to stop
    )
    with suppress(OSError, AttributeError):  # it may have ended already, and not every system has this
        os.setpriority(os.PRIO_PROCESS, process.pid, NICER)
    printed: deque[str] = deque(maxlen=KEPT_LINES)
    said: deque[str] = deque(maxlen=KEPT_LINES)
    readers = [
        threading.Thread(target=_collect, args=(process.stdout, printed), daemon=True),
        threading.Thread(target=_listen, args=(process.stderr, job, said), daemon=True),
    ]
    for reader in readers:
        reader.start()
    try:
        _wait(process, job)
    finally:
        _end(process)
        for reader, stream in zip(readers, (process.stdout, process.stderr), strict=True):
            reader.join(timeout=5)
            if stream is not None:
                stream.close()
    if process.returncode != 0 and not job.should_stop():
        raise EntError(said[-1] if said else f"the command ended with status {process.returncode}; try again")
    return _result(printed)


def _wait(process: subprocess.Popen[str], job: Job) -> None:
    asked: float | None = None
    while process.poll() is None:
        if job.should_stop() and asked is None:
            process.send_signal(signal.SIGINT)
            asked = time.monotonic()
        if asked is not None and time.monotonic() - asked > PATIENCE:
            return
        time.sleep(POLL)


def _end(process: subprocess.Popen[str]) -> None:
    """End the command and whatever it has started itself."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            process.wait(timeout=5)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _collect(stream: IO[str] | None, lines: deque[str]) -> None:
    lines.extend(line.rstrip("\n") for line in stream or ())


def _listen(stream: IO[str] | None, job: Job, said: deque[str]) -> None:
    for line in stream or ():
        step = _step(line)
        if step is not None:
            job.report(step)
        elif line.strip():
            said.append(line.strip())


def _step(line: str) -> Step | None:
    try:
        facts = json.loads(line)
        words = str(facts["progress"])
        return Step(words[:1].upper() + words[1:], facts["done"], facts["total"], seconds_left=facts["seconds_left"])
    except (ValueError, KeyError, TypeError):
        return None


def _result(printed: Sequence[str]) -> dict[str, Any]:
    for line in reversed(printed):
        try:
            found = json.loads(line)
        except ValueError:
            continue
        if isinstance(found, dict):
            return found
    return {}
