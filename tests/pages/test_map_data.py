"""What the browser gets of a map: points that stay while the map does, and marks with what changed since."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from playwright._impl._driver import compute_driver_executable

from core.embedding_map import EmbeddingMap, key_of, path_of, save_map
from core.library import Library
from core.manifest import CaseFacts
from core.relabel import relabel
from core.sources import Source, SourceItem
from pages.ui import media, resources
from pages.ui.map_data import MapView
from tests.conftest import FakeEncoder, picture, png

READ = """
const [ground, marks] = process.argv.slice(1).map((path) => new Uint8Array(require("fs").readFileSync(path)).buffer);
const points = new Points(ground, marks);
const rows = [...Array(points.count).keys()];
console.log(JSON.stringify({
  ids: rows.map((row) => points.id(row)),
  x: points.x.map((places) => Array.from(places)),
  y: points.y.map((places) => Array.from(places)),
  said: points.fields.map((field) => [0, 1].map((map) => rows.map((row) => points.said(field.field, row, map)))),
}));
"""


def lay_out(root: Path, most: int = 8, flow_id: str | None = None) -> tuple[str, ...]:
    """Give the library a map of its first cases, in places of chance; their ids."""
    library = Library.open(root, encoder=FakeEncoder())
    ids = library.catalog.ids(order="oldest")[:most]
    library.close()
    draw, n = np.random.default_rng(0), len(ids)
    times, places = np.linspace(0, 1, 3, dtype=np.float32), draw.normal(size=(3, n, 2)).astype(np.float32)
    made = EmbeddingMap(flow_id, "2024-05-03T00:00:00", 0, n, ids, times, places, draw.integers(0, n, (2, n)), {})
    save_map(root, key_of(root, flow_id), made)
    return ids


@pytest.fixture
def root(make_library: Callable[..., Path]) -> Path:
    """A library of ten cases, eight of which are on its map."""
    root = make_library("clinic", {"ear-left": 6, "throat": 4})
    lay_out(root)
    return root


def view(root: Path) -> MapView:
    library, path = resources.open_library(root), path_of(root, "before")
    return resources.map_view(library.library_id, library.version, path, path.stat().st_mtime_ns, True)


def change(root: Path, work: Callable[[Library], object]) -> None:
    library = Library.open(root, encoder=FakeEncoder())
    work(library)
    library.close()


def read(view: MapView, folder: Path) -> dict[str, list]:
    """What the page's own script makes of it."""
    for name, blob in (("ground", view.points), ("marks", view.marks)):
        (folder / name).write_bytes(blob.data)
    script = Path(media.__file__).with_name("map_points.js").read_text(encoding="utf-8") + READ
    node, _ = compute_driver_executable()
    command = [node, "-e", script, str(folder / "ground"), str(folder / "marks")]
    return json.loads(subprocess.run(command, check=True, capture_output=True, timeout=60).stdout)


def test_the_browser_reads_positions_ids_and_colours(root: Path, tmp_path: Path) -> None:
    shown = view(root)
    found = read(shown, tmp_path)

    assert found["ids"] == list(shown.case_ids)
    close = np.ptp(shown.positions) / 60_000
    np.testing.assert_allclose(np.stack([found["x"], found["y"]], axis=-1), shown.positions, atol=close)
    for colouring, said in zip(shown.colourings, found["said"], strict=True):
        names = [name for name, _ in colouring.values]
        assert said == [[names[code] for code in codes] for codes in colouring.codes]


def test_a_corrected_label_is_sent_without_the_points(root: Path, tmp_path: Path) -> None:
    before = view(root)
    change(root, lambda library: relabel(library, before.case_ids[0], label="throat"))
    after = view(root)

    assert after.points is before.points
    assert after.marks.name != before.marks.name
    assert read(after, tmp_path)["said"][0][0][0] == "Throat"


def test_cases_that_came_and_went_are_sent_without_the_others(root: Path, tmp_path: Path) -> None:
    before = view(root)
    item = SourceItem("new.png", CaseFacts(label="throat"), lambda: png(picture(99)))
    change(root, lambda library: library.ingest(Source("more", (item,), (), ())))
    after = view(root)

    assert after.points is before.points
    assert after.case_ids[:-1] == before.case_ids
    assert read(after, tmp_path)["ids"] == list(after.case_ids)


def test_a_map_whose_cases_went_shows_the_others(root: Path, tmp_path: Path) -> None:
    made = view(root).made
    ids = (made.case_ids[0], "f" * 16, *made.case_ids[2:])
    save_map(root, "before", EmbeddingMap(None, made.created, 0, 8, ids, made.times, made.positions, made.nearest, {}))
    after, found = view(root), read(view(root), tmp_path)

    assert after.gone == 1
    assert found["ids"] == list(after.case_ids)
    close = np.ptp(after.positions) / 60_000
    np.testing.assert_allclose(np.stack([found["x"], found["y"]], axis=-1), after.positions, atol=close)
    assert "f" * 16 not in after.case_ids
