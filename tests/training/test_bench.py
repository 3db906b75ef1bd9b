"""The benchmarks on small material: what they take, and that they measure what they say."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tests.conftest import FakeEncoder
from training.bench import app_report, ingest, near_duplicates
from training.bench.app_map import MapWaits
from training.bench.timing import timed_in_turn


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


def test_near_duplicates_are_measured_on_any_folder(folder_of: Callable[..., Path]) -> None:
    lines = list(near_duplicates.photographs(folder_of({"ear-left": 3, "throat": 3})))
    assert lines[0].startswith("6 images of ")
    assert "  0.98: 0" in lines
    assert sum(".png and " in line for line in lines) == 5
    copies = {line.split(":")[0].strip(): line for line in lines[-len(near_duplicates.ALTERED) :]}
    assert "1.000" in copies["half the size"]


def test_every_call_is_timed_as_often_in_no_fixed_order() -> None:
    called: list[str] = []
    calls = {name: lambda _, name=name: called.append(name) for name in "abc"}
    found = timed_in_turn(calls, range(50))
    assert found.keys() == calls.keys()
    rounds = ["".join(called[start : start + 3]) for start in range(3, len(called), 3)]
    assert len(rounds) == 50
    assert len(set(rounds)) == 6
    assert all(sorted(one) == ["a", "b", "c"] for one in rounds)
