"""How long a person waits in the app, measured in a browser that does what a person does."""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import FloatRect, Page, sync_playwright

from training.bench.app_server import running

CHROMIUM = Path("/usr/bin/chromium")
READY = '[data-testid="stApp"][data-test-script-state="notRunning"]'
UPLOAD = '[data-testid="stFileUploaderDropzoneInput"]'
PAGES = ("Gallery", "Embedding map", "Library", "Training", "Evaluation", "Search")
SELECTED = "of the {} cases selected"


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
    lasso: float | None


def measure(library: Path, queries: list[Path], log: Path, rounds: int) -> Waits:
    """Drive the app on that library, alone in its folder; `queries` are images, each searched with once.

    The lasso is measured where the library has a map.
    """
    with (
        running(os.environ | {"ENT_LIBRARIES": str(library.parent), "ENT_OFFLINE": "1"}, log) as url,
        _tab(url) as page,
    ):
        start = _seconds(lambda: page.goto("/"), page.get_by_text("What are you looking for?").wait_for)
        _settle(page)
        page.wait_for_timeout(8_000)  # the engine loads behind the first page
        _search(page, queries[0])
        searches = [_search(page, query) for query in queries[1:]]
        for name in PAGES:
            _change(page, name)
        changes: dict[str, list[tuple[float, float]]] = {name: [] for name in PAGES}
        for name in [*PAGES] * rounds:
            changes[name].append(_change(page, name))
        drawers = [_drawer(page, number) for number in range(rounds)]
        lasso = _lasso(page, rounds) if (library / "maps").is_dir() else None
        titles = statistics.median(title for found in changes.values() for title, _ in found)
        whole = max(statistics.median(end for _, end in found) for found in changes.values())
        return Waits(start, titles, whole, statistics.median(drawers), statistics.median(searches), lasso)


@contextmanager
def _tab(url: str) -> Iterator[Page]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1440, "height": 900}, base_url=url)
        page.set_default_timeout(120_000)
        yield page
        browser.close()


def _settle(page: Page) -> None:
    for _ in range(2):
        page.wait_for_selector(READY)
        page.wait_for_timeout(150)
    page.wait_for_selector(READY)


def _seconds(*actions: Callable[[], object]) -> float:
    start = time.perf_counter()
    for action in actions:
        action()
    return time.perf_counter() - start


def _change(page: Page, name: str) -> tuple[float, float]:
    """From the click in the sidebar to the title of the other page, and to the end of its script."""
    link = page.get_by_test_id("stSidebar").get_by_role("link", name=name)
    title = page.get_by_test_id("stMain").get_by_role("heading", name=name, exact=True).first
    seconds = _seconds(link.click, title.wait_for)
    whole = seconds + _seconds(lambda: page.wait_for_selector(READY))
    _settle(page)
    return seconds, whole


def _drawer(page: Page, number: int) -> float:
    """From the click on a case of the gallery to the drawer with its title and its image, painted."""
    if "/gallery" not in page.url:
        _change(page, "Gallery")
    card = page.locator(".card").nth(number)
    drawer = page.get_by_role("dialog")
    painted = _painted("img.ent-case-image")
    title = drawer.get_by_text("dataset label").first
    seconds = _seconds(card.click, title.wait_for, lambda: page.wait_for_function(painted))
    _settle(page)
    page.keyboard.press("Escape")
    drawer.wait_for(state="detached")
    _settle(page)
    return seconds


def _search(page: Page, query: Path) -> float:
    """From the drop of an image to the first result, painted."""
    page.goto("/")
    _settle(page)
    painted = _painted(".card img")
    chosen = page.locator(UPLOAD).first
    return _seconds(lambda: chosen.set_input_files(str(query)), lambda: page.wait_for_function(painted))


def _painted(image: str) -> str:
    """Whether the first image of that selector in any component is there with its picture, in the browser's words."""
    return f"""() => [...document.querySelectorAll('*')].some(element => {{
        const image = element.shadowRoot?.querySelector('{image}')
        return image && image.complete && image.naturalWidth
    }})"""


def _lasso(page: Page, rounds: int) -> float:
    """From letting go of the mouse, with every point inside the box, to the cases below the map."""
    _change(page, "Embedding map")
    plot = page.locator(".ent-map .js-plotly-plot .nsewdrag").first
    plot.wait_for()
    page.wait_for_timeout(2_000)
    box = plot.bounding_box()
    if box is None:
        raise RuntimeError("the map is not to be seen")
    return statistics.median(_boxed(page, box) for _ in range(rounds))


def _boxed(page: Page, box: FloatRect) -> float:
    page.mouse.dblclick(box["x"] + 4, box["y"] + 4)
    _settle(page)
    page.locator(".card").first.wait_for(state="detached")
    page.mouse.move(box["x"] + 3, box["y"] + 3)
    page.mouse.down()
    corners = ((0.99, 0.01), (0.99, 0.99), (0.01, 0.99), (0.01, 0.02))
    for right, down in corners:
        page.mouse.move(box["x"] + box["width"] * right, box["y"] + box["height"] * down, steps=6)
    seconds = _seconds(page.mouse.up, page.locator(".card").first.wait_for)
    _settle(page)
    return seconds
