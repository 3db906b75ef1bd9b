"""The benchmarks on small material: what they take, and that they measure what they say."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tests.conftest import FakeEncoder
from training.bench import ingest


def test_what_an_import_refuses_counts_on_neither_side(folder_of: Callable[..., Path]) -> None:
    source = folder_of({"throat": 5})
    (source / "throat" / "empty.png").touch()
    (source / "notes.txt").write_text("no image")
    encoder = FakeEncoder()
    result = ingest.run(encoder, source, count=0, rounds=2)
    assert encoder.encoded == 2 * (5 + 5)
    assert result.share > 0
