"""What a person picked on a page, held in the session and followed by the URL."""

from __future__ import annotations

from pages.ui.paging import Pages
from pages.ui.url_state import Setting

FLOW, QUERIES, SPACE = "flow", "evaluation_pick", "evaluation_space"
PAGE = Pages("evaluation_page")
"""Which page of the picked queries is shown."""


def pick(name: str, value: str | None) -> None:
    """Hold what was picked on a page under `name`."""
    _setting(name).set(value)


def picked(name: str) -> str | None:
    """What was picked under `name`; for the page that shows it."""
    return _setting(name).follow()


def forget() -> None:
    """Pick nothing on any page but what the URL has just brought."""
    for name in (FLOW, QUERIES, SPACE):
        _setting(name).forget()
    PAGE.forget()


def _setting(name: str) -> Setting[str | None]:
    return Setting(name, None, str)
