"""How fast work goes on and how long it still takes, from what it says of itself as it is done."""

from __future__ import annotations

import time


class Speed:
    """Units a second since work was first heard of, which may be a resumed one, or was begun anew.

    It begins anew by itself where fewer units are done than before, or there are others in all: at another phase.
    """

    def __init__(self) -> None:
        self._begun: tuple[float, int] | None = None
        self._last = (0, 0)

    def begin_anew(self) -> None:
        """Forget how fast it was: from here on the units are of another kind."""
        self._begun = None

    def tell(self, done: int, total: int) -> None:
        """Take note that `done` of `total` units are done just now."""
        last_done, last_total = self._last
        if self._begun is None or done < last_done or total != last_total:
            self._begun = (time.monotonic(), done)
        self._last = (done, total)

    @property
    def rate(self) -> float:
        """Units a second; 0 while that cannot be told."""
        if self._begun is None:
            return 0.0
        began, before = self._begun
        seconds, done = time.monotonic() - began, self._last[0] - before
        return done / seconds if seconds > 0 else 0.0

    @property
    def seconds_left(self) -> float | None:
        """Until all units are done at this rate; None while that cannot be told."""
        done, total = self._last
        rate = self.rate
        return (total - done) / rate if rate > 0 else None
