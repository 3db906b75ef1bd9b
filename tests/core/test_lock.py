"""One writer at a time, between threads and between processes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from core.errors import LibraryBusy, LibraryError
from core.lock import FileGuard, WriterLock

HOLD = """
import sys, time
from pathlib import Path
from core.lock import WriterLock

with WriterLock(Path(sys.argv[1])).held():
    print("held", flush=True)
    time.sleep(60)
"""


def hold_in_another_process(path: Path) -> subprocess.Popen[str]:
    process = subprocess.Popen([sys.executable, "-c", HOLD, str(path)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def end(process: subprocess.Popen[str]) -> None:
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()


def test_a_second_writer_is_told_who_holds_the_lock(tmp_path: Path) -> None:
    path = tmp_path / "writer.lock"
    process = hold_in_another_process(path)
    waits: list[str] = []
    try:
        with pytest.raises(LibraryBusy, match=f"process {process.pid}"), WriterLock(path).held(0.1, waits.append):
            pass
    finally:
        end(process)
    assert waits == [f"waiting for another program (process {process.pid}) to finish writing to this library"]


@pytest.mark.parametrize("back", [True, False])
def test_who_waits_for_a_library_that_is_removed_does_not_write_to_what_comes_after_it(
    tmp_path: Path, back: bool
) -> None:
    root = tmp_path / "library"
    root.mkdir()
    (root / "catalog.db").write_text("old")
    lock = WriterLock(root / "writer.lock", of=root / "catalog.db")
    process = hold_in_another_process(root / "writer.lock")

    def replace_it(_said: str) -> None:
        root.rename(tmp_path / "gone")
        if back:
            root.mkdir()
            (root / "catalog.db").write_text("new")

    try:
        with pytest.raises(LibraryError, match="removed or replaced"), lock.held(on_wait=replace_it):
            raise AssertionError("held")
        with pytest.raises(LibraryError, match="removed or replaced"), lock.held(0):
            raise AssertionError("held")
    finally:
        end(process)
    assert not (root / "writer.pid").exists()
    assert root.exists() == back


def test_the_lock_of_a_killed_process_is_free_and_its_crash_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "writer.lock"
    end(hold_in_another_process(path))
    crashes: list[str] = []
    lock = WriterLock(path, lambda: crashes.append("crash"))
    with lock.held(0):
        assert crashes == ["crash"]
    with lock.held(0):
        assert crashes == ["crash"]


def test_threads_exclude_each_other(tmp_path: Path) -> None:
    lock = WriterLock(tmp_path / "writer.lock")
    refused = threading.Event()

    def try_it() -> None:
        try:
            with lock.held(0):
                pass
        except LibraryBusy:
            refused.set()

    with lock.held():
        thread = threading.Thread(target=try_it)
        thread.start()
        thread.join()
    assert refused.is_set()


def test_the_guard_may_be_taken_again_by_its_holder_only(tmp_path: Path) -> None:
    guard = FileGuard(tmp_path / "lock")
    order: list[str] = []

    def other() -> None:
        with guard:
            order.append("other")

    with guard, guard:
        thread = threading.Thread(target=other)
        thread.start()
        thread.join(0.2)
        order.append("holder")
    thread.join()
    assert order == ["holder", "other"]
