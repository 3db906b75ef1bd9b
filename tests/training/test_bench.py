"""The benchmarks on small material: what they take, and that they measure what they say."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tests.conftest import FakeEncoder
from training.bench import app_report, ingest
from training.bench.app_map import MapWaits


def test_what_an_import_refuses_counts_on_neither_side(folder_of: Callable[..., Path]) -> None:
    source = folder_of({"throat": 5})
    (source / "throat" / "empty.png").touch()
    (source / "notes.txt").write_text("no image")
    encoder = FakeEncoder()
    result = ingest.run(encoder, source, count=0, rounds=2)
    assert encoder.encoded == 2 * (5 + 5)
    assert result.share > 0


def test_the_table_of_maps_says_how_many_points_each_lasso_took_and_compares_the_last_two() -> None:
    small = MapWaits(1.5, 1.0, 0.04, 0.4, 0.3, 700, 700, None, None)
    middle = MapWaits(1.6, 1.0, 0.04, 0.4, 0.4, 5_000, 5_000, 0.02, 60.0)
    large = MapWaits(2.5, 1.0, 0.05, 0.4, 0.5, 5_003, 20_000, 0.03, 31.4)
    lines = {line[:34].strip(): line[34:].split() for line in app_report._map_table([small, middle, large])}
    assert lines["on the map, seconds"][:7] == ["asked", "700", "points", "5,000", "points", "20,000", "points"]
    assert lines["lasso to cases"] == ["0.60", "0.30", "0.40", "0.50", "1.25"]
    assert lines["points that the lasso took"] == ["700", "5,000", "5,003"]
    assert lines["another time to its picture"][:4] == ["1.00", "-", "0.02", "0.03"]
    assert lines["pictures a second while it plays"] == ["-", "60", "31"]
