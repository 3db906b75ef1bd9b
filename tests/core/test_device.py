"""In what precision models run: by what the machine is fast in, unless a person says otherwise."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch

from core.device import autocast
from core.settings import get_settings

CPU = torch.device("cpu")


@pytest.fixture
def precision(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    monkeypatch.delenv("ENT_PRECISION", raising=False)
    get_settings.cache_clear()
    yield monkeypatch
    get_settings.cache_clear()


def in_bfloat16(training: bool) -> bool:
    with autocast(CPU, training=training):
        return torch.is_autocast_enabled("cpu")


@pytest.mark.parametrize(
    ("known", "trained"),
    [({}, False), ({"avx2": True, "avx512_bf16": False}, False), ({"avx512_bf16": True}, True), ({"bf16": True}, True)],
)
def test_a_processor_trains_in_bfloat16_where_it_is_fast_in_it_and_embeds_in_float32(
    precision: pytest.MonkeyPatch, known: dict[str, bool], trained: bool
) -> None:
    precision.setattr(torch.cpu, "get_capabilities", lambda: known)
    assert (in_bfloat16(training=True), in_bfloat16(training=False)) == (trained, False)


@pytest.mark.parametrize("asked", ["bfloat16", "float32"])
def test_a_person_decides_for_both(precision: pytest.MonkeyPatch, asked: str) -> None:
    precision.setenv("ENT_PRECISION", asked)
    precision.setattr(torch.cpu, "get_capabilities", lambda: {"amx_bf16": True})
    assert in_bfloat16(training=True) == in_bfloat16(training=False) == (asked == "bfloat16")
