"""Where models run on this machine, and in what precision."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any

from core.settings import get_settings

if TYPE_CHECKING:
    import torch


def best_device() -> str:
    """The device that ENT_DEVICE names; when that is `auto`, a GPU where there is one, else `cpu`."""
    import torch

    wanted = get_settings().device
    if wanted != "auto":
        return wanted
    return "cuda" if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else "cpu"


def autocast(device: torch.device) -> AbstractContextManager[Any]:
    """bfloat16 where ENT_PRECISION asks for it, or where a GPU is fast in it; float32 elsewhere."""
    import torch

    precision = get_settings().precision
    automatic = precision == "auto" and device.type == "cuda" and torch.cuda.is_bf16_supported()
    if precision == "bfloat16" or automatic:
        return torch.autocast(device.type, dtype=torch.bfloat16)
    return nullcontext()
