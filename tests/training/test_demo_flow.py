"""The flow that comes with the demo: trained by a command, in use from the first start, left alone where it is not of
the library's encoder.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from core.demo import Demo
from core.demo_flow import FLOW_ID, FOLDER
from core.demo_library import open_demo
from core.embedding_map import FOLDER as MAPS
from core.errors import EntError
from core.recipe import DEFAULT
from core.run_folder import SETTINGS
from core.search import Query
from core.training_run import TrainingRuns
from tests.core.test_demo import encoders  # noqa: F401
from training.demo_flow import the_demo, write_demo_flow
from training.demo_views import write_demo_views

RECIPE = DEFAULT.changed(epochs=3, hidden=16, heads=2)


@pytest.fixture
def demo(folder_of: Callable[..., Path], encoders: list[object]) -> Demo:  # noqa: F811
    made = Demo(folder_of({"ear-left": 14, "ear-right": 14, "throat": 14}, "demo"), "Demo (synthetic)", "fake", 42)
    made.write()
    return made


def test_a_fresh_demo_is_searched_through_its_flow(demo: Demo, tmp_path: Path) -> None:
    found = write_demo_flow(demo.folder, RECIPE)
    assert found.keys() == {"class"}
    assert found["class"].after >= found["class"].before
    library = open_demo(tmp_path / "library", demo)
    assert library.catalog.active_flow == FLOW_ID
    flow = library.active_flow
    assert flow is not None
    assert flow.recipe["name"] == "default"
    case = library.catalog.cases()[0]
    hits = library.search(Query(cases=(case.case_id,), space="after")).hits
    assert len(hits) == 10
    assert library.verify().ok
    run = TrainingRuns(library).summary(FLOW_ID)
    assert (run.epochs, run.ending) == (3, "all epochs done")
    library.close()
    again = open_demo(tmp_path / "library", demo)
    assert again.catalog.active_flow == FLOW_ID
    again.close()


def test_it_is_made_again_in_place_of_the_old_one(demo: Demo) -> None:
    write_demo_flow(demo.folder, RECIPE)
    first = (demo.folder / FOLDER / "flow.safetensors").read_bytes()
    write_demo_flow(demo.folder, RECIPE)
    assert (demo.folder / FOLDER / "flow.safetensors").stat().st_size == len(first)
    assert not list(demo.folder.glob(".*"))


@pytest.mark.parametrize("harm", ["another encoder", "damaged weights", "no settings"])
def test_a_demo_whose_flow_does_not_fit_starts_without_it(demo: Demo, tmp_path: Path, harm: str) -> None:
    write_demo_flow(demo.folder, RECIPE)
    flow = demo.folder / FOLDER
    if harm == "another encoder":
        settings = json.loads((flow / SETTINGS).read_text())
        (flow / SETTINGS).write_text(json.dumps({**settings, "encoder": "f" * 64}))
    elif harm == "damaged weights":
        (flow / "flow.safetensors").write_bytes(b"no weights")
    else:
        (flow / SETTINGS).unlink()
    library = open_demo(tmp_path / "library", demo)
    assert library.catalog.active_flow is None
    assert library.info().cases == 42
    assert not library.flows.ids()
    assert library.search(Query(cases=(library.catalog.cases()[0].case_id,))).hits
    library.close()


def test_without_a_demo_it_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(EntError, match=r"there is no demo in .*; make one with python -m training demo"):
        write_demo_flow(tmp_path)


def test_only_the_map_of_the_flow_that_is_bundled_comes_with_it(demo: Demo, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("training.demo_views.SPLITS", ())  # too few images to say anything
    for hidden in (16, 24):
        write_demo_flow(demo.folder, RECIPE.changed(hidden=hidden))
        write_demo_views(the_demo(demo.folder))
    assert len(list((demo.folder / MAPS).iterdir())) == 1
