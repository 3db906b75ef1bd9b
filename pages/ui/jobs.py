"""Long work in threads of its own: it goes on when the person clicks elsewhere, reloads or closes the tab."""

from __future__ import annotations

import logging
import threading
import time
import uuid
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import Any, Literal

from core.errors import EntError, Stopped

LOG = logging.getLogger(__name__)
KEPT = 20
State = Literal["running", "done", "stopped", "failed"]


@dataclass(frozen=True)
class Step:
    """How far a job is: what it does just now, and how much of it where that can be told."""

    words: str
    done: int = 0
    total: int = 0
    rate: float = 0.0
    seconds_left: float | None = None

    @property
    def share(self) -> float:
        return min(1.0, self.done / self.total) if self.total else 0.0


@dataclass
class Job:
    """One piece of work on a library (its id): how far it has come, how it ended. Its thread writes, any may read."""

    kind: str
    title: str
    library: str
    job_id: str = field(default_factory=lambda: uuid.uuid4().hex[:12])
    state: State = "running"
    step: Step = Step("Starting")
    result: Any = None
    error: str | None = None
    started: float = field(default_factory=time.time)
    ended: float | None = None
    _stop: threading.Event = field(default_factory=threading.Event, repr=False)

    @property
    def running(self) -> bool:
        return self.state == "running"

    @property
    def stopping(self) -> bool:
        return self.running and self._stop.is_set()

    @property
    def seconds(self) -> float:
        return (self.ended or time.time()) - self.started

    def report(self, step: Step) -> None:
        """Called by the work to tell how far it is."""
        self.step = step

    def should_stop(self) -> bool:
        """Asked by the work between its steps."""
        return self._stop.is_set()

    def stop(self) -> None:
        """Ask the work to end at its next step; what it has stored by then stays."""
        self._stop.set()


class Jobs:
    """All jobs of this process, the newest last."""

    def __init__(self) -> None:
        self._jobs: list[Job] = []
        self._lock = threading.Lock()

    def start(
        self,
        kind: str,
        title: str,
        library: str,
        work: Callable[[Job], Any],
        unless: Callable[[Job], bool] = lambda running: False,
    ) -> Job:
        """Run `work(job)` in a thread; what it returns becomes `job.result`.

        A running job that `unless` is true of is returned instead: two clicks, or two people, must not begin twice.
        """
        job = Job(kind, title, library)
        with self._lock:
            for other in self._jobs:
                if other.running and unless(other):
                    return other
            self._jobs.append(job)
            ended = [old for old in self._jobs if not old.running]
            self._jobs = [old for old in self._jobs if old.running or old in ended[-KEPT:]]
        threading.Thread(target=_run, args=(job, work), name=f"job-{kind}", daemon=True).start()
        return job

    def of(self, library: str) -> list[Job]:
        """The jobs of one library, the newest first."""
        with self._lock:
            return [job for job in reversed(self._jobs) if job.library == library]

    def running(self, library: str) -> list[Job]:
        return [job for job in self.of(library) if job.running]

    def find(self, job_id: str) -> Job | None:
        with self._lock:
            return next((job for job in self._jobs if job.job_id == job_id), None)

    def stop_all(self, patience: float, but: Collection[str] = ()) -> None:
        """Ask all work to end, and wait for it up to `patience` seconds: for the end of the process.

        Work of the kinds in `but` is left alone: it is done by a process of its own, which goes on.
        """
        with self._lock:
            running = [job for job in self._jobs if job.running and job.kind not in but]
        for job in running:
            job.stop()
        until = time.monotonic() + patience
        while any(job.running for job in running) and time.monotonic() < until:
            time.sleep(0.05)

    def dismiss_ended(self, library: str) -> None:
        """Forget those jobs of a library that have ended."""
        with self._lock:
            self._jobs = [job for job in self._jobs if job.running or job.library != library]

    def dismiss(self, job_id: str) -> None:
        """Forget a job that has ended."""
        with self._lock:
            self._jobs = [job for job in self._jobs if job.running or job.job_id != job_id]


def _run(job: Job, work: Callable[[Job], Any]) -> None:
    try:
        job.result = work(job)
        job.state = "stopped" if job.should_stop() else "done"
    except Stopped:
        job.state = "stopped"
    except EntError as error:
        job.error, job.state = str(error), "failed"
    except Exception:  # the thread's last line of defence: the page must say something, the log says what
        LOG.exception("job %s failed", job.kind)
        job.error = "Something went wrong that was not foreseen; the log of the app has the details."
        job.state = "failed"
    finally:
        job.ended = time.time()
