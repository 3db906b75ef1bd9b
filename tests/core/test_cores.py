"""Work that is shared out to the cores, a part to each."""

from __future__ import annotations

import threading

import pytest
import torch
from threadpoolctl import threadpool_info

from core import cores
from core.cores import on_every_core


def openmp_threads() -> set[int]:
    """As the thread that asks has it."""
    torch.get_num_threads()
    return {one["num_threads"] for one in threadpool_info() if one["user_api"] == "openmp"}


@pytest.fixture
def four_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch, "get_num_threads", lambda: 4)


@pytest.mark.usefixtures("four_cores")
def test_every_part_is_worked_on_once_by_threads_of_one_core_each() -> None:
    done: list[int] = []
    kept_to: list[set[int]] = []

    def work(part: int) -> None:
        done.append(part)
        kept_to.append(openmp_threads())
        assert threading.current_thread() is not threading.main_thread()

    before = openmp_threads()
    on_every_core(work, range(40))
    assert sorted(done) == list(range(40))
    assert set.union(*kept_to) == {1}
    assert openmp_threads() == before


@pytest.mark.usefixtures("four_cores")
def test_what_a_part_raises_is_raised_and_the_next_work_goes_on() -> None:
    def work(part: int) -> None:
        if part == 3:
            raise ValueError("part 3")

    with pytest.raises(ValueError, match="part 3"):
        on_every_core(work, range(8))
    done: list[int] = []
    on_every_core(done.append, range(8))
    assert sorted(done) == list(range(8))


@pytest.mark.parametrize(("cores_there", "parts"), [(4, 1), (4, 0), (1, 5)])
def test_what_cannot_be_shared_is_done_by_who_asks(
    monkeypatch: pytest.MonkeyPatch, cores_there: int, parts: int
) -> None:
    monkeypatch.setattr(torch, "get_num_threads", lambda: cores_there)
    monkeypatch.setattr(cores, "_pool", None)
    done: list[int] = []
    on_every_core(done.append, range(parts))
    assert done == list(range(parts))
