"""The main paths of each page, by mouse and by keyboard."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import Server, folder_of_scopes, ingest, scope, settle

pytestmark = [pytest.mark.e2e, pytest.mark.slow]
UPLOAD = '[data-testid="stFileUploaderDropzoneInput"]'


def drop(page: Page, *files: Path) -> None:
    settle(page)
    page.locator(UPLOAD).first.set_input_files([str(file) for file in files])


def open_page(page: Page, name: str) -> None:
    page.get_by_test_id("stSidebar").get_by_role("link", name=name).click()
    settle(page)


def use(page: Page, library: str) -> None:
    page.get_by_test_id("stSidebar").get_by_role("combobox").click()
    page.get_by_role("option", name=library, exact=True).click()
    settle(page)


def test_an_image_dropped_on_search_shows_ranked_neighbours(visit: Callable[..., Page], tmp_path: Path) -> None:
    page = visit()
    scope("throat", 900).save(tmp_path / "query.png")
    drop(page, tmp_path / "query.png")

    expect(page.locator(".card")).to_have_count(12)
    assert page.locator(".rank").all_inner_texts() == [str(rank) for rank in range(1, 13)]
    shown = [float(text) for text in page.locator(".number").all_inner_texts()]
    assert shown == sorted(shown, reverse=True)
    expect(page.get_by_text(re.compile(r"\d+ of 12"))).not_to_have_count(0)
    expect(page.get_by_text("12 cases by cosine similarity")).to_be_visible()
    loaded = page.locator(".card img").evaluate_all("images => images.map(i => i.complete && i.naturalWidth > 0)")
    assert all(loaded)
    assert page.locator(".card img").evaluate_all("images => images.every(i => i.alt.length > 0)")


def test_a_stored_picture_is_pointed_out_and_opens(visit: Callable[..., Page], tmp_path: Path) -> None:
    page = visit()
    scope("throat", 3).save(tmp_path / "again.png")
    drop(page, tmp_path / "again.png")

    expect(page.get_by_text("Identical image already in the library")).to_be_visible()
    page.get_by_role("button", name="Open it").click()
    expect(page.get_by_role("dialog").get_by_text("throat/throat-003.png")).to_be_visible()


def test_a_bad_file_is_refused_in_words_and_the_next_one_works(visit: Callable[..., Page], tmp_path: Path) -> None:
    page = visit()
    (tmp_path / "text.png").write_text("no picture")
    drop(page, tmp_path / "text.png")
    expect(page.get_by_role("alert").get_by_text("text.png")).to_be_visible()

    scope("throat", 901).save(tmp_path / "query.png")
    drop(page, tmp_path / "query.png")
    expect(page.locator(".card")).to_have_count(12)


def test_the_gallery_is_filtered_paged_and_opened_by_keyboard_alone(visit: Callable[..., Page]) -> None:
    page = visit()
    open_page(page, "Gallery")
    expect(page.get_by_text("60 cases")).to_be_visible()
    expect(page.locator(".card")).to_have_count(48)

    page.get_by_role("button", name="Throat 20").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text("20 cases of 60")).to_be_visible()
    expect(page.locator(".card")).to_have_count(20)
    assert "gallery_label=Throat" in page.url

    page.locator(".card").first.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    drawer = page.get_by_role("dialog")
    expect(drawer.get_by_text("8 of 20")).to_be_visible()
    expect(drawer.locator("img.ent-case-image")).to_have_js_property("complete", True)
    page.keyboard.press("ArrowRight")
    expect(drawer.get_by_text("9 of 20")).to_be_visible()
    page.keyboard.press("Escape")
    expect(drawer).to_have_count(0)
    settle(page)
    assert "case=" not in page.url


def test_pages_of_the_gallery_and_a_reload_keep_the_view(visit: Callable[..., Page]) -> None:
    page = visit("/gallery")
    page.get_by_role("button", name="Page 2").click()
    expect(page.locator(".card")).to_have_count(12)
    page.locator(".card").nth(2).click()
    expect(page.get_by_role("dialog").get_by_text("51 of 60")).to_be_visible()
    case = page.url

    page.reload()
    settle(page)
    assert page.url == case
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator(".card")).to_have_count(12)


def test_find_similar_leads_from_any_image_to_search(visit: Callable[..., Page]) -> None:
    page = visit("/gallery")
    page.locator(".card").first.focus()
    page.keyboard.press("s")
    expect(page.get_by_role("heading", name="Search")).to_be_visible()
    expect(page.locator(".card")).to_have_count(12)

    page.locator(".card").nth(3).click()
    page.get_by_role("dialog").get_by_role("button", name="Find similar").click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page.locator(".card")).to_have_count(12)


def test_filters_survive_a_visit_elsewhere(visit: Callable[..., Page]) -> None:
    page = visit("/gallery?gallery_region=Throat")
    expect(page.get_by_text("20 cases of 60")).to_be_visible()

    open_page(page, "Search")
    open_page(page, "Gallery")
    expect(page.get_by_text("20 cases of 60")).to_be_visible()
    assert "gallery_region=Throat" in page.url


def test_a_folder_is_imported_with_progress_and_result(visit: Callable[..., Page], tmp_path: Path) -> None:
    source = folder_of_scopes(tmp_path / "new", {"throat": 4}, start=600)
    (source / "throat" / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    page = visit("/library")
    use(page, "Import")

    page.get_by_role("tab", name="Folder or archive").click()
    page.get_by_role("textbox", name="Folder, ZIP file or manifest").fill(str(source))
    page.get_by_role("button", name="Import from this machine").click()

    expect(page.get_by_test_id("stMetricValue")).to_have_text(["4", "0", "1"])
    expect(page.get_by_text("Failed (1)")).to_be_visible()
    expect(page.get_by_test_id("stSidebar").get_by_text("7", exact=True)).to_be_visible()


def test_dropped_files_are_imported_with_their_class(visit: Callable[..., Page], tmp_path: Path) -> None:
    files = [tmp_path / "one.png", tmp_path / "two.png"]
    for number, file in enumerate(files):
        scope("vc-open", 800 + number).save(file)
    page = visit("/library")
    use(page, "Import")
    drop(page, *files)
    page.get_by_test_id("stMain").get_by_role("combobox").click()
    page.get_by_role("option", name="Vocal cords open").click()
    page.get_by_role("button", name="Import files").click()

    expect(page.get_by_test_id("stMetricValue").first).to_have_text("2")
    open_page(page, "Gallery")
    expect(page.get_by_role("button", name="Vocal cords open 2")).to_be_visible()


def test_an_import_by_another_process_shows_up(visit: Callable[..., Page], server: Server, tmp_path: Path) -> None:
    page = visit("/gallery")
    use(page, "Shared")
    expect(page.locator(".card")).to_have_count(3)

    source = folder_of_scopes(tmp_path / "more", {"throat": 1}, start=700)
    scope("throat", 700).reduce(2).save(source / "throat" / "half-the-size.png")
    assert ingest(server.home / "shared", source, server.environment)["added"] == 2

    page.get_by_role("button", name="Show the new state").click()
    expect(page.locator(".card")).to_have_count(5)
    page.locator(".card").last.focus()  # the oldest
    page.keyboard.press("s")
    expect(page.get_by_text("3 cases, 1 more folded into them, by cosine similarity")).to_be_visible()
    expect(page.locator(".card")).to_have_count(3)


def test_a_library_is_made_in_the_app_and_used_at_once(visit: Callable[..., Page], server: Server) -> None:
    page = visit("/library")
    page.get_by_text("Make another library").click()
    page.get_by_role("textbox", name="Name").fill("New one")
    page.get_by_text("Another model of open_clip").click()
    page.get_by_role("textbox", name="Model").fill(server.encoder)
    page.get_by_role("button", name="Make library").click()

    expect(page.get_by_role("heading", name="New one")).to_be_visible()
    open_page(page, "Search")
    expect(page.get_by_role("heading", name="This library is empty")).to_be_visible()


def test_two_tabs_do_not_disturb_each_other(visit: Callable[..., Page], server: Server) -> None:
    page = visit("/gallery?library=Clinic&gallery_label=Throat")
    other = page.context.new_page()
    other.goto(f"{server.url}/gallery?library=Import")
    settle(other)

    page.locator(".card").first.click()
    expect(page.get_by_role("dialog")).to_be_visible()
    expect(other.get_by_role("dialog")).to_have_count(0)
    expect(page.get_by_text("20 cases of 60")).to_be_visible()


def test_back_is_one_step_between_pages_of_the_same_library(visit: Callable[..., Page]) -> None:
    page = visit("/?library=Import")  # as links said it once
    expect(page).to_have_url(re.compile(r"library=[0-9a-f]{16}"))
    open_page(page, "Gallery")
    open_page(page, "Evaluation")
    for heading in ("Gallery", "Search"):
        page.go_back()
        expect(page.get_by_role("heading", name=heading, exact=True)).to_be_visible()
        expect(page).to_have_url(re.compile(r"library=[0-9a-f]{16}"))
        expect(page.get_by_test_id("stSidebar").get_by_role("combobox")).to_have_value("Import")


def test_real_images_find_their_way(visit: Callable[..., Page], server: Server, real_images: Path) -> None:
    image = next(iter(sorted((real_images / "entrep_sample" / "vc-open").glob("*.png"))))
    page = visit("/")
    drop(page, image)

    expect(page.locator(".card")).to_have_count(12)
