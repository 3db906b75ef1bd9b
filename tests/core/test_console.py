from __future__ import annotations

import json

import pytest

from core import console


def test_work_that_is_resumed_is_not_taken_for_fast(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ENT_PROGRESS", "json")
    clock = iter((0.0, 1.0, 11.0))
    monkeypatch.setattr(console.time, "monotonic", lambda: now[0])
    now = [next(clock)]
    progress = console.Progress("training", "steps")
    for done in (900, 910):
        now[0] = next(clock)
        progress(done, 1000)

    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert [line["seconds_left"] for line in lines] == [None, 90.0]
