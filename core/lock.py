"""Locks that hold between processes: one writer a library, and a short one round the files of its index."""

from __future__ import annotations

import math
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType

from filelock import FileLock, Timeout

from core.errors import LibraryBusy, LibraryError, Stopped
from core.whole_file import inode_of

GONE = "this library was removed or replaced by another since it was opened; open it again"


class WriterLock:
    """The right to write to a library: held by one process, one thread at a time; the system frees it at a crash."""

    def __init__(self, path: Path, on_crash: Callable[[], object] = lambda: None, of: Path | None = None) -> None:
        """`on_crash` is called, with the lock held, where the last holder died without letting go of it.

        `of` is the file that the lock stands for, as it is there now.
        """
        self.path = path
        self._on_crash = on_crash
        self._mark = path.with_suffix(".pid")
        self._of = of
        self._inode = 0 if of is None else inode_of(of)

    @contextmanager
    def held(
        self,
        timeout: float = math.inf,
        on_wait: Callable[[str], None] = lambda said: None,
        should_stop: Callable[[], bool] = lambda: False,
    ) -> Iterator[None]:
        """Hold the lock, waiting up to `timeout` seconds for it; `on_wait` is told once whom we wait for.

        Raises LibraryBusy when it is not free in time, Stopped when `should_stop` says so while we wait, LibraryError
        when the library has been removed or replaced since it was opened: what is written to the old one is lost.
        """
        lock = FileLock(self.path, is_singleton=False)  # a new one each time: threads exclude each other too
        self._check_that_it_is_there()
        try:
            lock.acquire(timeout=0)
        except Timeout:
            if timeout > 0:
                on_wait(f"waiting for {self._owner()} to finish writing to this library")
            self._wait(lock, time.monotonic() + timeout, should_stop)
        try:
            self._check_that_it_is_there()
            crashed = self._mark.exists()
            self._mark.write_text(str(os.getpid()))
            if crashed:
                self._on_crash()
            yield
            self._mark.unlink(missing_ok=True)  # it stays after an error, so that the next one looks what was left
        finally:
            lock.release()

    def _wait(self, lock: FileLock, until: float, should_stop: Callable[[], bool]) -> None:
        while True:
            if should_stop():
                raise Stopped(f"stopped while {self._owner()} was writing to this library; nothing was changed")
            if time.monotonic() >= until:
                raise LibraryBusy(f"{self._owner()} is writing to this library; try again when it has finished")
            self._check_that_it_is_there()
            with suppress(Timeout):
                lock.acquire(timeout=min(0.2, max(0.0, until - time.monotonic())), poll_interval=0.05)
                return

    def _check_that_it_is_there(self) -> None:
        """Also before the lock is asked for: asking makes the folder where there is none."""
        if self._of is not None and inode_of(self._of) != self._inode:
            raise LibraryError(GONE)

    def _owner(self) -> str:
        with suppress(OSError, ValueError):
            process = int(self._mark.read_text())
            own = process == os.getpid()
            return "other work of this program" if own else f"another program (process {process})"
        return "another program"


class FileGuard:
    """A lock between processes and threads that the thread holding it may take again."""

    def __init__(self, path: Path) -> None:
        self._threads = threading.RLock()
        self._file = FileLock(path, thread_local=False, is_singleton=False)

    def __enter__(self) -> None:
        self._threads.acquire()
        try:
            self._file.acquire()
        except BaseException:
            self._threads.release()
            raise

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self._file.release()
        finally:
            self._threads.release()
