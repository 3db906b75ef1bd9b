"""Work that is shared out to the cores, a part to each."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
import torch
from threadpoolctl import threadpool_info

from core.cores import even_parts, on_every_core


def openmp_threads() -> set[int]:
    """As the thread that asks has it."""
    torch.get_num_threads()
    return {one["num_threads"] for one in threadpool_info() if one["user_api"] == "openmp"}


@pytest.fixture
def four_cores() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(4)
    yield
    torch.set_num_threads(before)


@pytest.mark.usefixtures("four_cores")
def test_every_part_is_worked_on_once_by_threads_of_one_core_each() -> None:
    done: list[int] = []
    kept_to: list[set[int]] = []

    def work(part: int) -> None:
        done.append(part)
        kept_to.append(openmp_threads())
        assert threading.current_thread() is not threading.main_thread()

    on_every_core(work, range(40))
    assert sorted(done) == list(range(40))
    assert set.union(*kept_to) == {1}
    assert 4 in openmp_threads()


@pytest.mark.usefixtures("four_cores")
def test_what_a_part_raises_is_raised_when_none_is_at_work_any_more() -> None:
    begun, ended = [], []

    def work(part: int) -> None:
        begun.append(part)
        if part == 3:
            raise ValueError("part 3")
        ended.append(part)

    with pytest.raises(ValueError, match="part 3"):
        on_every_core(work, range(400))
    assert len(begun) == len(ended) + 1


@pytest.mark.usefixtures("four_cores")
def test_within_a_part_there_is_one_core_to_share() -> None:
    done: list[int] = []
    on_every_core(lambda part: on_every_core(done.append, range(10 * part, 10 * part + 10)), range(4))
    assert sorted(done) == list(range(40))


@pytest.mark.usefixtures("four_cores")
@pytest.mark.parametrize("parts", [0, 1, 3])
def test_fewer_parts_than_cores_are_done_by_who_asks(parts: int) -> None:
    threads = set()
    on_every_core(lambda _part: threads.add(threading.current_thread()), range(parts))
    assert threads <= {threading.current_thread()}


@pytest.mark.usefixtures("four_cores")
@pytest.mark.parametrize(
    ("count", "parts"), [(0, 0), (1, 1), (99, 1), (400, 4), (401, 4), (2000, 4), (2001, 8), (10_000, 20)]
)
def test_parts_are_even_and_a_multiple_of_the_cores_where_there_is_enough(count: int, parts: int) -> None:
    found = even_parts(count, least=100, most=500)
    rows = [row for part in found for row in range(count)[part]]
    assert rows == list(range(count))
    sizes = [part.stop - part.start for part in found]
    assert len(found) == parts
    assert not sizes or max(sizes) - min(sizes) <= 1
    assert not sizes or max(sizes) <= 500
