from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from core.errors import EntError
from pages.ui import commands
from pages.ui.jobs import Job, Jobs


def test_a_command_gives_its_result_and_tells_how_far_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "counting.py").write_text(
        "import json, sys\n"
        "for n in range(3):\n"
        "    line = {'progress': 'counting', 'done': n + 1, 'total': 3, 'unit': 'numbers', 'seconds_left': 2.0}\n"
        "    print(json.dumps(line), file=sys.stderr)\n"
        "print(json.dumps({'counted': 3}))\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    job = Job("count", "Counting", "")
    assert commands.run(job, ["counting"]) == {"counted": 3}
    assert (job.step.words, job.step.done, job.step.total, job.step.seconds_left) == ("Counting", 3, 3, 2.0)


def test_a_command_that_waits_for_another_writer_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "queueing.py").write_text("from core.console import say_waiting\nsay_waiting('waiting for another')\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    job = Job("queue", "Queueing", "")
    commands.run(job, ["queueing"])
    assert job.step.words == "Waiting for another"


def test_a_command_that_fails_says_why_in_its_own_words(tmp_path: Path) -> None:
    with pytest.raises(EntError, match="is not a library"):
        commands.run(Job("info", "Info", ""), ["core", "info", str(tmp_path / "none"), "--json"])


def test_a_stopped_job_interrupts_its_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "waiting.py").write_text(
        "import json, sys, time\n"
        "try:\n"
        "    print(json.dumps({'progress': 'up', 'done': 0, 'total': 0, 'seconds_left': None}), file=sys.stderr, "
        "flush=True)\n"
        "    time.sleep(60)\n"
        "except KeyboardInterrupt:\n"
        "    print(json.dumps({'kept': True}))\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    jobs = Jobs()
    job = jobs.start("wait", "Waiting", "", lambda job: commands.run(job, ["waiting"]))
    _until(lambda: job.step.words == "Up")
    job.stop()
    _until(lambda: not job.running)
    assert (job.state, job.result) == ("stopped", {"kept": True})


def _until(true: Callable[[], bool], seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end
        threading.Event().wait(0.05)
