"""Files of encoder weights: read without running anything, whatever their form, and known by what they hold."""

from __future__ import annotations

import hashlib
import warnings
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from core.errors import EncoderError, first_line

if TYPE_CHECKING:
    import torch

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
        raise EncoderError(f"{path} is not a file of weights ({first_line(error)}); give another one") from error
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
