"""What session and URL share, by one rule: what was done just now, else a URL that has changed, else the session."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

T = TypeVar("T")
_PAGE, _VISIT, _RUN = "page_of_last_run", "visit_of_page", "number_of_run"


@dataclass(frozen=True)
class Setting(Generic[T]):
    """One thing that a page shows, by its name in the URL, which does not say it while it is at its default.

    `parse` makes a value of what a URL says, the default of what means nothing; `write` is the way back. `lasts`: it
    is shown again after a visit to another page. Not for keys that a widget is bound to: Streamlit keeps those.
    """

    key: str
    default: T
    parse: Callable[[str], T]
    write: Callable[[T], str] = str
    lasts: bool = True

    @property
    def value(self) -> T:
        """As the session holds it; on the page that shows it, `follow` is asked first."""
        found: T = st.session_state.get(self.key, self.default)
        return found

    @property
    def said(self) -> str | None:
        """What the URL says of it."""
        return None if self.value == self.default else self.write(self.value)

    def set(self, value: T) -> None:
        """Show this from now on, whatever a URL says that was sent before; from any page."""
        st.session_state[self.key] = value
        st.session_state[f"{self.key}_just_set"] = True

    def follow(self) -> T:
        """What the page that runs now is to show; afterwards its URL says so too."""
        held, in_url = st.session_state, st.query_params.get(self.key)
        just_set = held.pop(f"{self.key}_just_set", False) and not self._brought_back()
        if not just_set and self._changed(in_url) and not self._kept(in_url):
            held[self.key] = self.default if in_url is None else self.parse(in_url)
        if self.said is None:
            st.query_params.pop(self.key, None)
        elif self.said != in_url:
            st.query_params[self.key] = self.said
        held[f"{self.key}_in_url"], held[f"{self.key}_visit"] = self.said, _visit()[0]
        held[f"{self.key}_run"] = held.get(_RUN, 0)
        return self.value

    def forget(self) -> None:
        """Be at the default again, unless the URL has just brought something else, as the browser's back does."""
        if self._changed(st.query_params.get(self.key)):
            for name in (self.key, f"{self.key}_just_set", f"{self.key}_in_url"):  # so that what the URL says is new
                st.session_state.pop(name, None)
        else:
            self.set(self.default)

    def _changed(self, in_url: str | None) -> bool:
        return self._brought_back() or in_url != st.session_state.get(f"{self.key}_in_url")

    def _brought_back(self) -> bool:
        """Whether back has led to what the URL says, new or not: the run before may have been cut off by it."""
        return going_back() and st.session_state.get(f"{self.key}_run") != st.session_state.get(_RUN, 0)

    def _kept(self, in_url: str | None) -> bool:
        """Whether the URL says nothing of it only because the page was come to by a link that says nothing at all."""
        number, by_link = _visit()
        return self.lasts and in_url is None and by_link and st.session_state.get(f"{self.key}_visit") != number


def arrive(page: str) -> None:
    """Take note of the page that runs now; once a run, from the shell."""
    st.session_state[_RUN] = st.session_state.get(_RUN, 0) + 1
    if st.session_state.get(_PAGE) != page:
        st.session_state[_PAGE] = page
        st.session_state[_VISIT] = _visit()[0] + 1, not going_back()


def _visit() -> tuple[int, bool]:
    """The number of this visit to a page, and whether it was come to by a link, whose URL says nothing yet."""
    found: tuple[int, bool] = st.session_state.get(_VISIT, (0, True))
    return found


def going_back() -> bool:
    """Whether the browser's back or forward led here: bound widgets are drawn as the URL says, or at their default."""
    context = get_script_run_ctx()
    return context is not None and context.is_history_navigation
