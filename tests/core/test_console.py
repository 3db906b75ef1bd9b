from __future__ import annotations

import json
import time

import pytest

from core import console
from core.speed import Speed


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
