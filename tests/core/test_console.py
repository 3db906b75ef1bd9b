from __future__ import annotations

import json
import time
from io import StringIO

import pytest
from rich.console import Console
from rich.text import Text

from core import console
from core.speed import Speed
from core.trainer import Epoch


def test_work_that_is_resumed_is_not_taken_for_fast(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ENT_PROGRESS", "json")
    now = [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    progress = console.Progress("training", "steps")
    for at, done in ((1.0, 900), (11.0, 910)):
        now[0] = at
        progress(done, 1000)

    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert [line["seconds_left"] for line in lines] == [None, 90.0]


def test_on_a_narrow_terminal_words_give_way_to_count_and_time(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = StringIO()
    monkeypatch.setattr(
        console, "Console", lambda **_: Console(file=shown, force_terminal=True, width=80, legacy_windows=False)
    )
    progress = console.Progress("training default-9c6225", "epochs")
    progress.epoch(Epoch(3, 3.498, 1.309, 0.957, 3e-4, 0.5, best=True), 20)
    progress.close()
    line = Text.from_ansi(shown.getvalue()).plain
    assert "3/20" in line
    assert "training default-9c6225: validation" in line
    assert max(map(len, line.splitlines())) <= 80


def test_another_phase_is_measured_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    speed = Speed()
    left: list[float | None] = []
    for at, done, total in ((0.0, 0, 10), (100.0, 10, 10), (100.0, 0, 500), (101.0, 100, 500), (102.0, 200, 500)):
        now[0] = at
        speed.tell(done, total)
        left.append(speed.seconds_left)
    assert left == [None, 0.0, None, 4.0, 3.0]
