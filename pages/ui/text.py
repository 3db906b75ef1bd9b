"""Text from people and files, made fit for places that would read it as Markdown or HTML."""

from __future__ import annotations

import html
import re
from datetime import datetime

MARKS = re.compile(r"([\\`*_{}\[\]()#+\-.!|<>~$:&@/^=])")
SOON = 0.95
"""Seconds below which a duration is less than one second, in words."""


def markdown(text: object) -> str:
    """`text` so that Markdown shows exactly these characters: no links, images, icons or formulas."""
    return MARKS.sub(r"\\\1", " ".join(str(text).split()))


def cut(text: str, most: int = 40) -> str:
    """The text with every word of more than `most` letters cut off, so that no line of a page is wider than it."""
    return " ".join(word if len(word) <= most else f"{word[:most]}…" for word in text.split())


def escaped(text: object) -> str:
    """`text` so that HTML shows exactly these characters, in attributes too."""
    return html.escape(str(text), quote=True)


def number(value: int) -> str:
    """`1 234`: grouped by narrow spaces."""
    return f"{value:,}".replace(",", "\u202f")


def count(value: int, noun: str, plural: str | None = None) -> str:
    """`1 case`, `1 234 cases`: the number and the noun in its form."""
    return f"{number(value)} {noun if value == 1 else plural or noun + 's'}"


def duration(seconds: float) -> str:
    """`less than a second`, `8 s`, `3 min 20 s`, `2 h 5 min`."""
    if seconds < SOON:
        return "less than a second"
    whole = max(0, round(seconds))
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    if minutes < 60:
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    return f"{minutes // 60} h {minutes % 60} min"


def time_left(seconds: float, how_sure: str) -> str:
    """`about 8 s left`, with "about" for how sure that is; `less than a second left`, which needs no such word."""
    words = duration(seconds)
    return f"{words} left" if seconds < SOON else f"{how_sure} {words} left"


def day(iso: str | None) -> str:
    """An ISO date or time as `3 May 2024`; anything else as it stands."""
    try:
        moment = datetime.fromisoformat(iso or "")
    except ValueError:
        return iso or ""
    return f"{moment.day} {moment:%B %Y}"


def moment(iso: str) -> str:
    """An ISO time in UTC as `3 May 2024, 14:05`, in the time of this machine; anything else as it stands."""
    try:
        at = datetime.fromisoformat(iso).astimezone()
    except ValueError:
        return iso
    return f"{at.day} {at:%B %Y, %H:%M}"
