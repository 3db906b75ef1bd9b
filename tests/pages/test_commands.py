from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from core.errors import EntError
from core.settings import ROOT
from pages.ui import commands, resources, server, tasks
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


LEAVES = """
import sys, time
from pages.ui import commands, tasks
from pages.ui.jobs import Jobs
jobs = Jobs()
job = jobs.start(tasks.TRAIN, "Training", "", lambda job: commands.run(job, ["lasting", sys.argv[1]]))
while job.step.words != "Up":
    time.sleep(0.05)
jobs.stop_all(10, (tasks.TRAIN,))
"""


def test_a_training_goes_on_when_the_app_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "lasting.py").write_text(
        "import json, os, pathlib, sys, time\n"
        "up = json.dumps({'progress': 'up', 'done': 0, 'total': 0, 'seconds_left': None})\n"
        "app = os.getppid()\n"
        "while os.getppid() == app:\n"
        "    print(up, file=sys.stderr, flush=True)\n"
        "    time.sleep(0.1)\n"
        "print(up, file=sys.stderr, flush=True)\n"
        "print(up, flush=True)\n"
        "pathlib.Path(sys.argv[1]).touch()\n"
    )
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join((str(tmp_path), str(ROOT))))
    subprocess.run([sys.executable, "-c", LEAVES, str(tmp_path / "learnt")], check=True, timeout=60)
    _until((tmp_path / "learnt").exists)


def test_at_its_end_the_app_stops_all_work_but_trainings(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "_import_heavy", lambda: None)
    importing, training = (
        resources.jobs().start(kind, kind, "", lambda job: job._stop.wait(60)) for kind in (tasks.IMPORT, tasks.TRAIN)
    )

    async def serve() -> None:
        async with server.lifespan(None):
            pass

    apart = threading.Thread(target=lambda: asyncio.run(serve()))  # a browser that is open keeps a loop in this one
    apart.start()
    apart.join()
    assert importing.state == "stopped"
    assert training.running
    assert not training.stopping
    training.stop()


def test_words_are_heard_line_by_line_however_long(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "talking.py").write_text("import sys\nsys.stderr.write('x' * 200_000 + '\\nthe end')\nsys.exit(1)\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with pytest.raises(EntError, match=r"^the end$"):
        commands.run(Job("talk", "Talking", ""), ["talking"])


def _until(true: Callable[[], bool], seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end
        threading.Event().wait(0.05)
