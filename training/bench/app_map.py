"""How long a person waits on the Embedding map: until it is drawn, for an image, a time, a colour, a selection."""

from __future__ import annotations

import re
import statistics
from dataclasses import dataclass

from playwright.sync_api import FloatRect, Page

from training.bench.app_tab import seconds, settle

LASSOED = 5_000
"""Points that the lasso takes, where the map has as many: what was asked for is said of so many."""
STAGE = ".ent-map .stage"
DRAWN = "() => document.querySelector('.ent-map')?.maps?.panels.length > 0"
PAINTED = "() => new Promise((painted) => requestAnimationFrame(() => setTimeout(painted)))"
MOVED = """async (time) => {
    const { slider } = document.querySelector(".ent-map").maps;
    const start = performance.now();
    slider.value = time;
    slider.dispatchEvent(new Event("input"));
    await new Promise((painted) => requestAnimationFrame(() => setTimeout(painted)));
    return (performance.now() - start) / 1000;
}"""
PLAYED = """async () => {
    const maps = document.querySelector(".ent-map").maps;
    let frames = 0;
    const watch = new MutationObserver(() => (frames += 1));
    watch.observe(maps.told, { childList: true, characterData: true, subtree: true });
    const start = performance.now();
    maps.play.click();
    await new Promise((ended) => {
        const look = () => (maps.play.textContent === "Play" ? ended() : setTimeout(look, 5));
        look();
    });
    watch.disconnect();
    return frames / ((performance.now() - start) / 1000);
}"""
CORNER = """(wanted) => {
    const panel = document.querySelector(".ent-map").maps.panels[0];
    const places = Array.from({ length: panel.points.count }, (_, row) => panel.pixel(panel.place(row)));
    if (places.length <= wanted) return [panel.view.width - 3, panel.view.height - 3];
    const right = Math.ceil(places.map(([left]) => left).sort((a, b) => a - b)[wanted - 1]) + 1;
    const tops = places.filter(([left]) => left < right).map(([, top]) => top).sort((a, b) => a - b);
    return [right, Math.round(tops[wanted - 1])];
}"""
PLACES = """(many) => {
    const { panels: [panel] } = document.querySelector(".ent-map").maps;
    const box = panel.stage.getBoundingClientRect();
    const rows = Array.from({ length: many }, (_, at) => Math.floor(((at + 0.5) * panel.points.count) / many));
    return rows.map((row) => panel.pixel(panel.place(row))).map(([x, y]) => [box.left + x, box.top + y]);
}"""


@dataclass(frozen=True)
class MapWaits:
    """Seconds, medians: `drawn` is from the click on the page's name, `first` the same at the first visit of all.

    `lasso` is from letting go of the mouse to the cases below the map: `lassoed` of `points`. `frames` are pictures a
    second while the flow is played; none, and no `slider`, where there is no flow.
    """

    first: float
    drawn: float
    hover: float
    colour: float
    lasso: float
    lassoed: int
    points: int
    slider: float | None
    frames: float | None


def visit(page: Page) -> float:
    """Come to the map from another page."""
    link = page.get_by_test_id("stSidebar").get_by_role("link", name="Embedding map")
    drawn = seconds(link.click, lambda: page.wait_for_function(DRAWN))
    settle(page)
    return drawn


def measure(page: Page, rounds: int, first: float) -> MapWaits:
    """Drive the map of the library in use, from another page on; `first` is what the first visit took."""
    drawn = visit(page)
    page.wait_for_timeout(2_000)
    hover = statistics.median([_pointed(page, at) for at in page.evaluate(PLACES, rounds)])
    slider = frames = None
    if page.locator(".ent-map .clock").count():
        slider = statistics.median([page.evaluate(MOVED, (number + 0.5) / rounds) for number in range(rounds)])
        frames = page.evaluate(PLAYED)
        settle(page)
    colour = statistics.median([_coloured(page, name) for name in ("Region", "Class", "Region", "Class")])
    lasso = statistics.median([_lassoed(page) for _ in range(rounds)])
    said = page.get_by_text(re.compile(r"^\S.* of .* cases selected$")).inner_text()
    lassoed, points = (int(re.sub(r"\D", "", part)) for part in said.split(" of "))
    return MapWaits(first, drawn, hover, colour, lasso, lassoed, points, slider, frames)


def _pointed(page: Page, at: tuple[float, float]) -> float:
    card = page.locator(".ent-map .pointed")
    page.mouse.move(2, 2)
    card.wait_for(state="hidden")
    return seconds(lambda: page.mouse.move(*at), card.wait_for)


def _coloured(page: Page, name: str) -> float:
    """From choosing another colour to its legend and its points, painted."""
    page.get_by_role("combobox", name=re.compile("Colour by")).first.click()
    option = page.get_by_role("option", name=f"Colour by {name.lower()}")
    legend = page.get_by_role("group", name=f"{name}: select the cases of a value")
    found = seconds(option.click, legend.wait_for, lambda: page.evaluate(PAINTED))
    settle(page)
    return found


def _lassoed(page: Page) -> float:
    """From letting go of the mouse to the cases below the map: points on the left, as many as are wanted."""
    clear = page.get_by_role("button", name="Clear", exact=True)
    if clear.count():
        clear.click()
        page.locator(".card").first.wait_for(state="detached")
    page.mouse.move(2, 2)
    settle(page)
    stage = page.locator(STAGE).first
    stage.scroll_into_view_if_needed()
    box = stage.bounding_box()
    if box is None:
        raise RuntimeError("the map is not to be seen")
    draw_around(page, box, *page.evaluate(CORNER, LASSOED))
    found = seconds(page.mouse.up, page.locator(".card").first.wait_for)
    settle(page)
    return found


def draw_around(page: Page, box: FloatRect, right: float, bottom: float) -> None:
    """Draw a lasso around the upper left part of a map, and hold it."""
    page.mouse.move(box["x"] + 3, box["y"] + 3)
    page.mouse.down()
    for x, y in ((right, 3), (right, bottom), (3, bottom), (3, 6)):
        page.mouse.move(box["x"] + x, box["y"] + y, steps=6)
