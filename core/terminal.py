"""How a command line program ends: errors in one line, the exit status, Ctrl-C and readers that have gone away."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import typer

from core.console import say_at_once
from core.errors import EntError


def run(app: typer.Typer) -> None:
    """Run a command; an expected error becomes one line on standard error and exit status 2."""
    status: object = 0
    try:
        status = app(sys.argv[1:] or ["--help"], standalone_mode=False)
        sys.stdout.flush()  # here, where a reader that has gone away is no mistake, and not when Python ends
    except EntError as error:
        status = _fail(str(error), error)
    except (KeyboardInterrupt, typer.Abort):
        status = 130
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except Exception as error:
        usage = getattr(error, "format_message", None)  # a mistake in the command line, by typer's own account
        unexpected = f"{type(error).__name__}: {error}; ENT_DEBUG=1 shows where"
        status = _fail(f"{usage()} (see --help)" if usage else unexpected, error)
    sys.exit(status if isinstance(status, int) else 0)


@contextmanager
def interruptible(answer: str) -> Iterator[Callable[[], bool]]:
    """Tells whether somebody has asked to stop, by Ctrl-C or SIGTERM; `answer` is what they read then.

    A second time interrupts at once: KeyboardInterrupt.
    """
    asked: list[int] = []

    def ask(number: int, _frame: object) -> None:
        if asked:
            raise KeyboardInterrupt
        asked.append(number)
        say_at_once(answer, "; interrupt once more to stop at once")

    before = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield lambda: bool(asked)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _fail(message: str, error: Exception) -> int:
    if os.environ.get("ENT_DEBUG", "") not in ("", "0"):
        raise error
    sys.stderr.write("error: " + " ".join(message.split()) + "\n")
    return 2
