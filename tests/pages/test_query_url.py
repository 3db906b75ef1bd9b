"""A query in a URL: what it says, what it brings back, and what a URL may say that means nothing."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core.region import Region
from pages.ui import current_query, query_url, uploads
from pages.ui.query_state import QueryImage, QueryState
from tests.conftest import picture, png
from tests.pages.conftest import SHELL, visible

A, B, C = ("a" * 16, "b" * 16, "c" * 16)


@pytest.fixture(autouse=True)
def nothing_held() -> Iterator[None]:
    uploads._held.clear()
    yield
    uploads._held.clear()


def image(seed: int = 1, size: int = 10) -> QueryImage:
    data = bytes([seed]) * size
    return QueryImage(f"{seed}.png", data, hashlib.sha256(data).hexdigest(), b"preview")


@pytest.mark.parametrize(
    "query",
    [
        QueryState(),
        QueryState(cases=(A, B)),
        QueryState(images=(image(1), image(2)), cases=(A,)),
        QueryState(images=(image(),), region=Region(0.2, 0.1, 0.85, 0.6125)),
        QueryState(cases=(A,), marks=((B, "less"), (C, "more")), rounds=(((B, "less"), (C, "more")),)),
    ],
)
def test_a_query_comes_back_from_its_url(query: QueryState) -> None:
    said = query_url.write(query_url.parts_of(query))
    assert query_url.query_of(query_url.parse(said)) == query


def test_of_rounds_the_url_says_the_last_and_nothing_of_marks_not_searched_with() -> None:
    rounds = (((B, "more"),), ((B, "more"), (C, "less")))
    query = QueryState(cases=(A,), marks=((B, "less"),), rounds=rounds)
    assert query_url.parts_of(query) == (A, f"more:{B}", f"less:{C}")


@pytest.mark.parametrize(
    ("said", "parts"),
    [
        ("", ()),
        ("nonsense,../..,image:short,box:1-2,more:x", ()),
        (f"{A},{A},{A.upper()}", (A,)),
        (",".join(f"{n:016x}" for n in range(20)), tuple(f"{n:016x}" for n in range(QueryState.MOST))),
        (f"{A},box:0.5-0.1-0.2-0.9", (A,)),
        (f"{A},box:0-0-1.5-1", (A,)),
        (f"{A},{B},box:0.1-0.1-0.2-0.9", (A, B)),
        (f"{A},more:{B},less:{B}", (A, f"more:{B}", f"less:{B}")),
    ],
)
def test_what_means_nothing_is_left_out(said: str, parts: query_url.Parts) -> None:
    assert query_url.parse(said) == parts


def test_a_case_that_is_marked_twice_has_the_last_mark() -> None:
    assert query_url.query_of((A, f"more:{B}", f"less:{B}")).marks == ((B, "less"),)


def test_an_image_that_is_held_no_more_is_missing_and_counted() -> None:
    parts = query_url.parts_of(QueryState(images=(image(),), cases=(A,)))
    assert query_url.lost(parts) == 0
    uploads._held.clear()
    assert query_url.lost(parts) == 1
    assert query_url.query_of(parts) == QueryState(cases=(A,))


def test_the_name_of_an_image_is_not_told_by_its_bytes() -> None:
    assert uploads.name_of(image()) not in image().digest
    assert uploads.find(image().digest[:32]) is None


def test_images_asked_with_longest_ago_make_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploads, "MOST_BYTES", 25)
    held = [image(seed) for seed in (1, 2)]
    for one in (*held, held[0], image(3)):
        uploads.hold(one)
    names = [uploads.name_of(one) for one in (*held, image(3))]
    assert [uploads.find(name) is not None for name in names] == [True, False, True]
    uploads.hold(image(4, size=100))
    assert uploads.find(uploads.name_of(image(4, size=100))) is not None


def test_another_session_follows_a_link_to_an_uploaded_image_and_is_told_when_it_is_gone(
    make_library: Callable[..., Path], app: AppTest
) -> None:
    make_library("clinic", {"ear-left": 3, "throat": 3})
    app.run()
    app.file_uploader[0].upload("mine.png", png(picture(500)), "image/png")
    link = app.run().query_params["like"]

    def followed() -> AppTest:
        other = AppTest.from_file(SHELL, default_timeout=60)
        other.query_params["like"] = link
        return other.run()

    assert [image.name for image in followed().session_state[current_query.QUERY].images] == ["mine.png"]
    uploads._held.clear()
    lost = followed()
    assert "searched with 1 image that the app holds no more" in lost.info[0].value
    assert "What are you looking for?" in visible(lost)
    assert not lost.run().info
    link = ",".join(f"image:{number * 32}" for number in "12")
    assert "searched with 2 images that the app holds no more" in (several := followed()).info[0].value
    assert "Drop them again to search with them" in several.info[0].value
