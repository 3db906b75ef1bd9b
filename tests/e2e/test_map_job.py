"""A map that is being laid out, without the tab that began it, and stopped: in Chromium."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from playwright.sync_api import Browser, Page, expect

from core.embedding_map import FOLDER
from core.flow import Flow
from core.library import Library
from core.mapping import make_map
from core.sources import open_source
from core.vector_field import VectorField
from tests.e2e.conftest import Server, folder_of_scopes, settle, tab

pytestmark = [pytest.mark.e2e, pytest.mark.slow]
LONG = 180_000
OLD = re.compile("4 came and 0 went since|4 new cases not on it yet")
ANEW = "Make the map anew"


@pytest.fixture(scope="module")
def root(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A library with an active flow, its map, and four cases that came after that."""
    folder = tmp_path_factory.mktemp("map job")
    library = Library.create(server.home / "outdated", name="Outdated", encoder=server.encoder)
    torch.manual_seed(0)
    library.flows.put(Flow(VectorField(dim=library.encoder.spec.dimension), flow_id="outdated"))
    for name, counts in (("first", {"ear-left": 12, "throat": 10}), ("then", {"vc-open": 4})):
        with open_source(folder_of_scopes(folder / name, counts, start=3000), library.taxonomy) as images:
            library.ingest(images)
        if name == "first":
            library.activate("outdated")
            make_map(library.root, library.catalog, library.flows)
    library.close()
    return library.root


@pytest.fixture
def begun(browser: Browser, server: Server, root: Path) -> Iterator[Page]:
    """A tab that comes to the page of a map that another tab, closed by now, has begun to make anew."""
    with tab(browser, server.url) as first:
        first.goto("/embedding_map?library=Outdated")
        settle(first).get_by_role("button", name=ANEW).click()
        expect(first.get_by_role("button", name="Stop")).to_be_visible()
        first.reload()
        expect(settle(first).get_by_role("button", name="Stop")).to_be_visible()
    with tab(browser, server.url) as page:
        page.goto("/embedding_map?library=Outdated")
        expect(settle(page).get_by_role("button", name="Stop")).to_be_visible()
        yield page


def check_sound(page: Page) -> None:
    page.goto("/library?library=Outdated")
    settle(page).get_by_role("button", name="Verify").click()
    expect(page.get_by_text("Everything fits together")).to_be_visible(timeout=LONG)


def test_one_that_is_stopped_leaves_the_old_map_and_a_sound_library(begun: Page, root: Path) -> None:
    before = {file.name: file.read_bytes() for file in (root / FOLDER).iterdir()}
    begun.get_by_role("button", name="Stop").click()  # at once: so few cases are laid out in a moment

    expect(begun.get_by_role("button", name=ANEW)).to_be_visible(timeout=LONG)
    expect(begun.get_by_text(OLD)).to_be_visible()
    expect(begun.locator(".ent-map canvas").first).to_be_visible()
    assert {file.name: file.read_bytes() for file in (root / FOLDER).iterdir()} == before
    check_sound(begun)


def test_one_that_nobody_looks_at_is_there_in_the_end(begun: Page) -> None:
    expect(begun.get_by_text(OLD)).to_have_count(0, timeout=LONG)
    expect(begun.get_by_text("26 cases, laid out on")).to_be_visible()
    expect(begun.locator(".ent-map canvas").first).to_be_visible()
    check_sound(begun)
