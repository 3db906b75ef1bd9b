"""Images that people search with, held in memory under names that cannot be guessed, so that a URL can say them."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import threading
from collections import OrderedDict

from pages.ui.query_state import QueryImage

MOST_BYTES = 256_000_000
"""Of all files held for all sessions; beyond that, those not asked with for longest are forgotten."""

_secret = secrets.token_bytes(32)
_held: OrderedDict[str, QueryImage] = OrderedDict()
_lock = threading.Lock()


def name_of(image: QueryImage) -> str:
    """The name of an image as long as this program runs; its bytes alone do not tell it."""
    return hmac.new(_secret, image.digest.encode(), hashlib.sha256).hexdigest()[:32]


def hold(image: QueryImage) -> None:
    """Have the image found by its name, until the program ends or newer ones need its place. Never on disk."""
    name = name_of(image)
    with _lock:
        _held[name] = image
        _held.move_to_end(name)
        while len(_held) > 1 and sum(len(held.data) for held in _held.values()) > MOST_BYTES:
            _held.popitem(last=False)


def find(name: str) -> QueryImage | None:
    """The image of that name, if it is held still."""
    with _lock:
        return _held.get(name)
