"""Sets of cases that a URL can say: their ids where they are few, else a name under which they are held in memory."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
import threading
from collections import OrderedDict

FEW = 20
"""Cases that a URL names one by one."""
MOST_HELD = 1_000_000
"""Ids held for all sessions; beyond that, the sets not asked for longest are forgotten."""
_NAME = re.compile(r"set:[0-9a-f]{32}")
_ID = re.compile(r"[0-9a-f]{16}")

_secret = secrets.token_bytes(32)
_held: OrderedDict[str, tuple[str, ...]] = OrderedDict()
_lock = threading.Lock()


def write(case_ids: tuple[str, ...]) -> str:
    """What a URL says of these cases; many are held from now on, until the program ends or newer ones need the place.

    The name of a set cannot be guessed by whoever does not know it.
    """
    text = ",".join(case_ids)
    if len(case_ids) <= FEW:
        return text
    name = "set:" + hmac.new(_secret, text.encode(), hashlib.sha256).hexdigest()[:32]
    with _lock:
        _held[name] = case_ids
        _held.move_to_end(name)
        while len(_held) > 1 and sum(map(len, _held.values())) > MOST_HELD:
            _held.popitem(last=False)
    return name


def parse(text: str) -> tuple[str, ...]:
    """The way back; none where a set is held no more, or the text means nothing."""
    if _NAME.fullmatch(text):
        with _lock:
            return _held.get(text, ())
    return ids_in(text, FEW)


def ids_in(text: str, most: int) -> tuple[str, ...]:
    """The ids that a text names with commas between them, each once; what is no case's id is left out."""
    return tuple(part for part in dict.fromkeys(text.split(",")) if _ID.fullmatch(part))[:most]


def is_lost(text: str) -> bool:
    """Whether a URL names a set that is held no more."""
    return bool(_NAME.fullmatch(text)) and not parse(text)
