"""The cores of the CPU, each with a part of the work, where torch would share out every operation of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from itertools import pairwise
from typing import TypeVar

import torch
from threadpoolctl import ThreadpoolController

Part = TypeVar("Part")


def on_every_core(work: Callable[[Part], object], parts: Sequence[Part]) -> None:
    """`work` on each of `parts`, on as many cores as torch may use; one after the other where there are fewer parts.

    What `work` raises is raised, when the parts that were begun have ended; the others are left.
    """
    cores = torch.get_num_threads()
    if cores < 2 or len(parts) < cores:
        for part in parts:
            work(part)
        return
    # a pool of its own: one for all would make short work wait behind long, and hang in a forked process
    with ThreadPoolExecutor(cores, thread_name_prefix="core", initializer=_keep_to_one_core) as pool:
        for _ in pool.map(work, parts):
            pass


def even_parts(count: int, least: int, most: int) -> list[slice]:
    """`count` rows in parts as even as can be, as many for every core, of up to `most` rows; one where less than
    `least` rows would come to a core.
    """
    cores = torch.get_num_threads()
    if count < least * cores:
        cores = 1
    number = cores * -(-count // (cores * most))
    ends = [count * part // number for part in range(number + 1)] if number else []
    return [slice(start, end) for start, end in pairwise(ends)]


def _keep_to_one_core() -> None:
    """OpenMP counts its threads for each thread that calls it, so this changes nothing for others."""
    torch.get_num_threads()  # has torch set its own number first, which it does once a thread
    _openmp().limit(limits=1)


@cache
def _openmp() -> ThreadpoolController:
    return ThreadpoolController().select(user_api="openmp")
