"""Pages of what is too much for one: which is shown, in the URL too, and the switch between them."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from pages.ui.url_state import Setting


@dataclass(frozen=True)
class Pages:
    """The pages of one list; `name` is what the URL calls the one that is shown."""

    name: str

    def one_of(self, pages: int) -> int:
        """The page to be shown, one of `pages` (at least 1); session and URL say the same afterwards."""
        if self._shown.follow() > pages:
            self._shown.set(pages)
        return self._shown.follow()

    def first(self) -> None:
        """Begin anew where what is listed, or its order, has changed."""
        self.go_to(1)

    def go_to(self, page: int) -> None:
        """Show that page from now on."""
        self._shown.set(page)

    def show_switch(self, pages: int, page: int) -> None:
        """The page switch; nothing where there is one page only."""
        if pages > 1:
            st.session_state[self._switch] = page
            with st.container(horizontal_alignment="center"):
                st.pagination(pages, key=self._switch, on_change=self._switched)

    def forget(self) -> None:
        """Be at the first page again, unless the URL has just brought another."""
        self._shown.forget()

    @property
    def _shown(self) -> Setting[int]:
        return Setting(self.name, 1, _number)

    @property
    def _switch(self) -> str:
        return f"{self.name}s"

    def _switched(self) -> None:
        self._shown.set(st.session_state[self._switch])


def _number(text: str) -> int:
    """A page of a URL; the first for what is none."""
    return max(1, int(text)) if text.isascii() and text.isdigit() and len(text) < 10 else 1
