"""The script of the map by itself: what it fetches, and what stays as it is when the library changes."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Browser, Page, Route

from core.embedding_map import EmbeddingMap, path_of, save_map
from pages.ui import map_component, map_data, palette
from pages.ui.map_colours import Colouring

pytestmark = [pytest.mark.e2e, pytest.mark.slow]
CASES = 6
IDS = tuple(f"{number:016x}" for number in range(CASES))
NAMES = tuple((name, palette.SERIES[place]) for place, name in enumerate(("Left ear", "Throat")))
PAGE = b"""<!doctype html><body style="background: white"><div class="ent-map"></div>
<script>window.sent = []; window.maps = () => document.querySelector(".ent-map").maps</script></body>"""
SHOW = """(data) => {
  const setTriggerValue = (...sent) => window.sent.push(sent);
  window.show({ data, parentElement: document.body, setStateValue() {}, setTriggerValue });
}"""
STATE = """() => window.maps().panels.map(({ view, tool, points, colours }) => ({
  zoom: [view.scale, ...view.middle], tool, count: points.count,
  colours: Array.from(colours.codes, (code) => colours.colours[code].map((part) => part.toString(16).padStart(2, "0"))),
  ids: [...Array(points.count).keys()].map((row) => points.id(row)),
}))"""


COLOUR_AT = """(row) => {
  const own = window.maps().panels[0];
  const [left, top] = own.pixel(own.place(row));
  return [...own.dots.brush.getImageData(Math.floor(left), Math.floor(top), 1, 1).data].slice(0, 3);
}"""
PLACES = """() => {
  const panel = window.maps().panels[0];
  const box = panel.stage.getBoundingClientRect();
  return [...Array(panel.points.count).keys()].map((row) => panel.pixel(panel.place(row)))
    .map(([left, top]) => [box.left + left, box.top + top]);
}"""
EMPTY = """() => {
  const box = window.maps().panels[0].stage.getBoundingClientRect();
  return [box.left + 4, box.top + 4];
}"""


@dataclass(frozen=True)
class Shown:
    """The page with the maps, the data they were given, and the paths asked of the server."""

    page: Page
    data: dict[str, Any]
    asked: list[str]


def marks(codes: list[int], gone: list[int], new: np.ndarray, ids: tuple[str, ...]) -> bytes:
    values = np.array(codes, np.uint16)
    return map_data._marks([Colouring("class", NAMES, (values, values))], gone, new, ids)


def hexes(code: int) -> list[str]:
    return re.findall(r"[0-9a-f]{2}", NAMES[code][1].light)


def colour_of(code: int, opacity: float = 0.85) -> object:
    """As a point of it is drawn on white."""
    colour = [int(part, 16) for part in hexes(code)]
    return pytest.approx([255 + opacity * (part - 255) for part in colour], abs=2)


@pytest.fixture
def shown(browser: Browser, tmp_path: Path) -> Iterator[Shown]:
    """Two maps of six cases, drawn; what was asked of the server, and how to show them other data."""
    places = np.random.default_rng(0).normal(size=(3, CASES, 2)).astype(np.float32)
    times = np.linspace(0, 1, 3, dtype=np.float32)
    save_map(
        tmp_path, "map", EmbeddingMap("f" * 12, "2024-05-03", 0, CASES, IDS, times, places, np.zeros((2, CASES)), {})
    )
    ground = map_data.ground_of(path_of(tmp_path, "map"), True)
    none, one = np.zeros((3, 0, 2), "<u2"), np.full((3, 1, 2), 30_000, "<u2")
    served = {
        "/points": ground.points.data,
        "/first": marks([0] * CASES, [], none, ()),
        "/label": marks([1] + [0] * (CASES - 1), [], none, ()),
        "/cases": marks([1] * CASES, [2], one, ("e" * 16,)),
        "/": PAGE,
    }
    asked: list[str] = []

    def answer(route: Route) -> None:
        path = route.request.url.partition("map.test")[2].partition("?")[0]
        asked.append(path)
        kind = "text/html" if path == "/" else "application/octet-stream"
        route.fulfill(body=served.get(path, b""), content_type=kind, status=200 if path in served else 404)

    page = browser.new_page()
    page.route("http://map.test/**", answer)
    page.goto("http://map.test/")
    folder = Path(map_component.__file__).parent
    script = "\n".join((folder / part).read_text(encoding="utf-8") for part in map_component.PARTS)
    page.add_style_tag(content=(folder / "map_component.css").read_text(encoding="utf-8"))
    page.add_script_tag(content=script.replace("export default function", "window.show = function"), type="module")
    page.wait_for_function("() => window.show")
    data: dict[str, Any] = {"points": "/points?e=1", "marks": "/first?e=1", "thumbs": "/CASE"}
    data |= {"colour": "class", "time": 1.0, "marked": -1, "query": [], "figures": [[], []], "selected": ""}
    data |= {"titles": ["Before the flow", "After the flow"]}
    page.evaluate(SHOW, data)
    page.wait_for_function("() => window.maps()?.panels.length === 2")
    yield Shown(page, data, asked)
    page.close()


def test_zoom_and_tool_stay_when_labels_change_and_cases_come_and_go(shown: Shown) -> None:
    page, data = shown.page, shown.data
    page.evaluate("""() => window.maps().panels.forEach((panel) => {
        panel.change((view) => view.zoom(3, 40, 50));
        panel.use("pan");
    })""")
    zoomed = page.evaluate(STATE)

    page.evaluate(SHOW, data | {"marks": "/label?e=1"})
    page.wait_for_function("() => new Set(window.maps().panels[0].colours.codes).size > 1")
    relabelled = page.evaluate(STATE)
    page.evaluate(SHOW, data | {"marks": "/cases?e=1", "selected": "IA=="})
    page.wait_for_function("() => window.maps().points.id(5).startsWith('e')")
    changed = page.evaluate(STATE)

    for before, labels, cases in zip(zoomed, relabelled, changed, strict=True):
        assert before["zoom"] == labels["zoom"] == cases["zoom"]
        assert {before["tool"], labels["tool"], cases["tool"]} == {"pan"}
        assert before["colours"] == [hexes(0)] * CASES
        assert labels["colours"] == [hexes(1)] + [hexes(0)] * (CASES - 1)
        assert cases["ids"] == [*IDS[:2], *IDS[3:], "e" * 16]
    assert page.evaluate("() => window.maps().panels[1].rows") == [5]
    assert shown.asked.count("/points") == 1
    assert json.dumps(shown.asked).count("/cases") == 1


def test_a_point_is_drawn_at_its_place_in_its_colour_and_greyed_when_others_are_chosen(shown: Shown) -> None:
    page = shown.page
    assert [page.evaluate(COLOUR_AT, row) for row in range(CASES)] == [colour_of(0)] * CASES
    page.evaluate(SHOW, shown.data | {"marks": "/label?e=1"})
    page.wait_for_function("() => new Set(window.maps().panels[0].colours.codes).size > 1")
    assert [page.evaluate(COLOUR_AT, row) for row in (0, 1)] == [colour_of(1), colour_of(0)]

    page.evaluate(SHOW, shown.data | {"marks": "/label?e=1", "selected": "AQ=="})
    chosen, other = (page.evaluate(COLOUR_AT, row) for row in (0, 1))
    assert chosen == colour_of(1, 1.0)
    assert min(other) > 200
    page.evaluate("() => window.maps().panels[0].change((view) => view.move(9, -7))")
    assert page.evaluate(COLOUR_AT, 0) == colour_of(1, 1.0)


@pytest.mark.parametrize("tool", ["lasso", "select"])
def test_what_is_drawn_around_is_chosen_and_shift_adds_to_it(shown: Shown, tool: str) -> None:
    page = shown.page
    page.evaluate("(tool) => window.maps().use(tool)", tool)
    places = page.evaluate(PLACES)
    for row, (x, y) in enumerate(places[:2]):
        page.mouse.move(x - 9, y - 9)
        page.mouse.down()
        for corner in ((x + 9, y - 9), (x + 9, y + 9), (x - 9, y + 9)) if tool == "lasso" else ((x + 9, y + 9),):
            page.mouse.move(*corner, steps=3)
        page.mouse.up()
        assert page.evaluate("() => window.maps().panels.map((panel) => panel.rows)") == [list(range(row + 1))] * 2
        page.keyboard.down("Shift")
    assert page.evaluate("() => window.sent.map(([name]) => name)") == ["select", "select"]
    page.keyboard.up("Shift")
    page.mouse.dblclick(*page.evaluate(EMPTY))
    assert page.evaluate("() => window.maps().rows") == []


def test_the_wheel_and_the_hand_change_what_is_seen_and_escape_ends_a_lasso(shown: Shown) -> None:
    page = shown.page
    x, y = page.evaluate(PLACES)[3]
    page.mouse.move(x, y)
    page.mouse.wheel(0, -300)
    page.wait_for_function("() => window.maps().panels[0].view.scale > 1.3 * window.maps().panels[1].view.scale")
    assert page.evaluate(PLACES)[3] == pytest.approx([x, y], abs=0.5)
    page.evaluate("() => window.maps().use('pan')")
    page.mouse.down()
    page.mouse.move(x + 40, y + 25, steps=4)
    page.mouse.up()
    assert page.evaluate(PLACES)[3] == pytest.approx([x + 40, y + 25], abs=0.5)
    page.get_by_role("button", name="Whole map").click()
    assert page.evaluate("() => window.maps().panels.map((panel) => panel.view.scale / panel.view.fitting())") == [1, 1]

    page.evaluate("() => window.maps().use('lasso')")
    page.mouse.move(x - 30, y - 30)
    page.mouse.down()
    page.mouse.move(x + 30, y + 30, steps=4)
    page.keyboard.press("Escape")
    page.mouse.up()
    assert page.evaluate("() => window.sent") == []


def test_a_point_is_shown_under_the_pointer_and_opened_by_a_click(shown: Shown) -> None:
    page = shown.page
    x, y = page.evaluate(PLACES)[4]
    page.mouse.move(x + 3, y - 3)
    page.get_by_text("Left ear", exact=True).nth(1).wait_for()
    page.mouse.down()
    page.mouse.up()
    assert page.evaluate("() => window.sent") == [["open", IDS[4]]]
    page.locator(".plot").first.focus()
    for key in ("+", "+", "-"):
        page.keyboard.press(key)
    assert page.evaluate("() => { const { view } = window.maps().panels[0]; return view.scale / view.fitting() }") > 1.3
    page.keyboard.press("0")
    assert page.evaluate("() => { const { view } = window.maps().panels[0]; return view.scale / view.fitting() }") == 1
