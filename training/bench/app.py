"""How long a person waits in the app, measured in a browser that does what a person does."""

from __future__ import annotations

import os
import statistics
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Page

from training.bench import app_map
from training.bench.app_map import MapWaits
from training.bench.app_server import running
from training.bench.app_tab import READY, seconds, settle, tab

UPLOAD = '[data-testid="stFileUploaderDropzoneInput"]'
PAGES = ("Gallery", "Embedding map", "Library", "Training", "Evaluation", "Search")


@dataclass(frozen=True)
class Waits:
    """Seconds a person waits, medians but for `start`: from the first request to a page that can be used.

    `page_change` is of all pages, to the title of the other one; `whole_page` of that page which takes longest until
    all of it is there. `drawer` is to the case's image, painted. Pages were visited once before.
    """

    start: float
    page_change: float
    whole_page: float
    drawer: float
    search: float


def measure(library: Path, queries: list[Path], log: Path, rounds: int) -> tuple[Waits, MapWaits]:
    """Drive the app on that library, which is alone in its folder and has a map; each of `queries` is searched with."""
    with _app(library, log) as page:
        start = seconds(lambda: page.goto("/"), page.get_by_text("What are you looking for?").wait_for)
        settle(page)
        page.wait_for_timeout(8_000)  # the engine loads behind the first page
        _search(page, queries[0])
        searches = [_search(page, query) for query in queries[1:]]
        first = app_map.visit(page)
        for name in PAGES:
            _change(page, name)
        changes: dict[str, list[tuple[float, float]]] = {name: [] for name in PAGES}
        for name in [*PAGES] * rounds:
            changes[name].append(_change(page, name))
        drawers = [_drawer(page, number) for number in range(rounds)]
        mapped = app_map.measure(page, rounds, first)
        titles = statistics.median(title for found in changes.values() for title, _ in found)
        whole = max(statistics.median(end for _, end in found) for found in changes.values())
        return Waits(start, titles, whole, statistics.median(drawers), statistics.median(searches)), mapped


def measure_map(library: Path, log: Path, rounds: int) -> MapWaits:
    """The same for the map alone."""
    with _app(library, log) as page:
        page.goto("/")
        settle(page)
        _change(page, "Gallery")
        first = app_map.visit(page)
        _change(page, "Gallery")
        return app_map.measure(page, rounds, first)


@contextmanager
def _app(library: Path, log: Path) -> Iterator[Page]:
    environment = os.environ | {"ENT_LIBRARIES": str(library.parent), "ENT_OFFLINE": "1"}
    with running(environment, log) as url, tab(url) as page:
        yield page


def _change(page: Page, name: str) -> tuple[float, float]:
    """From the click in the sidebar to the title of the other page, and to the end of its script."""
    link = page.get_by_test_id("stSidebar").get_by_role("link", name=name)
    title = page.get_by_test_id("stMain").get_by_role("heading", name=name, exact=True).first
    there = seconds(link.click, title.wait_for)
    whole = there + seconds(lambda: page.wait_for_selector(READY))
    settle(page)
    return there, whole


def _drawer(page: Page, number: int) -> float:
    """From the click on a case of the gallery to the drawer with its title and its image, painted."""
    if "/gallery" not in page.url:
        _change(page, "Gallery")
    card = page.locator(".card").nth(number)
    drawer = page.get_by_role("dialog")
    painted = _painted("img.ent-case-image")
    title = drawer.get_by_text("dataset label").first
    found = seconds(card.click, title.wait_for, lambda: page.wait_for_function(painted))
    settle(page)
    page.keyboard.press("Escape")
    drawer.wait_for(state="detached")
    settle(page)
    return found


def _search(page: Page, query: Path) -> float:
    """From the drop of an image to the first result, painted."""
    page.goto("/")
    settle(page)
    painted = _painted(".card img")
    chosen = page.locator(UPLOAD).first
    return seconds(lambda: chosen.set_input_files(str(query)), lambda: page.wait_for_function(painted))


def _painted(image: str) -> str:
    """Whether the first image of that selector in any component is there with its picture, in the browser's words."""
    return f"""() => [...document.querySelectorAll('*')].some(element => {{
        const image = element.shadowRoot?.querySelector('{image}')
        return image && image.complete && image.naturalWidth
    }})"""
