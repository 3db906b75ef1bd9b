"""The Embedding map: made in a job, drawn, and the way from points to cases by mouse and by keyboard."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
import torch
from playwright.sync_api import Page, expect

from core.flow import Flow
from core.library import Library
from core.sources import open_source
from core.vector_field import VectorField
from tests.e2e.conftest import Server, folder_of_scopes, settle

pytestmark = [pytest.mark.e2e, pytest.mark.slow]
CASES = 40
POINT = """() => {
  const panel = document.querySelector(".ent-map").maps.panels[0];
  const box = panel.plot.getBoundingClientRect();
  const [x, y] = panel.pixel(panel.place(0));
  return [box.left + x, box.top + y];
}"""


@pytest.fixture(scope="module")
def mapped(server: Server, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A library with an active flow and no map yet; its name."""
    source = folder_of_scopes(tmp_path_factory.mktemp("mapped") / "source", {"ear-left": 22, "throat": 18}, start=900)
    library = Library.create(server.home / "mapped", name="Mapped", encoder=server.encoder)
    with open_source(source, library.taxonomy) as images:
        library.ingest(images)
    torch.manual_seed(0)
    library.flows.put(Flow(VectorField(dim=library.encoder.spec.dimension), flow_id="mapped"))
    library.activate("mapped")
    library.close()
    return "Mapped"


@pytest.fixture
def at_map(visit: Callable[..., Page], mapped: str) -> Callable[..., Page]:
    """Opens the map and waits until it is drawn; it is made where it is not there yet."""

    def go(more: str = "") -> Page:
        page = visit(f"/embedding_map?library={mapped}{more}")
        make = page.get_by_role("button", name="Make the map", exact=True)
        if make.count():
            make.click()
            expect(page.get_by_text("The map is being laid out")).to_be_visible()
            page.reload()  # the job goes on
            settle(page)
        page.wait_for_selector(".ent-map .plot canvas", timeout=300_000)
        settle(page)
        page.wait_for_function("() => document.querySelector('.ent-map').maps?.panels.length === 2")
        return page

    return go


def lasso(page: Page, left: float, top: float, right: float, bottom: float) -> None:
    """Draw around a part of the first map, in shares of its size."""
    box = page.locator(".ent-map .stage").first.bounding_box()
    corners = [(left, top), (right, top), (right, bottom), (left, bottom), (left, top + 0.01)]
    path = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in corners]
    page.mouse.move(*path[0])
    page.mouse.down()
    for x, y in path[1:]:
        page.mouse.move(x, y, steps=4)
    page.mouse.up()


def test_a_lasso_leads_to_cases_and_on_to_the_gallery(at_map: Callable[..., Page]) -> None:
    page = at_map()
    lasso(page, 0.02, 0.02, 0.98, 0.98)
    expect(page.get_by_text(f"{CASES} of {CASES} cases selected")).to_be_visible()
    expect(page.locator("button.card")).to_have_count(CASES)

    page.get_by_role("button", name=re.compile(r"^Throat")).first.click()
    expect(page.get_by_text(f"18 of {CASES} cases selected")).to_be_visible()
    counts = page.evaluate("() => document.querySelector('.ent-map').maps.panels.map(p => p.rows.length)")
    assert counts == [18, 18]

    page.get_by_role("button", name="Show in Gallery").click()
    expect(page.get_by_text(f"18 cases of {CASES}")).to_be_visible()


def test_a_point_shows_its_image_in_both_maps_and_opens(at_map: Callable[..., Page]) -> None:
    page = at_map()
    page.mouse.move(*page.evaluate(POINT))
    expect(page.locator(".ent-map .pointed")).to_be_visible()
    expect(page.locator(".ent-map .mark.point:not([hidden])")).to_have_count(2)
    page.wait_for_function("() => document.querySelector('.ent-map .pointed img').naturalWidth > 0")

    page.mouse.down()
    page.mouse.up()
    expect(page.get_by_role("dialog")).to_be_visible()
    expect(page.locator(".ent-map .mark.case:not([hidden])")).to_have_count(2)
    assert re.search(r"[?&]case=[0-9a-f]{16}", page.url)


def test_the_keyboard_reaches_points_and_cases(at_map: Callable[..., Page]) -> None:
    page = at_map()
    page.locator(".ent-map .plot").first.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowUp")
    expect(page.locator(".ent-map .said")).to_have_text(re.compile("Left ear|Throat"))
    page.keyboard.press("Space")
    expect(page.get_by_text(f"25 of {CASES} cases selected")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_text("Draw around points")).to_be_visible()


def test_the_time_is_played_and_stays_in_the_url(at_map: Callable[..., Page]) -> None:
    page = at_map("&map_time=0.40")
    expect(page.locator(".ent-map output")).to_have_text("t = 0.40")
    slider = page.get_by_role("slider", name="Time along the flow, from 0 (before) to 1 (after)")
    slider.focus()
    page.keyboard.press("Home")
    expect(page.get_by_role("heading", name="Before the flow")).to_have_count(2)
    page.get_by_role("button", name="Play").click()
    expect(page.get_by_role("heading", name="After the flow")).to_be_visible()
    expect(page).not_to_have_url(re.compile("map_time"))  # at its end, which a URL need not say
