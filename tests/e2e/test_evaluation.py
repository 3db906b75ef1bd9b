"""The queries behind the figures of an evaluation, reached by keyboard and by mouse: in Chromium, on the demo."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.e2e.conftest import settle, tab

pytestmark = [pytest.mark.e2e, pytest.mark.slow]
FOCUSED = "element => element.getRootNode().activeElement === element"


@pytest.fixture
def page(browser: Browser, shipped: str) -> Iterator[Page]:
    with tab(browser, shipped) as page:
        page.goto("/evaluation?evaluation_split=Validation")
        yield settle(page)


def dots(page: Page) -> Locator:
    return page.get_by_role("group", name="Reliability curve").get_by_role("button")


def test_dots_of_the_reliability_curve_open_their_queries_by_keyboard_and_mouse(page: Page) -> None:
    expect(dots(page).first).to_be_visible()
    dots(page).nth(0).focus()
    page.keyboard.press("ArrowRight")
    assert dots(page).nth(1).evaluate(FOCUSED)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="The queries behind it")).to_be_visible()
    settle(page)
    assert "evaluation_pick=bin" in page.url
    expect(dots(page).nth(1)).to_have_attribute("aria-pressed", "true")
    assert dots(page).nth(1).evaluate(FOCUSED)  # where the keyboard was, it goes on
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Space")
    expect(dots(page).nth(2)).to_have_attribute("aria-pressed", "true")
    expect(dots(page).nth(1)).to_have_attribute("aria-pressed", "false")

    dots(page).last.click()
    expect(dots(page).last).to_have_attribute("aria-pressed", "true")
    settle(page)
    said = dots(page).last.get_attribute("aria-label") or ""
    right, queries = said.split("right for ")[1].split(" queries")[0].split(" of ")
    url = page.url
    page.goto("about:blank")
    page.goto(url)
    expect(page.get_by_text(f"{queries} queries whose likeliest class")).to_contain_text(f"it is right for {right}.")
    expect(dots(page).last).to_have_attribute("aria-pressed", "true")


def test_scores_and_sides_open_their_queries_page_by_page_by_keyboard(page: Page) -> None:
    scores = page.get_by_role("table", name="Scores of each kind of embedding")
    scores.get_by_role("button", name="MRR").first.focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.get_by_text("those with the least reciprocal rank first")).to_be_visible()
    expect(page.get_by_text("1 to 48 of 116")).to_be_visible()
    expect(settle(page).locator(".card")).to_have_count(48)
    first = page.locator(".card").first.get_attribute("data-case")
    page.get_by_role("button", name="Next page").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text("49 to 96 of 116")).to_be_visible()
    settle(page)
    assert "evaluation_page=2" in page.url
    assert page.locator(".card").first.get_attribute("data-case") != first
    page.reload()
    expect(page.get_by_text("49 to 96 of 116")).to_be_visible()

    macro = scores.get_by_role("button", name="Macro Recall@1").first
    scores.get_by_role("button", name="Recall@1").first.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    expect(macro).to_have_attribute("aria-pressed", "true")
    settle(page)
    assert "macro" in page.url
    assert macro.evaluate(FOCUSED)  # and not the overall score, which opens the same
    values = page.get_by_role("table", name="Recall@1 by class")
    counted = values.get_by_role("button", name=re.compile("show [0-9]+ quer")).first
    counted.focus()
    page.keyboard.press("Enter")
    expect(counted).to_have_attribute("aria-pressed", "true")
    assert "count" in settle(page).url
    assert counted.evaluate(FOCUSED)

    sides = page.get_by_role("table", name="Laterality errors")
    sides.get_by_role("button", name="with the right region and the wrong side, After the flow").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text("queries with the right region and the wrong side.")).to_be_visible()
    assert "evaluation_page" not in settle(page).url
    settle(page).locator(".card").first.click()
    expect(page.get_by_role("dialog")).to_be_visible()
