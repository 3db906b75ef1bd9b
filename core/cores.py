"""The cores of the CPU, each with a part of the work, where torch would share out every operation of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import TypeVar

import torch
from threadpoolctl import ThreadpoolController

Part = TypeVar("Part")


def on_every_core(work: Callable[[Part], object], parts: Sequence[Part]) -> None:
    """`work` on each of `parts`, on as many cores as torch may use; those of one part wait for no other core.

    What `work` raises is raised. It must not call this function itself. Small parts are worth it where they
    stay in the cache of a core from one operation to the next.
    """
    cores = min(torch.get_num_threads(), len(parts))
    if cores < 2:
        for part in parts:
            work(part)
    else:
        for _ in _pool(torch.get_num_threads()).map(work, parts):
            pass


@cache
def _pool(cores: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(cores, thread_name_prefix="core", initializer=_keep_to_one_core)


def _keep_to_one_core() -> None:
    """OpenMP counts its threads for each thread that calls it, so this changes nothing for others."""
    torch.get_num_threads()  # has torch set its own number first, which it does once a thread
    ThreadpoolController().select(user_api="openmp").limit(limits=1)
