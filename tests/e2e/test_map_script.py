"""The script of the map by itself: what it fetches, and what stays as it is when the library changes."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Browser, Route

from core.embedding_map import EmbeddingMap, path_of, save_map
from pages.ui import map_component, map_data, palette
from pages.ui.map_colours import Colouring

pytestmark = [pytest.mark.e2e, pytest.mark.slow]
CASES = 6
NAMES = tuple((name, palette.SERIES[place]) for place, name in enumerate(("Left ear", "Throat")))
PAGE = b"""<!doctype html><body style="background: white"><div class="ent-map"></div>
<script>window.maps = () => document.querySelector(".ent-map").maps</script></body>"""
SHOW = """(data) => {
  window.show({ data, parentElement: document.body, setStateValue() {}, setTriggerValue() {} });
}"""
STATE = """() => window.maps().panels.map(({ view, tool, points, colours }) => ({
  zoom: [view.scale, ...view.middle], tool, count: points.count,
  colours: Array.from(colours.codes, (code) => colours.colours[code].map((part) => part.toString(16).padStart(2, "0"))),
  ids: [...Array(points.count).keys()].map((row) => points.id(row)),
}))"""


def marks(codes: list[int], gone: list[int], new: np.ndarray, ids: tuple[str, ...]) -> bytes:
    values = np.array(codes, np.uint16)
    return map_data._marks([Colouring("class", NAMES, (values, values))], gone, new, ids)


def hexes(code: int) -> list[str]:
    return re.findall(r"[0-9a-f]{2}", NAMES[code][1].light)


def test_zoom_and_tool_stay_when_labels_change_and_cases_come_and_go(browser: Browser, tmp_path: Path) -> None:
    ids = tuple(f"{number:016x}" for number in range(CASES))
    places = np.random.default_rng(0).normal(size=(3, CASES, 2)).astype(np.float32)
    times = np.linspace(0, 1, 3, dtype=np.float32)
    save_map(
        tmp_path, "map", EmbeddingMap("f" * 12, "2024-05-03", 0, CASES, ids, times, places, np.zeros((2, CASES)), {})
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
        assert cases["ids"] == [*ids[:2], *ids[3:], "e" * 16]
    assert page.evaluate("() => window.maps().panels[1].rows") == [5]
    assert asked.count("/points") == 1
    assert json.dumps(asked).count("/cases") == 1
    page.close()
