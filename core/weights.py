"""Where an encoder's weights come from: a file given by hand, the download cache, or the model hub."""

from __future__ import annotations

import hashlib
import io
import os
import socket
import warnings
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from urllib.request import getproxies

from tqdm.auto import tqdm

from core.errors import EncoderError
from core.settings import get_settings

if TYPE_CHECKING:
    import torch

os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")  # read when the hub client is imported, which is later

SUFFIXES = (".safetensors", ".bin", ".pth", ".pt")
HUB_FILES = ("open_clip_model.safetensors", "open_clip_pytorch_model.safetensors", "open_clip_pytorch_model.bin")
OPENAI_ARCHIVES = frozenset(
    {
        "afeb0e10f9e5a86da6080e35cf09123aca3b358a0c3e3b6c78a7b63bc04b6762",  # RN50
        "8fa8567bab74a42d41c5915025a8e4538c3bdbe8804a470a72f30b0d94fab599",  # RN101
        "7e526bd135e493cef0776de27d5f42653e6b4c8bf9e0f653bb11773263205fdd",  # RN50x4
        "52378b407f34354e150460fe41077663dd5b39c54cd0bfd2b27167a4a06ec9aa",  # RN50x16
        "be1cfb55d75a9666199fb2206c106743da0f6468c9d327f3e0d0a543a9919d9c",  # RN50x64
        "40d365715913c9da98579312b702a82c18be219cc2a73407c4526f58eba950af",  # ViT-B/32
        "5806e77cd80f8b59890b7e101eabd078d9fb84e6937f9e85e4ecb61988df416f",  # ViT-B/16
        "b8cca3fd41ae0c99ba7e8951adf17d267cdb84cd88be6f7c2e0eca1737a03836",  # ViT-L/14
        "3035c92b350959924f9f00213499208652fc7ea050643e8b385c2dac08641f02",  # ViT-L/14@336
    }
)
"""SHA-256 of the archives that OpenAI published. To load a TorchScript archive is to run it, so no other is loaded."""
TORCHSCRIPT_EXTRAS = ("input_resolution", "context_length", "vocab_size")

Progress = Callable[[int, int], None]
"""Called with (bytes done, bytes in all) while something is downloaded."""


def find_weights(name: str, hub_repo: str | None, given: Path | None, on_progress: Progress | None = None) -> Path:
    """The weights file of encoder `name`: `given`, else ENT_WEIGHTS, else the cache, else downloaded from `hub_repo`.

    Raises EncoderError, naming the ways out, when there is none to be had.
    """
    for candidate in (given, get_settings().weights):
        if candidate is not None:
            return weights_file(Path(candidate))
    if hub_repo is None:
        raise EncoderError(f"no weights for encoder {name}; {_ways_out()}")
    return download(name, hub_repo, on_progress)


def weights_file(path: Path) -> Path:
    """The one weights file at `path`, a file or a folder that holds one. Raises EncoderError when there is none."""
    if path.is_file():
        return path
    if not path.is_dir():
        raise EncoderError(f"there are no weights at {path}; give a .safetensors or .pt file, or a folder with one")
    for filename in HUB_FILES:  # open_clip prefers these names in a folder, and so must whoever hashes the file
        if (path / filename).is_file():
            return path / filename
    for suffix in SUFFIXES:
        files = sorted(path.glob(f"*{suffix}"))
        if len(files) > 1:
            raise EncoderError(f"{path} holds several weights files ({', '.join(f.name for f in files)}); name one")
        if files:
            return files[0]
    raise EncoderError(f"the folder {path} holds no weights file ({', '.join(SUFFIXES)}); name the file itself")


def download(name: str, hub_repo: str, on_progress: Progress | None = None) -> Path:
    """The weights file of a hub repository, from the cache when it is there, else downloaded once.

    Raises EncoderError, naming the ways out, when it is neither cached nor reachable.
    """
    from huggingface_hub import hf_hub_download, try_to_load_from_cache

    cache = get_settings().cache / "hub"
    for filename in HUB_FILES:
        if isinstance(found := try_to_load_from_cache(hub_repo, filename, cache_dir=cache), str):
            return Path(found)
    if get_settings().offline:
        raise EncoderError(f"no weights for encoder {name}: not in {cache}, and ENT_OFFLINE is set; {_ways_out()}")
    reason: Exception | None = _unreachable()  # the hub client would try for half a minute
    for filename in HUB_FILES if reason is None else ():
        try:
            bar = _progress_bar(on_progress)
            return Path(hf_hub_download(hub_repo, filename, cache_dir=cache, tqdm_class=bar, etag_timeout=5))
        except Exception as error:  # the hub client raises its own, httpx's and OS errors alike
            reason = reason or error
            if not _is_missing_file(error):
                break
    said = _first_line(reason)
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
        raise EncoderError(f"encoder {name} could not be downloaded ({_first_line(error)}); {_ways_out()}") from error


