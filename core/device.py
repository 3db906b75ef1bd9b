"""Where models run on this machine, and in what precision."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any

from core.errors import EncoderError, first_line
from core.settings import get_settings

if TYPE_CHECKING:
    import torch


BFLOAT16 = ("avx512_bf16", "amx_bf16", "bf16")
"""What torch calls the instructions of processors that multiply in bfloat16."""


def best_device() -> str:
    """The device that ENT_DEVICE names; when that is `auto`, a GPU where there is one, else `cpu`."""
    import torch

    wanted = get_settings().device
    if wanted != "auto":
        return wanted
    return "cuda" if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else "cpu"


def place(model: torch.nn.Module) -> torch.nn.Module:
    """`model` on the best device. Raises EncoderError when ENT_DEVICE names one that this machine has not."""
    device = best_device()
    try:
        return model.to(device)
    except Exception as error:  # torch raises what the device's own library does
        raise EncoderError(
            f"cannot run the encoder on the device {device!r} ({first_line(error)}); set ENT_DEVICE=cpu, or unset it"
        ) from error


def autocast(device: torch.device, training: bool = False) -> AbstractContextManager[Any]:
    """bfloat16 where ENT_PRECISION asks for it, or where a GPU is fast in it; float32 elsewhere.

    In training also where a processor is fast in it: one that is not takes ten times as long in it as in float32.
    """
    import torch

    precision = get_settings().precision
    automatic = _gpu_is_fast_in_bfloat16(device) or (training and _cpu_is_fast_in_bfloat16(device))
    if precision == "bfloat16" or (precision == "auto" and automatic):
        return torch.autocast(device.type, dtype=torch.bfloat16)
    return nullcontext()


def _gpu_is_fast_in_bfloat16(device: torch.device) -> bool:
    import torch

    return device.type == "cuda" and torch.cuda.is_bf16_supported()


def _cpu_is_fast_in_bfloat16(device: torch.device) -> bool:
    import torch

    return device.type == "cpu" and any(torch.cpu.get_capabilities().get(name) for name in BFLOAT16)
