"""The gallery and the case drawer in a browser: by keyboard alone, by URL, and what is done with chosen cases."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import settle
from tests.e2e.test_app import use

pytestmark = [pytest.mark.e2e, pytest.mark.slow]


def at(page: Page) -> str:
    """The id of the case that the drawer shows."""
    image = page.get_by_role("dialog").locator("img.ent-case-image")
    expect(image).to_have_attribute("src", re.compile("/images/"))
    return (image.get_attribute("src") or "").split("/")[4].split("?")[0]


def test_filtered_paged_chosen_and_opened_by_keyboard_alone(visit: Callable[..., Page]) -> None:
    page = visit("/gallery?gallery_size=Large")
    page.get_by_role("button", name="Left ear 26").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text("26 cases of 60")).to_be_visible()
    page.get_by_role("button", name="Page 2").focus()
    page.keyboard.press("Enter")
    expect(page.locator(".card")).to_have_count(2)

    page.locator(".card").first.focus()
    page.keyboard.press("Space")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Space")
    expect(page.get_by_text("2 cases selected")).to_be_visible()
    expect(page.locator("li.chosen")).to_have_count(2)
    page.keyboard.press("Space")
    expect(page.get_by_text("1 case selected")).to_be_visible()

    page.keyboard.press("ArrowLeft")
    page.keyboard.press("Enter")
    drawer = page.get_by_role("dialog")
    expect(drawer.get_by_text("25 of 26")).to_be_visible()
    page.keyboard.press("ArrowRight")
    expect(drawer.get_by_text("26 of 26")).to_be_visible()
    last = at(page)
    page.keyboard.press("Escape")
    expect(drawer).to_have_count(0)
    expect(page.locator(".card:focus")).to_have_attribute("data-case", last)


def test_the_grid_is_entered_by_a_key_walked_by_pages_and_selected_in_by_shift(visit: Callable[..., Page]) -> None:
    page = visit("/gallery")
    cards, focused = page.locator(".card"), page.locator(".card:focus")
    page.keyboard.press("g")
    first, fourth = (cards.nth(number).get_attribute("data-case") or "" for number in (0, 3))
    expect(focused).to_have_attribute("data-case", first)
    for _ in range(3):
        page.keyboard.press("Shift+ArrowRight")
    expect(page.get_by_text("4 cases selected")).to_be_visible()
    page.keyboard.press("Shift+ArrowLeft")
    expect(page.get_by_text("3 cases selected")).to_be_visible()
    expect(page.locator("li.chosen")).to_have_count(3)
    page.keyboard.press("ArrowRight")
    expect(focused).to_have_attribute("data-case", fourth)
    expect(page.get_by_text("3 cases selected")).to_be_visible()

    page.keyboard.press("Home")
    expect(focused).to_have_attribute("data-case", first)
    page.keyboard.press("PageDown")
    expect(focused).not_to_have_attribute("data-case", first)
    expect(focused).to_be_in_viewport()
    page.keyboard.press("PageUp")
    expect(focused).to_have_attribute("data-case", first)

    page.keyboard.press("s")
    expect(page).to_have_url(re.compile(f"like={first}"))
    settle(page)
    page.go_back()
    expect(page.get_by_role("heading", name="Gallery")).to_be_visible()
    settle(page)
    assert "like=" not in page.url


def test_images_change_their_size_by_keyboard_and_are_sharp_at_each(visit: Callable[..., Page]) -> None:
    page = visit("/gallery")
    shown = page.locator(".card img").first
    expect(shown).to_have_js_property("complete", True)
    assert "/thumb/" in shown.evaluate("image => image.currentSrc")

    page.get_by_role("slider", name="Size of the images").focus()
    page.keyboard.press("ArrowRight")
    expect(page).to_have_url(re.compile("gallery_size=Large"))
    expect(page.locator(".card")).to_have_count(24)
    expect(shown).to_have_js_property("complete", True)
    assert "/picture-768/" in shown.evaluate("image => image.currentSrc")
    page.keyboard.press("Home")
    expect(page).to_have_url(re.compile("gallery_size=Tiny"))
    expect(page.locator(".card")).to_have_count(60)
    assert page.locator(".card").first.evaluate("card => card.clientWidth") < 100
    settle(page)
    page.reload()
    expect(page.locator(".grid.tiny")).to_have_count(1)


def test_the_view_of_an_image_changes_by_keyboard_and_the_case_does_not(visit: Callable[..., Page]) -> None:
    page = visit("/gallery")
    page.locator(".card").nth(4).click()
    drawer = page.get_by_role("dialog")
    expect(drawer.get_by_text("5 of 60")).to_be_visible()
    image, shown = drawer.locator("img.ent-case-image"), at(page)
    plain = image.get_attribute("style")

    for key in ("+", "+", "+", "m", "t", "ArrowRight"):
        page.keyboard.press(key)
    expect(drawer.locator(".states")).to_have_text("Mirrored viewTurned 90°2.0 × zoom")
    assert image.get_attribute("style") != plain
    expect(drawer.get_by_text("5 of 60")).to_be_visible()
    page.keyboard.press("0")
    expect(drawer.locator(".states")).to_have_text("")
    assert image.get_attribute("style") == plain

    drawer.locator(".card").nth(2).click()
    expect(drawer.get_by_text("3 of 5")).to_be_in_viewport()
    page.go_back()
    expect(drawer.get_by_text("5 of 60")).to_be_visible()
    drawer.locator(".card").nth(1).click()
    expect(drawer.get_by_text("2 of 5")).to_be_visible()
    expect(image).not_to_have_attribute("src", re.compile(shown))
    page.keyboard.press("m")
    expect(drawer.locator(".states")).to_have_text("Mirrored view")
    drawer.get_by_role("button", name=f"Back to {shown[:6]}").click()
    expect(drawer.get_by_text("5 of 60")).to_be_visible()
    assert at(page) == shown

    drawer.get_by_role("slider", name="Brightness").fill("150")
    expect(drawer.locator(".states")).to_have_text("Brightness 150 %")
    drawer.get_by_role("button", name="Next").click()
    expect(drawer.get_by_text("6 of 60")).to_be_visible()
    expect(drawer.locator(".states")).to_have_text("")
    assert at(page) != shown
    with page.expect_download() as download:
        drawer.get_by_role("link", name="Original").click()
    assert download.value.suggested_filename == f"{at(page)}.png"


def test_a_corrected_label_is_followed_by_the_page_behind_and_taken_back(visit: Callable[..., Page]) -> None:
    page = visit("/gallery")
    use(page, "Shared")
    page.get_by_role("button", name=re.compile("Left ear 3")).click()
    settle(page)
    page.locator(".card").first.click()
    drawer = page.get_by_role("dialog")
    expect(drawer.get_by_text("Nearest cases")).to_be_visible()
    settle(page)
    drawer.get_by_text("Correct the labels").click()
    page.wait_for_timeout(800)  # it unfolds, and a list that is open meanwhile closes again
    drawer.get_by_role("combobox", name=re.compile("Class")).click()
    page.keyboard.type("Vocal cords open")
    page.get_by_role("option", name="Vocal cords open").click()
    drawer.get_by_role("button", name="Save").click()

    expect(drawer.get_by_text("Left ear → Vocal cords open")).to_be_visible()
    expect(drawer.get_by_text("corrected label")).to_be_visible()
    expect(page.get_by_text(re.compile("2 cases of [35]"))).to_be_visible()
    drawer.get_by_role("button", name="Undo the last change").click()
    expect(drawer.get_by_text("dataset label")).to_be_visible()
    expect(page.get_by_text(re.compile("3 cases of [35]"))).to_be_visible()


def test_reload_back_and_a_copied_url_bring_the_same_view(visit: Callable[..., Page]) -> None:
    page = visit("/gallery?gallery_sort=Random&gallery_seed=7&gallery_size=Small&gallery_label=Left+ear")
    expect(page.locator(".card")).to_have_count(26)
    shown = page.locator(".card").evaluate_all("cards => cards.map(card => card.dataset.case)")
    page.locator(".card").nth(9).click()
    drawer = page.get_by_role("dialog")
    expect(drawer.get_by_text("10 of 26")).to_be_visible()

    page.reload()
    settle(page)
    expect(drawer.get_by_text("10 of 26")).to_be_visible()
    page.keyboard.press("Escape")
    expect(drawer).to_have_count(0)
    settle(page)
    assert page.locator(".card").evaluate_all("cards => cards.map(card => card.dataset.case)") == shown

    page.get_by_role("button", name="Shuffle").click()
    expect(page).to_have_url(re.compile("gallery_seed=8"))
    settle(page)
    assert page.locator(".card").evaluate_all("cards => cards.map(card => card.dataset.case)") != shown
    page.go_back()
    expect(page).to_have_url(re.compile("gallery_seed=7"))
    expect(page.locator(".card").first).to_have_attribute("data-case", shown[0])


def test_chosen_cases_are_exported_and_searched_with(visit: Callable[..., Page], tmp_path: Path) -> None:
    page = visit("/gallery?gallery_sort=Typical+first")
    page.locator(".card").nth(1).click(modifiers=["Control"])
    page.locator(".card").nth(3).click(modifiers=["Shift"])
    expect(page.get_by_text("3 cases selected")).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("button", name="Export ZIP").click()
    download.value.save_as(tmp_path / "cases.zip")
    names = zipfile.ZipFile(tmp_path / "cases.zip").namelist()
    assert len([name for name in names if name.startswith("images/")]) == 3
    assert "manifest.csv" in names

    page.get_by_role("button", name="Search with all").click()
    expect(page.locator(".card")).to_have_count(12)
    expect(page.locator(".ent-preview")).to_have_count(3)
