"""What the server does around the pages: load heavy parts early, and answer to its own names only."""

from __future__ import annotations

import asyncio
import gc
import importlib
import logging
import threading
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import streamlit as st
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware

from pages.ui import engine, resources, tasks

LOG = logging.getLogger(__name__)
HEAVY = ("torch", "open_clip", "chromadb", "core.library")
NO_PAGE_YET = 3.0
"""Seconds to wait for the first page before the heavy libraries are imported all the same."""

BROWSER_LOADS = 0.7
"""Seconds that the browser still fetches parts of the page after the script has run."""

LOOK_FOR_UNUSED = 60.0
"""Seconds between looks for libraries that nobody uses."""

JOBS_END = 10.0
"""Seconds that jobs have to end well when the app is stopped."""

_first_page = threading.Event()


@asynccontextmanager
async def lifespan(_app: st.App) -> AsyncIterator[dict[str, Any]]:
    """Serve at once; import the heavy libraries after the first page, so that the first search need not wait.

    At the end jobs are asked to stop; not trainings, which take hours, and which the next start finds again.
    """
    threading.Thread(target=_import_heavy, name="preload", daemon=True).start()
    threading.Thread(target=_let_rest, name="rest", daemon=True).start()
    yield {}
    await asyncio.to_thread(resources.jobs().stop_all, JOBS_END, (tasks.TRAIN,))


def guards() -> list[Middleware]:
    """Refuse requests under any other host name (DNS rebinding); the websocket has its own list, the same one."""
    return [Middleware(TrustedHostMiddleware, allowed_hosts=st.get_option("server.allowedHosts"), www_redirect=False)]


def page_shown() -> None:
    """Told by the shell at the end of a run."""
    _first_page.set()


def _let_rest() -> None:
    """Now and then let go of what libraries hold in memory that nobody looks at any more."""
    while True:
        time.sleep(LOOK_FOR_UNUSED)
        try:
            if engine.let_unused_rest():
                gc.collect()
        except Exception:  # the next time is soon enough
            LOG.exception("could not let go of a library that is not used")


def _import_heavy() -> None:
    if _first_page.wait(NO_PAGE_YET):
        time.sleep(BROWSER_LOADS)  # importing at the same time made the first page a second slower
    for module in HEAVY:
        try:
            importlib.import_module(module)
        except Exception:  # whoever needs the module says so in words; here it is only early
            LOG.exception("could not load %s early", module)
    gc.collect()
    gc.freeze()  # the garbage collector need not walk through these libraries again: 0.4 s each time, measured