def read_tensors(path: Path) -> dict[str, torch.Tensor]:
    """The tensors of a weights file: safetensors, a torch checkpoint, or OpenAI's TorchScript archive.

    Raises EncoderError when it is none of them; nothing of anybody else's is executed.
    """
    import torch
    from safetensors.torch import load_file

    try:
        if _is_safetensors(path):
            return load_file(path)
        if _is_torchscript(path):
            _check_published(path)
            with warnings.catch_warnings(action="ignore", category=FutureWarning):  # of torch, about TorchScript
                tensors = torch.jit.load(path, map_location="cpu").state_dict()  # type: ignore[no-untyped-call]
            return {k: v.float() for k, v in tensors.items() if k not in TORCHSCRIPT_EXTRAS}
        checkpoint = torch.load(path, map_location="cpu", weights_only=True, mmap=zipfile.is_zipfile(path))
    except Exception as error:  # of a damaged or hostile file, the readers raise anything
        raise EncoderError(f"{path} is not a file of weights ({_first_line(error)}); give another one") from error
    tensors = checkpoint.get("state_dict", checkpoint) if isinstance(checkpoint, dict) else {}
    if not tensors or not all(isinstance(value, torch.Tensor) for value in tensors.values()):
        raise EncoderError(f"{path} holds no state dict of tensors; give the weights of a CLIP model")
    return {key.removeprefix("module."): value for key, value in tensors.items()}


def tensor_hash(path: Path) -> str:
    """Hex SHA-256 of the weights themselves (names, shapes, float32 values): the same in every file format."""
    return hash_tensors(read_tensors(path))


def hash_tensors(tensors: Mapping[str, torch.Tensor]) -> str:
    """Hex SHA-256 of named tensors: names, shapes and float32 values."""
    digest = hashlib.sha256()
    for name, tensor in sorted(tensors.items()):
        digest.update(f"{name}{tuple(tensor.shape)}".encode())
        digest.update(tensor.float().contiguous().numpy().data)
    return digest.hexdigest()


def plain_form(path: Path) -> Path:
    """`path`, or a safetensors copy of it in the cache where open_clip would not know its form by its name."""
    if path.suffix == ".safetensors" or not (_is_safetensors(path) or _is_torchscript(path)):
        return path
    from safetensors.torch import save_file

    copy = get_settings().cache / "converted" / f"{tensor_hash(path)}.safetensors"
    if not copy.is_file():
        copy.parent.mkdir(parents=True, exist_ok=True)
        part = copy.with_suffix(f".{os.getpid()}.part")
        save_file({k: v.contiguous() for k, v in read_tensors(path).items()}, part)
        part.replace(copy)
    return copy


def _is_safetensors(path: Path) -> bool:
    """By content: the file in a download cache that a link leads to has no suffix."""
    with path.open("rb") as file:
        head = file.read(9)
    return path.suffix == ".safetensors" or (head[8:] == b"{" and int.from_bytes(head[:8], "little") < 100_000_000)


def _check_published(path: Path) -> None:
    with path.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found not in OPENAI_ARCHIVES:
        raise ValueError("a TorchScript archive that is none of those OpenAI published; save it as .safetensors")


def _is_torchscript(path: Path) -> bool:
    if not zipfile.is_zipfile(path):
        return False
    with zipfile.ZipFile(path) as archive:
        return any(name.endswith("/constants.pkl") for name in archive.namelist())


def _first_line(error: Exception | None) -> str:
    return str(error).strip().split("\n")[0][:200]


def _ways_out() -> str:
    return (
        "ways out: connect to the internet and try again; or give a file with --weights FILE or ENT_WEIGHTS=FILE, "
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
