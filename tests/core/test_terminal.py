"""Ctrl-C, which may come at any moment."""

from __future__ import annotations

import json
import signal
import subprocess
import sys

import pytest

from core import console
from core.terminal import interruptible

IN_EVERY_IMPORT = """
import os, signal, sys
from core.console import say_aside
from core.terminal import interruptible

def interrupt_in(nth):
    def look(frame, event, _):
        nonlocal nth
        if event == "call" and frame.f_code.co_name == "<module>":
            nth -= 1
            if nth == 0:
                signal.raise_signal(signal.SIGINT)
    return look

def said(nth):
    with interruptible("stopping") as asked:
        sys.setprofile(interrupt_in(nth))
        say_aside("training")
        sys.setprofile(None)
        return asked()

nth = 1
while True:
    child = os.fork()
    if not child:
        os._exit(0 if said(nth) else 3)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if status:
        break
    nth += 1
print(nth, status)
"""


def test_the_first_interrupt_is_answered_and_the_second_is_one(capfd: pytest.CaptureFixture[str]) -> None:
    before = signal.getsignal(signal.SIGINT)
    with interruptible("stopping after the image in hand") as asked:
        assert not asked()
        signal.raise_signal(signal.SIGINT)
        assert asked()
        assert capfd.readouterr().err == "stopping after the image in hand; interrupt once more to stop at once\n"
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGTERM)
    assert signal.getsignal(signal.SIGINT) is before


def test_a_program_reads_the_answer_as_a_step(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ENT_PROGRESS", "json")
    console.say_at_once("stopping", "; interrupt once more")
    step = json.loads(capfd.readouterr().err)
    assert step == {"progress": "stopping", "done": 0, "total": 0, "unit": "", "seconds_left": None}


@pytest.mark.skipif(sys.platform == "win32", reason="tries one moment after another in copies of one process")
def test_an_interrupt_in_the_midst_of_an_import_is_answered_too() -> None:
    """The first line that is written imports parts of rich; a handler that did the same would find them half there."""
    done = subprocess.run([sys.executable, "-c", IN_EVERY_IMPORT], capture_output=True, text=True, check=False)
    moments, status = map(int, done.stdout.split())
    assert status == 3, done.stderr  # no import is left to interrupt
    assert moments > 1
    assert done.stderr.count("stopping; interrupt once more") == moments - 1
