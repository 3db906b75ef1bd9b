"""The Training and Evaluation pages: what they show, and what their buttons begin."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from core.evaluate import evaluate
from core.library import Library
from core.recipe import DEFAULT, REFERENCE
from core.relabel import relabel
from core.report_store import TRAINED, ReportStore
from core.training_run import TrainingRuns
from pages.ui import pick_table, resources
from pages.ui.jobs import Job
from pages.ui.pick_table import Cell
from tests.conftest import FakeEncoder
from tests.pages.conftest import SHELL, visible, wait_for_jobs

TINY = DEFAULT.changed(epochs=2, hidden=8, heads=2, batch_size=16)


def visit(app: AppTest, page: str) -> AppTest:
    app.run()
    return app.switch_page(f"../{page}.py").run()


def tables(app: AppTest) -> dict[str, dict[str, Any]]:
    """What the tables of the page are given, by their label."""
    found = [json.loads(element.proto.json) for element in app.get("bidi_component") if element.proto.json]
    return {data["label"]: data for data in found if "columns" in data}


def cells(table: dict[str, Any]) -> list[list[str]]:
    return [[cell["text"] for cell in row] for row in table["rows"]]


def button(app: AppTest, label: str) -> Any:
    return next(button for button in app.button if button.label == label)


@pytest.fixture
def root(make_library: Callable[..., Path]) -> Path:
    return make_library("clinic", {"ear-left": 14, "ear-right": 14, "throat": 14})


@pytest.fixture
def flow(root: Path) -> str:
    """A flow of two epochs with its report on validation."""
    library = Library.open(root, encoder=FakeEncoder())
    run = TrainingRuns(library).start(TINY)
    list(run)
    run.finish()
    measured = {"flow": library.flows.get(run.run_id), "rerank": library.flows.reranker(run.run_id)}
    ReportStore(root).put(evaluate(library, TRAINED, **measured), library.catalog)
    library.close()
    return run.run_id


@pytest.fixture
def begun(root: Path, monkeypatch: pytest.MonkeyPatch) -> list[Sequence[str]]:
    """The commands that were begun; evaluations are made, in this process, since no other knows the fake encoder."""
    asked: list[Sequence[str]] = []

    def run(job: Job, command: Sequence[str]) -> dict[str, Any]:
        asked.append(command)
        if command[1] == "evaluate":
            flow_id = next(part for part in command if part.startswith("--flow=")).removeprefix("--flow=")
            library = Library.open(root, encoder=FakeEncoder())
            flow = None if flow_id == "none" else library.flows.get(flow_id)
            split = next(part for part in command if part.startswith("--split=")).removeprefix("--split=")
            ReportStore(root).put(evaluate(library, split, flow=flow), library.catalog)
            library.close()
        return {}

    monkeypatch.setattr("pages.ui.commands.run", run)
    return asked


def test_with_too_few_labelled_cases_both_say_what_is_missing(app: AppTest, make_library: Callable[..., Path]) -> None:
    make_library("small", {"throat": 1})
    visit(app, "training")
    assert not app.exception
    assert "this library has 1 labelled image of 1 class." in visible(app)
    assert not [b for b in app.button if b.label == "Start training"]
    app.switch_page("../evaluation.py").run()
    assert not app.exception
    assert "Too few labelled cases" in visible(app)


def test_before_the_first_flow_training_says_what_a_flow_is_for(app: AppTest, root: Path) -> None:
    visit(app, "training")
    assert not app.exception
    assert "No flow yet" in visible(app)
    assert "42 cases without a split will be dealt out first" in visible(app)


def test_only_labelled_cases_count_as_those_to_learn_from(app: AppTest, root: Path) -> None:
    library = Library.open(root, encoder=FakeEncoder())
    library.catalog.splits.put(dict.fromkeys(library.catalog.ids(), "train"))
    relabel(library, library.catalog.ids()[0], label="")
    library.close()
    visit(app, "training")
    assert not app.exception
    assert "41 to learn from, 0 to validate" in visible(app)
    assert "1 case without a label can teach nothing" in visible(app)


def test_a_training_is_begun_with_what_was_chosen(app: AppTest, begun: list[Sequence[str]], root: Path) -> None:
    visit(app, "training")
    app.radio[0].set_value("reference").run()
    next(field for field in app.number_input if field.label == "Epochs").set_value(7)
    app.run()
    button(app, "Start training").click().run()
    wait_for_jobs(app)
    assert begun == [["training", "train", "--recipe=reference", "--epochs=7", "--json", str(root)]]


def test_what_cannot_be_trained_with_is_said_and_not_begun(
    app: AppTest, begun: list[Sequence[str]], root: Path
) -> None:
    visit(app, "training")
    for label, value, words in (
        ("Epochs", 0, "epochs of a recipe is a whole number from 1 to 100000, got 0"),
        ("Seed", -1, "seed of a recipe is a whole number from 0 to 4294967295, got \\-1"),
    ):
        field = next(field for field in app.number_input if field.label == label)
        usual = field.value
        field.set_value(value).run()
        assert words in app.error[0].value
        assert button(app, "Start training").disabled
        next(field for field in app.number_input if field.label == label).set_value(usual).run()
        assert not app.error
    button(app, "Start training").click().run()
    wait_for_jobs(app)
    assert begun == [["training", "train", "--recipe=default", "--json", str(root)]]


def test_a_flow_without_validation_images_is_not_said_to_wait_for_a_measurement(app: AppTest, root: Path) -> None:
    library = Library.open(root, encoder=FakeEncoder())
    library.catalog.splits.put(dict.fromkeys(library.catalog.ids(), "train"))
    run = TrainingRuns(library).start(REFERENCE.changed(epochs=2, hidden=8, heads=1, steps=1))
    list(run)
    run.finish()
    library.close()
    visit(app, "training")
    assert "There are no validation images to measure it on" in visible(app)
    assert "the last one with a lower training loss than any before; there are no validation images" in visible(app)


def test_a_flow_is_listed_with_its_figures_activated_and_deleted(app: AppTest, root: Path, flow: str) -> None:
    visit(app, "training")
    assert not app.exception
    listed = cells(tables(app)["Flows of this library"])
    assert [row[:3] for row in listed] == [[flow, "default", "2 of 2"]]
    assert listed[0][4] == "Done"
    figures = cells(tables(app)[f"Figures of {flow} on validation"])
    assert [row[0] for row in figures] == [
        "Before the flow",
        "One application (step 0)",
        "After the flow",
        "After, re-ranked",
    ]
    button(app, "Activate").click().run()
    wait_for_jobs(app)
    assert resources.open_library(root).catalog.active_flow == flow
    assert tables(app)["Flows of this library"]["rows"][0][0]["tag"] == "active"
    button(app, "Search without it").click().run()
    wait_for_jobs(app)
    button(app, "Delete it").click().run()
    wait_for_jobs(app)
    assert not app.exception
    assert "No flow yet" in visible(app)
    assert "is not among the flows" not in visible(app)
    assert not (root / "flows" / flow).exists()


def test_a_link_to_a_flow_that_is_not_there_says_so(app: AppTest, flow: str) -> None:
    app.query_params["flow"] = "no*such"
    visit(app, "training")
    assert "no\\*such is not among the flows of the library in use." in visible(app)
    assert f"Figures of {flow} on validation" in tables(app)
    app.query_params["flow"] = flow
    app.run()
    assert "is not among the flows" not in visible(app)


def copies(root: Path, flow: str) -> list[str]:
    """The flow and two more of the same kind, the newest first as they are listed."""
    names = [flow]
    for year in (2019, 2018):
        other = f"{flow}-of-{year}"
        shutil.copytree(root / "flows" / flow, root / "flows" / other)
        settings = root / "flows" / other / "training.json"
        facts = {"created": f"{year}-01-01T00:00:00+00:00", "run_id": other}
        settings.write_text(json.dumps(json.loads(settings.read_text()) | facts))
        names.append(other)
    return names


def confirmations(app: AppTest) -> dict[str, bool]:
    """The forms that ask once more, by their title, and whether they are open."""
    return {block.proto.popover.label: block.proto.popover.open for block in app.get("popover")}


def test_each_deletion_is_opened_anew_and_none_is_offered_of_the_active_flow(
    app: AppTest, root: Path, flow: str
) -> None:
    newest, second, third = copies(root, flow)
    library = resources.open_library(root)
    library.engine.activate(third)
    visit(app, "training")
    app.query_params["flow"] = newest
    app.run()
    app.session_state[f"flow_delete_{newest}"] = True
    app.run()
    assert confirmations(app) == {"Delete": True}
    assert f"Delete **{newest}**".replace("-", "\\-") in visible(app)
    button(app, "Delete it").click().run()
    said = [toast.value for toast in app.toast]  # in the run of the click, where the job has ended before its end
    for run in (wait_for_jobs, AppTest.run):
        run(app)
        said += [toast.value for toast in app.toast]
    assert said == [f"{newest} was deleted.".replace("-", "\\-")]
    assert not (root / "flows" / newest).exists()
    assert "Delete it" not in [one.label for one in app.button]  # the active one is looked at now
    assert button(app, "Delete").disabled

    app.query_params["flow"] = second
    app.run()
    assert confirmations(app) == {"Delete": False}
    assert (root / "flows" / second).exists()


def test_what_is_said_of_a_re_ranker_follows_a_training_that_goes_on(root: Path, flow: str) -> None:
    library = resources.open_library(root)
    first = resources.reranking(library, flow)
    assert first is not None
    assert resources.reranking(library, flow) is first
    run = TrainingRuns(library.engine).resume(flow, 4)
    list(run)
    run.finish()
    assert resources.reranking(library, flow) is not first


def test_a_training_is_begun_once_however_many_tabs_ask_for_it(
    app: AppTest, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun: list[Job] = []

    def run(job: Job, command: Sequence[str]) -> dict[str, Any]:
        begun.append(job)
        job._stop.wait(60)
        return {}

    monkeypatch.setattr("pages.ui.commands.run", run)
    tabs = [app, AppTest.from_file(SHELL, default_timeout=60)]
    for tab in tabs:
        visit(tab, "training")
    for tab in tabs:
        button(tab, "Start training").click().run()
    begun[0].stop()
    wait_for_jobs(app)
    assert len(begun) == 1


def test_a_training_that_was_stopped_can_be_resumed_from_where_that_is_told(
    app: AppTest, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    library = Library.open(root, encoder=FakeEncoder())
    run = TrainingRuns(library).start(TINY.changed(epochs=50_000, patience=50_000))
    epochs = iter(run)
    next(epochs)
    run.folder.ask_to_stop()
    list(epochs)
    run.finish()
    library.close()
    asked: list[Sequence[str]] = []

    def stop(job: Job, command: Sequence[str]) -> dict[str, Any]:
        asked.append(command)
        job.stop()
        return {"flow": run.run_id, "epochs": 1, "best": {"number": 1, "val_recall": None}}

    monkeypatch.setattr("pages.ui.commands.run", stop)
    visit(app, "training")
    button(app, "Start training").click().run()
    assert [toast.value for toast in app.toast] == [
        "The training has begun. Its progress stands at the top of this page."
    ]
    wait_for_jobs(app)
    assert "stopped" in visible(app)
    app.button(key="training_resume").click().run()
    assert not app.exception
    assert asked[-1][2] == f"--resume={run.run_id}"


def test_of_several_trainings_the_last_is_told_of_and_none_whose_flow_is_gone(
    app: AppTest, root: Path, flow: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    best = {"number": 1, "val_recall": None}
    results = iter([{"flow": flow, "epochs": n, "best": best} for n in (10, 1, 2)])
    monkeypatch.setattr("pages.ui.commands.run", lambda job, command: next(results))
    visit(app, "training")
    for _ in range(2):
        button(app, "Start training").click().run()
        wait_for_jobs(app)
    assert "1 epoch in" in visible(app)
    button(app, "Look at it").click().run()
    assert "epochs in" not in visible(app)  # the notice of the first would say that it is news
    assert "Look at it" not in [one.label for one in app.button]

    button(app, "Start training").click().run()
    wait_for_jobs(app)
    assert "Look at it" in [one.label for one in app.button]
    button(app, "Delete it").click().run()
    wait_for_jobs(app)
    assert not app.exception
    assert "Look at it" not in [one.label for one in app.button]


def test_a_training_that_another_program_began_is_seen_and_stopped(app: AppTest, root: Path, flow: str) -> None:
    settings = root / "flows" / flow / "training.json"  # begun earlier than the other, which times in seconds hide
    settings.write_text(json.dumps(json.loads(settings.read_text()) | {"created": "2020-01-01T00:00:00+00:00"}))
    library = Library.open(root, encoder=FakeEncoder())
    run = TrainingRuns(library).start(TINY.changed(epochs=50_000, patience=50_000))
    epochs = iter(run)
    next(epochs)
    visit(app, "training")
    assert not app.exception
    assert f"Training {run.run_id}, begun by another program".replace("-", "\\-") in visible(app)
    button(app, "Stop").click().run()
    assert len(list(epochs)) <= 1
    assert run.finish().ending == "interrupted"
    library.close()
    app.run()
    assert [row[4] for row in cells(tables(app)["Flows of this library"])] == ["Stopped", "Done"]


def test_an_evaluation_is_made_kept_and_drawn(app: AppTest, flow: str, begun: list[Sequence[str]], root: Path) -> None:
    visit(app, "evaluation")
    next(box for box in app.selectbox if box.label == "Queries").set_value("all").run()
    assert not app.exception
    assert "Not measured yet" in visible(app)
    assert "intervals and a test of after against before" in visible(app)
    button(app, "Evaluate").click().run()
    wait_for_jobs(app)
    assert begun == [["training", "evaluate", "--split=all", f"--flow={flow}", "--keep", str(root)]]
    assert not app.exception
    shown = tables(app)
    assert [row[0] for row in cells(shown["Scores of each kind of embedding"])] == [
        "Before the flow",
        "One application (step 0)",
        "After the flow",
    ]
    assert "The nearest neighbour is of the right class for" in visible(app)
    by_class = cells(shown["Recall@1 by class"])
    square = cells(shown["Nearest neighbour by query"])
    assert sum(int(cell or 0) for row in square for cell in row[1:]) == sum(int(row[1]) for row in by_class)
    app.run()
    assert len(begun) == 1  # drawn from what is kept


def test_the_report_of_a_training_is_drawn_with_its_reliability_and_an_old_one_is_marked(
    app: AppTest, flow: str, root: Path
) -> None:
    visit(app, "evaluation")
    assert not app.exception
    assert "Can the class evidence be believed" in visible(app)
    assert "After, re-ranked" in [row[0] for row in cells(tables(app)["Scores of each kind of embedding"])]
    assert "have changed since" not in visible(app)
    library = Library.open(root, encoder=FakeEncoder())
    moved = next(case for case in library.catalog.cases() if case.split == "train")
    library.catalog.splits.put({moved.case_id: "test"})
    library.close()
    app.run()
    assert "have changed since this was measured" in visible(app)


def test_a_score_that_begins_at_nothing_still_has_its_bar_and_its_whisker() -> None:
    assert pick_table._given(Cell("0.00", bar=0.0, low=0.0, high=1.0)) == {
        "text": "0.00",
        "bar": 0.0,
        "low": 0.0,
        "high": 1.0,
    }


def test_without_a_flow_no_test_of_one_is_promised(app: AppTest, root: Path) -> None:
    visit(app, "evaluation")
    assert "with intervals." in visible(app)
    assert "test of after" not in visible(app)


def test_a_cell_of_the_url_opens_the_queries_behind_it(app: AppTest, flow: str) -> None:
    visit(app, "evaluation")
    assert "The queries behind it" not in visible(app)
    app.query_params["evaluation_pick"] = "value|before|throat|"
    app.run()
    assert not app.exception
    assert "The queries behind it" in visible(app)
    queries = next(row[1] for row in cells(tables(app)["Recall@1 by class"]) if row[0] == "Throat")
    assert f"Before the flow: {queries} queries, Throat; those found last first." in visible(app)
    app.query_params["evaluation_pick"] = "cell|before|throat|vc-open"
    app.run()
    assert "0 queries" not in visible(app)
    for nonsense in ("value|nowhere|throat|", "<b>", "cell|before|x|y"):
        app.query_params["evaluation_pick"] = nonsense
        app.run()
        assert not app.exception
