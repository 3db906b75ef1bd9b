"""An import of many images that nobody waits for: it goes on beside a search, and without its tab."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from pages.ui.text import number
from tests.e2e.conftest import _make_library, folder_of_scopes, running, scope, settle, tab, tiny_model
from tests.e2e.test_app import drop

pytestmark = [pytest.mark.e2e, pytest.mark.slow]
LONG = 180_000
COUNTED = re.compile(rf"^\d.* of {number(2000)}")


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of 2 000 images."""
    return folder_of_scopes(tmp_path_factory.mktemp("many"), {"throat": 1000, "ear-left": 1000}, start=5000)


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    """The address of an app with one library of 6 cases."""
    encoder, home = f"local-dir:{tiny_model(tmp_path / 'tiny')}", tmp_path / "libraries"
    _make_library(home / "clinic", "Clinic", encoder, folder_of_scopes(tmp_path / "source", {"vc-open": 6}))
    paths = {"ENT_LIBRARIES": str(home), "ENT_CACHE": str(tmp_path / "cache"), "ENT_OFFLINE": "1"}
    with running(os.environ | paths, tmp_path / "server.log") as url:
        yield url


def begin(page: Page, source: Path) -> None:
    page.get_by_role("tab", name="Folder or archive").click()
    page.get_by_role("textbox", name="Folder, ZIP file or manifest").fill(str(source))
    page.get_by_role("button", name="Import from this machine").click()
    expect(page.get_by_text(COUNTED)).to_be_visible(timeout=LONG)


def test_one_searches_beside_an_import_that_goes_on_without_its_tab(
    browser: Browser, address: str, many: Path, tmp_path: Path
) -> None:
    scope("vc-open", 900).save(tmp_path / "query.png")
    with tab(browser, address) as first:
        first.goto("/library")
        begin(settle(first), many)
        with tab(browser, address) as second:
            second.goto("/")
            drop(second, tmp_path / "query.png")
            expect(second.locator(".card").first).to_be_visible()
            expect(second.get_by_test_id("stSidebar").get_by_role("link", name="Import of")).to_be_visible()

    with tab(browser, address) as later:
        later.goto("/library")
        expect(settle(later).get_by_text(COUNTED)).to_be_visible()
        expect(later.get_by_test_id("stMetricValue")).to_have_text(["2000", "0", "0"], timeout=LONG)


def test_a_stopped_import_leaves_a_sound_library_and_goes_on(browser: Browser, address: str, many: Path) -> None:
    with tab(browser, address) as page:
        page.goto("/library")
        begin(settle(page), many)
        page.get_by_role("button", name="Stop").click()
        expect(page.get_by_test_id("stToast")).to_contain_text("What came of it stands at the top", timeout=LONG)
        expect(page.get_by_text("Stopped before the end.")).to_be_visible(timeout=LONG)
        stored = int(page.get_by_test_id("stMetricValue").first.inner_text())
        assert 0 < stored < 2000

        settle(page).get_by_role("button", name="Verify").click()
        expect(page.get_by_text("Everything fits together")).to_be_visible(timeout=LONG)
        begin(page, many)
        expect(page.get_by_test_id("stMetricValue").first).to_have_text(str(2000 - stored), timeout=LONG)
