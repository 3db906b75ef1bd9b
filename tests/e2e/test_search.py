"""Searching on: results marked and searched again, a part of the query drawn by mouse and by keyboard."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import scope, settle
from tests.e2e.test_app import drop, open_page

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

PASTE = """([data, text]) => {
  const bytes = Uint8Array.from(atob(data), letter => letter.charCodeAt(0));
  const clipboardData = new DataTransfer();
  clipboardData.items.add(new File([bytes], "pasted.png", { type: "image/png" }));
  if (text) clipboardData.items.add(text, "text/plain");
  const place = text ? document.activeElement : document.body;
  const how = { clipboardData, bubbles: true, composed: true, cancelable: true };
  return place.dispatchEvent(new ClipboardEvent("paste", how));
}"""
"""What the browser does when a person pastes an image, which a test has no clipboard for; text with it into a field.

Whether the browser is left to do with it what it does by itself.
"""


@pytest.fixture
def searched(visit: Callable[..., Page], tmp_path: Path) -> Page:
    """The page with the twelve cases nearest to an image."""
    page = visit()
    scope("throat", 900).save(tmp_path / "query.png")
    drop(page, tmp_path / "query.png")
    expect(page.locator(".card")).to_have_count(12)
    return settle(page)


def order(page: Page) -> list[str]:
    return page.locator(".card").evaluate_all("cards => cards.map(card => card.dataset.case)")


def test_results_are_marked_by_keyboard_searched_again_and_taken_back(searched: Page) -> None:
    page, first = searched, order(searched)
    page.locator(".card").nth(6).focus()
    page.keyboard.press("+")
    expect(page.locator("li.as-more .card")).to_have_attribute("data-case", first[6])
    page.keyboard.press("ArrowRight")
    page.keyboard.press("-")
    expect(page.locator("li.as-less .card")).to_have_attribute("data-case", first[7])
    assert order(page) == first

    page.get_by_role("button", name="Search again").click()
    expect(page.get_by_text("Refined, 1 round")).to_be_visible()
    settle(page)
    assert order(page).index(first[6]) < 6

    page.locator("li", has=page.locator(f'[data-case="{first[1]}"]')).hover()
    page.locator("li", has=page.locator(f'[data-case="{first[1]}"]')).get_by_role("button", name="More like").click()
    page.get_by_role("button", name="Search again").click()
    expect(page.get_by_text("Refined, 2 rounds")).to_be_visible()
    for _ in range(2):
        page.get_by_role("button", name="Undo").click()
        settle(page)
    assert order(page) == first
    expect(page.get_by_role("button", name="Undo")).to_have_count(0)


def test_a_part_of_the_query_is_drawn_and_searched_with(searched: Page) -> None:
    page, first = searched, order(searched)
    stage = page.locator(".stage")
    edge = stage.bounding_box() or {}
    page.mouse.move(edge["x"] + 0.3 * edge["width"], edge["y"] + 0.3 * edge["height"])
    page.mouse.down()
    page.mouse.move(edge["x"] + 0.5 * edge["width"], edge["y"] + 0.5 * edge["height"])
    page.mouse.move(edge["x"] + 0.7 * edge["width"], edge["y"] + 0.8 * edge["height"])
    page.mouse.up()
    expect(page.get_by_role("button", name=re.compile("Region"))).to_be_visible()
    settle(page)
    assert order(page) != first
    box = page.locator(".box").bounding_box() or {}
    assert box["x"] == pytest.approx(edge["x"] + 0.3 * edge["width"], abs=2)
    assert box["height"] == pytest.approx(0.5 * edge["height"], abs=2)

    stage.focus()
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="Whole image")).to_be_visible()
    settle(page)
    assert order(page) == first


def test_a_reload_and_a_copied_link_bring_an_uploaded_query_with_its_marks_and_region(
    searched: Page, visit: Callable[..., Page]
) -> None:
    page, first = searched, order(searched)
    page.locator(".card").nth(6).focus()
    page.keyboard.press("+")
    page.get_by_role("button", name="Search again").click()
    expect(page.get_by_text("Refined, 1 round")).to_be_visible()
    refined = order(settle(page))
    assert refined != first
    page.reload()
    expect(page.get_by_text("Refined, 1 round")).to_be_visible()
    assert order(settle(page)) == refined
    page.get_by_role("button", name="Clear marks").click()
    assert order(settle(page)) == first

    page.locator(".stage").focus()
    for key in ("Enter", "ArrowRight", "Enter"):
        page.keyboard.press(key)
    expect(page.get_by_role("button", name="Region")).to_be_visible()
    part = order(settle(page))
    page.goto(page.url)
    expect(page.get_by_role("button", name="Region")).to_be_visible()
    assert order(settle(page)) == part
    page.go_back()
    expect(page.get_by_role("button", name="Whole image")).to_be_visible()
    assert order(settle(page)) == first


def test_a_part_of_the_query_is_set_by_keyboard_and_by_numbers(searched: Page) -> None:
    page = searched
    page.locator(".stage").focus()
    for key in ("Enter", "ArrowRight", "Shift+ArrowUp", "Enter"):
        page.keyboard.press(key)
    page.get_by_role("button", name=re.compile("Region")).click()
    expect(page.get_by_role("spinbutton", name="Left")).to_have_value("27")
    expect(page.get_by_role("spinbutton", name="Bottom")).to_have_value("73")

    page.get_by_role("spinbutton", name="Left").fill("90")
    page.get_by_role("button", name="Search with this part").click()
    expect(page.get_by_text("left before right")).to_be_visible()
    page.get_by_role("spinbutton", name="Left").fill("10")
    page.get_by_role("button", name="Search with this part").click()
    settle(page)
    box, stage = page.locator(".box").bounding_box() or {}, page.locator(".stage").bounding_box() or {}
    assert box["x"] == pytest.approx(stage["x"] + 0.1 * stage["width"], abs=2)


def test_cases_are_compared_with_one_zoom_for_all(searched: Page) -> None:
    page = searched
    for at in (1, 3):
        page.locator(".card").nth(at).focus()
        page.keyboard.press("c")
        expect(page.get_by_text(re.compile(f"To compare: {1 if at == 1 else 2} case"))).to_be_visible()
    page.get_by_role("button", name="Compare", exact=True).click()
    views = page.get_by_role("dialog").locator(".view img")
    expect(views).to_have_count(3)

    expect(page.get_by_role("dialog").locator(".tiles")).to_be_focused()
    for key in ("+", "+", "ArrowLeft"):
        page.keyboard.press(key)
    shown = views.evaluate_all("images => images.map(image => image.style.transform)")
    assert len(set(shown)) == 1
    assert "scale(1.5625)" in shown[0]
    page.keyboard.press("0")
    views.first.hover()
    page.mouse.wheel(0, -200)
    expect(views.last).to_have_attribute("style", re.compile(r"scale\(1\.6"))
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_a_slash_goes_to_the_field_from_a_box_in_which_something_was_just_chosen(searched: Page) -> None:
    page = searched
    page.locator(".st-key-search_side_mode input").click()
    page.get_by_role("option", name="Same side").click()
    settle(page)
    expect(page.locator(".st-key-search_side_mode input")).to_be_focused()
    page.keyboard.press("/")
    expect(page.locator(".st-key-search_field input")).to_be_focused()


def test_a_url_brings_a_query_of_stored_cases_and_back_takes_it_away(searched: Page) -> None:
    page, case_id = searched, order(searched)[2]
    page.locator(".card").nth(2).focus()
    page.keyboard.press("s")
    expect(page).to_have_url(re.compile(f"like={case_id}"))
    settle(page)
    found = order(page)
    page.reload()
    settle(page)
    expect(page.locator(".card")).to_have_count(12)
    assert order(page) == found

    page.locator(".card").first.click()
    page.get_by_role("dialog").get_by_role("button", name="Find similar").click()
    expect(page).to_have_url(re.compile(f"like={found[0]}"))
    page.go_back()
    expect(page).to_have_url(re.compile(f"like={case_id}"))
    expect(page.get_by_role("dialog")).to_be_visible()  # as it was when another search was asked for
    settle(page)
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    settle(page)
    assert order(page) == found

    open_page(page, "Gallery")
    open_page(page, "Search")
    expect(page).to_have_url(re.compile(f"like={case_id}"))
    assert order(page) == found


def test_an_image_is_pasted_from_the_clipboard(visit: Callable[..., Page], tmp_path: Path) -> None:
    page = visit()
    scope("throat", 900).save(tmp_path / "query.png")
    data = base64.b64encode((tmp_path / "query.png").read_bytes()).decode()
    assert not page.evaluate(PASTE, [data, ""])
    expect(page.locator(".card")).to_have_count(12)
    expect(page.get_by_text("pasted.png")).to_be_visible()


def test_text_that_comes_with_a_picture_of_it_is_pasted_as_text(visit: Callable[..., Page], tmp_path: Path) -> None:
    page = visit()
    scope("throat", 900).save(tmp_path / "query.png")
    data = base64.b64encode((tmp_path / "query.png").read_bytes()).decode()
    page.get_by_label("Search by words").first.focus()
    assert page.evaluate(PASTE, [data, "ear"])
