"""Every page by the rules of WCAG 2 AA that a program can check (axe-core, in the browser), light and dark."""

from __future__ import annotations

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from tests.e2e.conftest import Server, settle, tab

pytestmark = [pytest.mark.e2e, pytest.mark.slow]
PATHS = ("/", "/?search_words=left+ear", "/gallery", "/embedding_map", "/evaluation", "/training", "/library")
POPOVERS = {
    "/?search_words=left+ear": ("Options", "Filters", "Export", "Add image"),
    "/library": ("Back up", "Remove"),
}
FULL = {
    "/?search_words=left+ear": ".card",
    "/gallery?gallery_label=ear-left": ".card",
    "/embedding_map": ".ent-map canvas",
    "/evaluation": "svg[aria-label^='Reliability']",
    "/evaluation?evaluation_split=Validation&evaluation_pick=score|after|mrr|": ".card",
    "/training": ".js-plotly-plot",
}
"""Pages of the demo, each with what is there only where there is a flow, a map or a report."""
GRAVE = ("serious", "critical")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_page_has_a_serious_violation(browser: Browser, server: Server, scheme: str) -> None:
    with tab(browser, server.url) as page:
        page.emulate_media(color_scheme=scheme)
        found = {path: grave(visited(page, path)) for path in PATHS}
        page.goto("/gallery")
        settle(page).locator(".card").first.click()
        page.get_by_role("dialog").wait_for()
        found["drawer"] = grave(settle(page))
    assert {where: said for where, said in found.items() if said} == {}


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_page_has_one_with_a_flow_a_map_and_reports(browser: Browser, shipped: str, scheme: str) -> None:
    with tab(browser, shipped) as page:
        page.emulate_media(color_scheme=scheme)
        found: dict[str, list[str]] = {}
        for path, shows in FULL.items():
            visited(page, path)
            page.locator(shows).first.wait_for()
            found[path] = grave(page)
    assert {where: said for where, said in found.items() if said} == {}


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nor_has_what_opens_above_a_page(browser: Browser, server: Server, scheme: str) -> None:
    found: dict[str, list[str]] = {}
    with tab(browser, server.url) as page:
        page.emulate_media(color_scheme=scheme)
        for path, names in POPOVERS.items():
            visited(page, path)
            for name in names:
                page.get_by_role("button", name=name).first.click()
                page.get_by_test_id("stPopoverBody").wait_for()
                found[f"{path} {name}"] = grave(settle(page))
                page.keyboard.press("Escape")
                page.get_by_test_id("stPopoverBody").wait_for(state="detached")
        visited(page, "/?search_words=left+ear")
        for at in (1, 2):
            page.locator(".card").nth(at).focus()
            page.keyboard.press("c")
            page.get_by_text(f"To compare: {at} case").wait_for()
        page.get_by_role("button", name="Compare", exact=True).click()
        page.get_by_role("dialog").wait_for()
        found["compare"] = grave(settle(page))
    assert {where: said for where, said in found.items() if said} == {}


def visited(page: Page, path: str) -> Page:
    page.goto(path)
    settle(page).wait_for_timeout(800)
    return page


def grave(page: Page) -> list[str]:
    """The serious violations on the page as it is, each with the first element it is about."""
    violations = Axe().run(page).response["violations"]
    return [f"{v['id']}: {v['nodes'][0]['html'][:200]}" for v in violations if v["impact"] in GRAVE]
