"""Train a short run, leave it alone, stop it, go on, activate it, and look at what came of it: in Chromium."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.conftest import _make_library, folder_of_scopes, running, settle, tab, tiny_model

pytestmark = [pytest.mark.e2e, pytest.mark.slow]
LONG = 180_000


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of an app with one library of 60 labelled cases."""
    root = tmp_path_factory.mktemp("flows")
    encoder, home = f"local-dir:{tiny_model(root / 'tiny')}", root / "libraries"
    source = folder_of_scopes(root / "source", {"ear-left": 24, "throat": 20, "vc-open": 16})
    _make_library(home / "clinic", "Clinic", encoder, source)
    paths = {"ENT_LIBRARIES": str(home), "ENT_CACHE": str(root / "cache"), "ENT_OFFLINE": "1"}
    with running(os.environ | paths, root / "server.log") as url:
        yield url


@pytest.fixture
def page(browser: Browser, address: str) -> Iterator[Page]:
    with tab(browser, address) as page:
        page.goto("/training")
        yield settle(page)


def start(page: Page, epochs: int) -> None:
    page.get_by_role("spinbutton", name="Epochs").fill(str(epochs))
    page.get_by_role("spinbutton", name="Epochs").press("Tab")
    settle(page).get_by_role("button", name="Start training").click()


def test_a_short_run_is_trained_activated_and_evaluated(page: Page) -> None:
    expect(page.get_by_text("No flow yet")).to_be_visible()
    start(page, 3)
    page.get_by_role("button", name="Look at it").click(timeout=LONG)
    table = page.get_by_role("table", name="Flows of this library")
    expect(table.get_by_text("3 of 3")).to_be_visible()

    page.get_by_role("button", name="Activate").click()
    expect(table.get_by_text("active", exact=True)).to_be_visible(timeout=LONG)
    expect(page.get_by_role("button", name="Search without it")).to_be_visible()

    settle(page).get_by_role("button", name="Evaluate").click()
    expect(page.get_by_role("heading", name="Evaluation")).to_be_visible()
    settle(page).get_by_role("button", name="Evaluate").click()
    square = page.get_by_role("table", name="Nearest neighbour by query")
    expect(square).to_be_visible(timeout=LONG)
    settle(page)
    cell = square.get_by_role("button").first
    cell.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="The queries behind it")).to_be_visible()
    settle(page)
    assert "evaluation_pick=cell" in page.url

    url = page.url
    page.goto("about:blank")
    page.goto(url)
    expect(page.get_by_role("heading", name="The queries behind it")).to_be_visible()
    settle(page).locator(".card").first.click()
    expect(page.get_by_role("dialog")).to_be_visible()


def test_a_run_goes_on_without_its_tab_and_is_stopped_and_resumed(page: Page, browser: Browser, address: str) -> None:
    page.get_by_text("Advanced").click()
    page.get_by_role("spinbutton", name="Steps of the flow").fill("100")  # so that it has not stopped improving by then
    page.get_by_role("spinbutton", name="Steps of the flow").press("Tab")
    settle(page)
    start(page, 4000)
    expect(page.get_by_text(" of 4000, at most")).to_be_visible(timeout=LONG)
    page.goto("about:blank")

    with tab(browser, address) as other:
        other.goto("/training")
        expect(settle(other).get_by_text(" of 4000, at most")).to_be_visible()
        other.reload()
        expect(settle(other).get_by_text(" of 4000, at most")).to_be_visible()
        other.get_by_role("button", name="Stop").click()
        other.get_by_role("button", name="Look at it").click(timeout=LONG)
        table = other.get_by_role("table", name="Flows of this library")
        expect(table.get_by_text("Stopped", exact=True)).to_be_visible()
        expect(other.get_by_role("button", name="Activate")).to_be_enabled()

        settle(other).get_by_role("button", name="Resume").click()
        expect(other.get_by_text(" of 4000, at most")).to_be_visible(timeout=LONG)
        expect(table.get_by_text("Being trained", exact=True)).to_be_visible(timeout=LONG)
        other.get_by_role("button", name="Stop").click()
        other.get_by_role("button", name="Dismiss").click(timeout=LONG)

        settle(other).get_by_role("button", name="Delete").click()
        other.get_by_role("button", name="Delete it").click()
        expect(table.get_by_text("of 4000")).to_have_count(0, timeout=LONG)

        other.goto("/library")
        settle(other).get_by_role("button", name="Verify").click()
        expect(other.get_by_text("Everything fits together")).to_be_visible(timeout=LONG)
