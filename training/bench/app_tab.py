"""A browser's tab on the app, and how long what one does in it takes."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

CHROMIUM = Path("/usr/bin/chromium")
READY = '[data-testid="stApp"][data-test-script-state="notRunning"]'


@contextmanager
def tab(url: str) -> Iterator[Page]:
    """A tab of headless Chromium on the app at `url`."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1440, "height": 900}, base_url=url)
        page.set_default_timeout(120_000)
        yield page
        browser.close()


def settle(page: Page) -> None:
    """Wait until the script has run and has not started again at once."""
    for _ in range(2):
        page.wait_for_selector(READY)
        page.wait_for_timeout(150)
    page.wait_for_selector(READY)


def seconds(*actions: Callable[[], object]) -> float:
    """How long these take, one after the other."""
    start = time.perf_counter()
    for action in actions:
        action()
    return time.perf_counter() - start
