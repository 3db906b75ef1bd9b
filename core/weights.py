"""Where an encoder's weights come from: a file given by hand, the download cache, or the model hub."""

from __future__ import annotations

import io
import os
import socket
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from urllib.request import getproxies

from tqdm.auto import tqdm

from core.encoder_spec import Progress
from core.errors import EncoderError, first_line
from core.settings import get_settings
from core.weights_file import HUB_FILES, weights_file

os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")  # read when the hub client is imported, which is later


def find_weights(name: str, hub: str | None, given: Path | None, on_progress: Progress | None = None) -> Path:
    """The weights file of encoder `name`: `given`, else ENT_WEIGHTS, else the cache, else downloaded from `hub`.

    Raises EncoderError, naming the ways out, when there is none to be had.
    """
    for candidate in (given, get_settings().weights):
        if candidate is not None:
            return weights_file(Path(candidate))
    if hub is None:
        raise EncoderError(f"no weights for encoder {name}; {_ways_out()}")
    return download(name, hub, on_progress)


def download(name: str, hub: str, on_progress: Progress | None = None) -> Path:
    """The weights file of a hub repository (org/repo, or org/repo/file), from the cache when there, else downloaded.

    Raises EncoderError, naming the ways out, when it is neither cached nor reachable.
    """
    from huggingface_hub import hf_hub_download, try_to_load_from_cache

    cache = get_settings().cache / "hub"
    owner, repo, *file = hub.split("/", 2)
    hub_repo, filenames = f"{owner}/{repo}", (*file, *HUB_FILES)
    for filename in filenames:
        if isinstance(found := try_to_load_from_cache(hub_repo, filename, cache_dir=cache), str):
            return Path(found)
    if get_settings().offline:
        raise EncoderError(f"no weights for encoder {name}: not in {cache}, and ENT_OFFLINE is set; {_ways_out()}")
    reason: Exception | None = _unreachable()  # the hub client would try for half a minute
    for filename in filenames if reason is None else ():
        try:
            bar = _progress_bar(on_progress)
            return Path(hf_hub_download(hub_repo, filename, cache_dir=cache, tqdm_class=bar, etag_timeout=5))
        except Exception as error:  # the hub client raises its own, httpx's and OS errors alike
            reason = reason or error
            if not _is_missing_file(error):
                break
    said = first_line(reason)
    raise EncoderError(
        f"no weights for encoder {name}: not in {cache}, and the download failed ({said}); {_ways_out()}"
    )


def download_repository(name: str, hub_repo: str, on_progress: Progress | None = None) -> Path:
    """The folder of a hub repository's open_clip model (config, weights, tokenizer), cached or downloaded once.

    Raises EncoderError, naming the ways out, when it is neither cached nor reachable.
    """
    from huggingface_hub import snapshot_download

    cache, patterns = get_settings().cache / "hub", ["*.json", "*.txt", *HUB_FILES]
    try:
        return Path(snapshot_download(hub_repo, cache_dir=cache, allow_patterns=patterns, local_files_only=True))
    except OSError:
        pass
    if get_settings().offline:
        raise EncoderError(f"encoder {name} is not in {cache}, and ENT_OFFLINE is set; {_ways_out()}")
    try:
        if (reason := _unreachable()) is not None:
            raise reason
        bar = _progress_bar(on_progress)
        return Path(snapshot_download(hub_repo, cache_dir=cache, allow_patterns=patterns, tqdm_class=bar))
    except Exception as error:
        raise EncoderError(f"encoder {name} could not be downloaded ({first_line(error)}); {_ways_out()}") from error


def _ways_out() -> str:
    return (
        "ways out: make a library with ent-mini, the encoder that comes with the program; or connect to the "
        "internet and try again; or give a file with --weights FILE or ENT_WEIGHTS=FILE, "
        "or in the app where a library is made; "
        "or copy the cache folder of a machine that has them and set ENT_CACHE=FOLDER"
    )


def _unreachable() -> OSError | None:
    from huggingface_hub import constants

    if getproxies():
        return None
    address = urlsplit(constants.ENDPOINT)
    try:
        socket.create_connection((address.hostname or "", address.port or 443), timeout=5).close()
    except OSError as error:
        return error
    return None


def _is_missing_file(error: Exception) -> bool:
    from huggingface_hub.errors import EntryNotFoundError, LocalEntryNotFoundError

    return isinstance(error, EntryNotFoundError) and not isinstance(error, LocalEntryNotFoundError)


def _progress_bar(on_progress: Progress | None) -> type[tqdm[Any]]:
    """A tqdm class that reports to `on_progress` and draws nothing: drawing is the caller's business."""

    class Bar(tqdm):  # type: ignore[misc]
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            kwargs.pop("name", None)
            super().__init__(*args, **{**kwargs, "file": io.StringIO(), "disable": False})

        def update(self, n: float | None = 1) -> bool | None:
            drawn: bool | None = super().update(n)
            if on_progress is not None and self.total:
                on_progress(int(self.n), int(self.total))
            return drawn

    return Bar
