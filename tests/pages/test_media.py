"""The image routes, asked directly."""

from __future__ import annotations

import io
import time
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from PIL import Image
from starlette.applications import Starlette
from starlette.testclient import TestClient

from core.case import Case
from pages.ui import media, resources


@pytest.fixture
def client() -> Iterator[TestClient]:
    with TestClient(Starlette(routes=media.routes()), base_url="http://localhost") as client:
        yield client


@pytest.fixture
def opened(make_library: Callable[..., Path]) -> resources.OpenLibrary:
    return resources.open_library(make_library("clinic", {"ear-left": 2}))


def test_original_and_thumbnail_are_served_as_what_they_are(client: TestClient, opened: resources.OpenLibrary) -> None:
    case = opened.catalog.cases()[0]

    image = client.get(media.image_url(opened.library_id, case.case_id))
    thumbnail = client.get(media.thumbnail_url(opened.library_id, case.case_id))

    assert image.content == opened.store.image(case.sha256, case.extension)
    assert image.headers["content-type"] == "image/png"
    assert thumbnail.headers["content-type"] == "image/webp"
    assert "private" in thumbnail.headers["cache-control"]


def test_pictures_between_thumbnail_and_original_are_made_once_and_for_their_library_only(
    client: TestClient, opened: resources.OpenLibrary, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(media, "PICTURES", {"picture-768": 40, "picture-1280": 1280})
    monkeypatch.setattr(media, "_pictures", OrderedDict())
    case = opened.catalog.cases()[0]
    url, large = (each.replace("CASE", case.case_id) for each in media.pictures_urls(opened.library_id).values())

    found = client.get(url)
    assert found.headers["content-type"] == "image/webp"
    assert Image.open(io.BytesIO(found.content)).size == (40, 30)
    assert Image.open(io.BytesIO(client.get(large).content)).size == (case.width, case.height)
    monkeypatch.setattr(opened.store, "image", lambda *given: pytest.fail("decoded again"))
    assert client.get(url).content == found.content
    assert client.get(url.replace("picture-768", "picture-1280")).status_code == 403
    assert client.get(url.replace(case.case_id, "f" * 16)).status_code == 404
    assert client.get(url.replace("/picture-768/", "/image/")).status_code == 403


def test_few_originals_are_decoded_at_a_time_however_many_are_asked_for(
    client: TestClient, opened: resources.OpenLibrary, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(media, "_pictures", OrderedDict())
    made, at_work, most = Counter[str](), 0, 0

    def slowly(library: resources.OpenLibrary, case: Case, side: int) -> bytes:
        nonlocal at_work, most
        at_work += 1
        most = max(most, at_work)
        time.sleep(0.1)
        made[f"{case.case_id} {side}"] += 1
        at_work -= 1
        return b"picture"

    monkeypatch.setattr(media, "_smaller", slowly)
    urls = [
        url.replace("CASE", case.case_id)
        for case in opened.catalog.cases()
        for url in media.pictures_urls(opened.library_id).values()
    ]
    with ThreadPoolExecutor(12) as pool:
        assert {answer.status_code for answer in pool.map(client.get, urls * 3)} == {200}
    assert len(made) == len(urls)
    assert max(made.values()) <= media.AT_ONCE
    assert most <= media.AT_ONCE


def test_a_url_stays_the_same_for_a_while_so_that_the_browser_keeps_the_image() -> None:
    assert media.thumbnail_url("0" * 16, "1" * 16) == media.thumbnail_url("0" * 16, "1" * 16)


def test_a_link_expires(client: TestClient, opened: resources.OpenLibrary, monkeypatch: pytest.MonkeyPatch) -> None:
    url = media.thumbnail_url(opened.library_id, opened.catalog.cases()[0].case_id)
    now = time.time()

    monkeypatch.setattr("pages.ui.media.time.time", lambda: now + media.LIFE - 1)
    assert client.get(url).status_code == 200
    monkeypatch.setattr("pages.ui.media.time.time", lambda: now + 2 * media.LIFE + 1)
    assert client.get(url).status_code == 403


def test_a_well_signed_name_that_is_no_case_is_not_found(client: TestClient, opened: resources.OpenLibrary) -> None:
    assert client.get(media.thumbnail_url(opened.library_id, "f" * 16)).status_code == 404
    assert client.get(media.thumbnail_url("f" * 16, "f" * 16)).status_code == 404


def test_names_that_could_be_paths_are_never_looked_up(client: TestClient, opened: resources.OpenLibrary) -> None:
    url = media.image_url(opened.library_id, "..%2f..%2fcatalog.db")

    assert client.get(url).status_code == 404


@pytest.mark.parametrize("expires", ["", "soon", "-1", "9" * 40, "٣٣٣٣٣٣٣٣٣٣"])
def test_odd_expiry_times_are_refused(client: TestClient, opened: resources.OpenLibrary, expires: str) -> None:
    path = media.thumbnail_url(opened.library_id, "1" * 16).partition("?")[0]

    assert client.get(path, params={"e": expires, "s": "x"}).status_code == 403


def test_only_own_pages_are_answered(client: TestClient, opened: resources.OpenLibrary) -> None:
    url = media.thumbnail_url(opened.library_id, opened.catalog.cases()[0].case_id)

    assert client.get(url, headers={"Origin": "http://localhost"}).status_code == 200
    assert client.get(url, headers={"Origin": "https://evil.example"}).status_code == 403
    assert client.get(url, headers={"Origin": "null"}).status_code == 403
    assert client.get(url, headers={"Sec-Fetch-Site": "same-site"}).status_code == 403


def test_previews_are_held_in_bounded_number(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(media, "PREVIEWS_KEPT", 2)
    first, *others = [media.preview_url(bytes([number])) for number in range(3)]

    assert client.get(first).status_code == 404
    assert [client.get(url).content for url in others] == [b"\x01", b"\x02"]


def test_the_preview_of_a_query_is_signed_anew_while_it_is_shown(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    early, now = media.preview_url(b"picture"), time.time()

    monkeypatch.setattr("pages.ui.media.time.time", lambda: now + 3 * media.LIFE)
    assert client.get(early).status_code == 403
    assert client.get(media.preview_url(b"picture")).content == b"picture"
