"""Session and URL by one rule: what was done just now, else a URL that has changed, else the session."""

from __future__ import annotations

from typing import Any

import pytest
import streamlit as st

from pages.ui import url_state
from pages.ui.url_state import Setting


@pytest.fixture
def url(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """What the address bar says, beside a session of its own, on the first page."""
    said: dict[str, str] = {}
    monkeypatch.setattr(st, "query_params", said)
    monkeypatch.setattr(st, "session_state", held := {})
    held.clear()
    url_state.arrive("Map")
    return said


@pytest.fixture
def back(monkeypatch: pytest.MonkeyPatch) -> Any:
    def go(url: dict[str, str], **said: str) -> None:
        url.clear()
        url.update(said)
        monkeypatch.setattr(url_state, "going_back", lambda: True)

    return go


def number(text: str) -> int:
    return int(text) if text.isdigit() else 1


PAGE: Setting[int] = Setting("page", 1, number)
CASE: Setting[str | None] = Setting("case", None, str, lasts=False)


def test_a_url_decides_at_first_and_says_nothing_of_a_default(url: dict[str, str]) -> None:
    url["page"] = "7"
    assert (PAGE.follow(), url) == (7, {"page": "7"})
    PAGE.set(1)
    assert (PAGE.follow(), url) == (1, {})


def test_a_url_that_means_nothing_is_corrected(url: dict[str, str]) -> None:
    url["page"] = "many"
    assert (PAGE.follow(), url) == (1, {})


def test_what_was_done_just_now_wins_over_a_url_that_was_sent_before(url: dict[str, str]) -> None:
    PAGE.set(2)
    PAGE.follow()
    url.clear()  # as sent by a browser that has not heard of page 2 yet
    PAGE.set(3)
    assert (PAGE.follow(), url) == (3, {"page": "3"})
    assert PAGE.follow() == 3


def test_back_brings_what_the_url_says_and_takes_away_what_it_does_not(url: dict[str, str], back: Any) -> None:
    PAGE.set(3)
    PAGE.follow()
    back(url, page="2")
    assert PAGE.follow() == 2
    back(url)
    assert (PAGE.follow(), url) == (1, {})


def test_back_into_a_run_that_was_cut_off_brings_what_the_url_says(url: dict[str, str], back: Any) -> None:
    CASE.set("abc")
    CASE.follow()
    url_state.arrive("Map")
    CASE.set(None)  # the run ends here: the URL still says what it said
    back(url, case="abc")
    url_state.arrive("Map")
    assert (CASE.follow(), url) == ("abc", {"case": "abc"})


def test_what_is_corrected_after_back_stays_corrected(url: dict[str, str], back: Any) -> None:
    back(url, page="9")
    url_state.arrive("Map")
    assert PAGE.follow() == 9
    PAGE.set(3)
    assert (PAGE.follow(), url) == (3, {"page": "3"})


def test_a_visit_to_another_page_leaves_what_lasts(url: dict[str, str]) -> None:
    for setting, value in ((PAGE, 3), (CASE, "abc")):
        setting.set(value)
        setting.follow()
    url_state.arrive("Search")
    url_state.arrive("Map")
    url.clear()
    assert (PAGE.follow(), CASE.follow()) == (3, None)
    assert url == {"page": "3"}


def test_back_from_another_page_brings_what_its_url_says(url: dict[str, str], back: Any) -> None:
    PAGE.set(3)
    PAGE.follow()
    url_state.arrive("Search")
    back(url)
    url_state.arrive("Map")
    assert PAGE.follow() == 1


def test_what_is_forgotten_is_gone_from_the_url_but_what_back_has_just_brought_is_not(
    url: dict[str, str], back: Any
) -> None:
    PAGE.set(3)
    PAGE.follow()
    PAGE.forget()
    assert (PAGE.follow(), url) == (1, {})
    back(url, page="2")
    PAGE.forget()
    assert PAGE.follow() == 2
