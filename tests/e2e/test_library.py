"""The Library page in Chromium: a folder that is dropped, and cards of jobs that are put away."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import folder_of_scopes, settle

pytestmark = [pytest.mark.e2e, pytest.mark.slow]
AT_ONCE = 3_000


def drop(page: Page, *paths: Path) -> None:
    """Drop files and folders on the uploader as from a file manager."""
    zone = page.get_by_test_id("stFileUploaderDropzone").first
    zone.scroll_into_view_if_needed()  # cards of earlier jobs stand above it
    box = zone.bounding_box()
    at = {"x": box["x"] + box["width"] / 2, "y": box["y"] + box["height"] / 2}
    data = {"items": [], "files": [str(path) for path in paths], "dragOperationsMask": 1}
    devtools = page.context.new_cdp_session(page)
    for kind in ("dragEnter", "dragOver", "drop"):
        devtools.send("Input.dispatchDragEvent", {"type": kind, **at, "data": data})


def test_a_dropped_folder_brings_its_folders_and_its_manifest(visit: Callable[..., Page], tmp_path: Path) -> None:
    folder_of_scopes(tmp_path / "archive", {"throat": 2, "vc-open": 1}, start=7000)
    (tmp_path / "archive" / "ear-left").mkdir()
    (tmp_path / "archive" / "throat" / "throat-7000.png").rename(tmp_path / "archive" / "ear-left" / "vc-open-7000.png")
    page = visit("/library?library=Import")
    drop(page, tmp_path / "archive")
    settle(page).get_by_role("button", name="Dry run").first.click()
    for title in ("Left ear", "Throat", "Vocal cords open"):
        expect(page.get_by_test_id("stMain").get_by_text(title).first).to_be_visible()
    figures = page.get_by_test_id("stMetricValue")  # those of the newest job come first
    for place, figure in enumerate(("3", "0", "0")):
        expect(figures.nth(place)).to_have_text(figure)

    rows = "path,label\near-left/vc-open-7000.png,throat\nvc-open/vc-open-7000.png,vc-open\n"
    (tmp_path / "archive" / "manifest.csv").write_text(rows)
    page.reload()
    drop(settle(page), tmp_path / "archive")
    expect(page.get_by_text("Columns of manifest.csv")).to_be_visible()
    settle(page).get_by_role("button", name="Dry run").first.click()
    expect(page.get_by_test_id("stMetricValue").first).to_have_text("2")
    expect(page.get_by_text("1 image left out, which manifest.csv does not name")).to_have_count(1)


def test_the_card_of_a_job_is_put_away_at_once(visit: Callable[..., Page]) -> None:
    page = visit("/library?library=Import")
    page.get_by_role("button", name="Verify").click()
    expect(page.get_by_text("Everything fits together")).to_be_visible()
    settle(page)
    page.get_by_role("button", name="Dismiss").first.click()
    expect(page.get_by_text("Everything fits together")).to_have_count(0, timeout=AT_ONCE)
