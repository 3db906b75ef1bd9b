"""Where this machine last found the weights of an encoder: a hint, which a library does not carry elsewhere."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from core.settings import get_settings
from core.whole_file import write_whole

FOLDER = "found"


def remember(weights_sha256: str, path: Path) -> None:
    """Keep that weights of this hash are at `path`; where the cache cannot be written, they are looked for again."""
    with suppress(OSError):
        hint = _hint(weights_sha256)
        hint.parent.mkdir(parents=True, exist_ok=True)
        # not resolved: in a download cache the file is a link, and only the link's name says what it is
        write_whole(hint, os.fsencode(os.path.abspath(path)))  # noqa: PTH100


def remembered(weights_sha256: str) -> Path | None:
    """Where weights of this hash were found last; None where that is not known, or nothing is there any more."""
    try:
        path = Path(os.fsdecode(_hint(weights_sha256).read_bytes()))
    except OSError:
        return None
    return path if path.exists() else None


def _hint(weights_sha256: str) -> Path:
    return get_settings().cache / FOLDER / weights_sha256
