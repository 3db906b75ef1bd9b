"""The first start on a fresh clone, without network: the demo opens by itself and is searched by words and by image."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote_plus

import pytest
from playwright.sync_api import Browser, Page, expect

from core.demo import Demo, bundled
from tests.e2e.conftest import running, settle, tab, tiny_model
from tests.e2e.test_app import drop
from training.demo import write_demo

pytestmark = [pytest.mark.e2e, pytest.mark.slow]
EXAMPLE = "left eardrum with a perforation"


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Demo:
    """A demo of 28 images, on an encoder with random weights."""
    root = tmp_path_factory.mktemp("bundled")
    return write_demo(root / "demo", 4, seed=2, size=96, encoder=f"local-dir:{tiny_model(root / 'tiny')}")


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory, demo: Demo) -> Iterator[str]:
    """The address of the app on a machine where it was never started before."""
    root = tmp_path_factory.mktemp("fresh")
    paths = {"ENT_LIBRARIES": str(root / "libraries"), "ENT_CACHE": str(root / "cache"), "ENT_DEMO": str(demo.folder)}
    with running(os.environ | paths | {"ENT_OFFLINE": "1"}, root / "server.log") as url:
        yield url


@pytest.fixture
def page(browser: Browser, fresh: str) -> Iterator[Page]:
    """A tab on it, with the demo open."""
    with tab(browser, fresh) as page:
        page.goto("/")
        expect(page.get_by_text("What are you looking for?")).to_be_visible(timeout=60_000)
        yield settle(page)


def test_the_demo_opens_by_itself_and_says_that_it_is_synthetic(page: Page) -> None:
    expect(page.get_by_text("Every image in this library is synthetic")).to_be_visible()
    expect(page.get_by_text("of the 28 cases")).to_be_visible()
    sidebar = page.get_by_test_id("stSidebar")
    expect(sidebar.get_by_text("synthetic", exact=True)).to_be_visible()

    page.get_by_role("button", name="Got it").click()
    expect(page.get_by_text("Every image in this library is synthetic")).to_have_count(0)
    page.reload()
    settle(page)
    expect(sidebar.get_by_text("synthetic", exact=True)).to_be_visible()
    expect(page.get_by_text("Every image in this library is synthetic")).to_have_count(0)


def test_the_slash_leads_to_the_words_and_a_copied_link_brings_them_back(page: Page) -> None:
    page.goto("/gallery")
    settle(page).keyboard.press("/")
    expect(page.get_by_role("searchbox", name="Search by words")).to_be_focused()
    page.keyboard.type("open/closed vocal cords")
    page.keyboard.press("Enter")

    expect(page.locator(".card")).to_have_count(12)
    expect(page.get_by_text("Asked for: “open/closed vocal cords”")).to_be_visible()
    assert "search_words=open" in page.url

    page.reload()
    expect(page.locator(".card")).to_have_count(12)
    expect(page.get_by_role("searchbox", name="Search by words")).to_have_value("open/closed vocal cords")

    page.get_by_role("button", name="New search").click()
    expect(page.get_by_text("What are you looking for?")).to_be_visible()
    settle(page)
    assert "search_words" not in page.url


def test_every_search_by_words_is_a_step_that_the_url_says(page: Page) -> None:
    for words in ("left ear", "right nose", "throat"):
        field = page.get_by_role("searchbox", name="Search by words")
        field.fill(words)
        field.press("Enter")
        expect(page.get_by_text(f"Asked for: “{words}”")).to_be_visible()
        expect(page).to_have_url(re.compile(re.escape(quote_plus(words))))
        settle(page)
    page.reload()
    expect(page.get_by_text("Asked for: “throat”")).to_be_visible()
    settle(page)
    page.go_back()
    expect(page.get_by_text("Asked for: “right nose”")).to_be_visible()
    expect(page.get_by_role("searchbox", name="Search by words")).to_have_value("right nose")


def test_an_example_is_searched_by_a_click_and_an_image_added_to_it(page: Page, demo: Demo) -> None:
    page.get_by_role("button", name=EXAMPLE).click()
    expect(page.get_by_text(f"Asked for: “{EXAMPLE}”")).to_be_visible()

    page.get_by_role("button", name="Add image").click()
    page.locator('[data-testid="stFileUploaderDropzoneInput"]').last.set_input_files(image_of(demo, "throat"))
    expect(page.get_by_text("Words and images have the same say")).to_be_visible()
    expect(page.get_by_text(f"Asked for: “{EXAMPLE}”")).to_be_visible()
    settle(page)  # a key pressed while the cards are drawn anew has no card to go to

    page.locator(".card").first.focus()
    page.keyboard.press("s")
    expect(page.get_by_text(f"Asked for: “{EXAMPLE}”")).to_have_count(0)
    expect(page.locator(".card")).to_have_count(12)


def test_an_image_of_the_demo_finds_itself(page: Page, demo: Demo) -> None:
    drop(page, image_of(demo, "nose-left"))

    expect(page.locator(".card")).to_have_count(12)
    expect(page.get_by_text("Identical image already in the library")).to_be_visible()
    expect(page.locator(".card").first).to_contain_text("Left nose")


def test_the_demo_that_is_shipped_is_open_within_a_minute_and_searched_both_ways(
    browser: Browser, tmp_path: Path
) -> None:
    """On a quiet machine it takes less than 20 seconds (data/README.md); tests run on busy ones."""
    shipped = bundled()
    assert shipped is not None
    paths = {"ENT_LIBRARIES": str(tmp_path / "libraries"), "ENT_CACHE": str(tmp_path / "cache"), "ENT_OFFLINE": "1"}
    with running(os.environ | paths, tmp_path / "server.log") as url, tab(browser, url) as page:
        page.goto("/")
        expect(page.get_by_text("of the 700 cases")).to_be_visible(timeout=60_000)
        drop(settle(page), image_of(shipped, "nose-left"))
        expect(page.get_by_text("Identical image already in the library")).to_be_visible()
        field = page.get_by_role("searchbox", name="Search by words")
        field.fill("closed vocal cords")
        field.press("Enter")
        expect(page.locator(".card").first).to_contain_text("Vocal cords closed")


def image_of(demo: Demo, label: str) -> Path:
    return next(iter(sorted(demo.folder.glob(f"images/*-{label}.webp"))))
