"""`python -m training train` and `split`, and `python -m core flows`, as people and scripts call them."""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
import torch
import typer
from typer.testing import CliRunner

from core.__main__ import app as core_app
from core.encoder import CLIPEncoder, describe
from core.errors import EntError, Stopped
from core.evaluation import GALLERY
from core.library import Library
from core.mirrors import MirrorMaker
from core.report_store import ReportStore
from core.run_folder import RunFolder
from core.training_run import TrainingRun
from core.verdict import in_a_sentence
from tests.core.test_command_line import tiny as tiny
from tests.core.test_ingest import ingest
from training.__main__ import app as training_app
from training.train import Wanted, train

ENDLESS = """
import sys
from pathlib import Path
from core.library import Library
from core.recipe import DEFAULT
from core.training_run import TrainingRuns

run = TrainingRuns(Library.open(Path(sys.argv[1]))).start(DEFAULT.changed(epochs=100_000, patience=100_000))
for epoch in run:
    pass
"""


def said(app: typer.Typer, *arguments: object) -> str:
    """What a command writes to standard output, run in this process; its error when it fails."""
    done = CliRunner().invoke(app, [str(argument) for argument in arguments])
    if done.exception is not None:
        raise done.exception
    return done.stdout


def core(*arguments: object) -> str:
    return said(core_app, *arguments)


def training(*arguments: object) -> str:
    return said(training_app, *arguments)


@pytest.fixture
def library(tmp_path: Path, tiny: Path, folder_of: Callable[..., Path]) -> Path:
    spec, weights = describe(f"local-dir:{tiny}")
    made = Library.create(tmp_path / "library", encoder=CLIPEncoder(spec, weights))
    ingest(made, folder_of({"ear-left": 12, "ear-right": 12}))
    made.close()
    return tmp_path / "library"


def test_train_list_compare_activate_delete(library: Path) -> None:
    assert "24 dealt out just now" in training("split", library)
    first = training("train", library, "--epochs", 2)
    assert "all epochs done after 2 epochs" in first
    second = training("train", library, "--recipe", "reference", "--epochs", 1, "--seed", 3)
    ids = [text.split(":")[0] for text in (first, second)]
    listed = json.loads(core("flows", "list", library, "--json"))
    assert [flow["flow_id"] for flow in listed["flows"]] == sorted(ids)
    assert listed["active"] is None
    assert {flow["recipe"]["seed"] for flow in listed["flows"]} == {0, 3}
    compared = core("flows", "compare", library, *ids)
    assert "learning_rate" in compared
    assert "plateau_factor" not in compared  # the same in both
    with pytest.raises(EntError, match="named twice"):
        core("flows", "compare", library, ids[0], ids[0])
    core("activate", library, ids[0])
    assert "active" in core("flows", "list", library)
    with pytest.raises(EntError, match="is the active one"):
        core("flows", "delete", library, ids[0])
    assert core("flows", "delete", library, ids[1]) == f"deleted {ids[1]}\n"


def test_interrupting_and_resuming_gives_the_weights_of_an_uninterrupted_run(library: Path) -> None:
    whole_id = training("train", library, "--epochs", 40).split(":")[0]
    command = [sys.executable, "-m", "training", "train", str(library), "--epochs", "40"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        flows = library / "flows"
        while process.poll() is None and len(list(flows.iterdir())) < 2:
            time.sleep(0.02)
        process.send_signal(signal.SIGINT)
        written = process.communicate(timeout=300)[0]
    assert process.returncode == 0
    stopped_id = written.split(":")[0]
    if "interrupted" in written:
        assert "interrupted" not in training("train", library, "--resume", stopped_id)
    states = [torch.load(flows / i / "state.pt", weights_only=True) for i in (whole_id, stopped_id)]
    for name, expected in states[0]["field"].items():
        assert torch.equal(states[1]["field"][name], expected), name


def test_killing_a_training_loses_only_what_was_not_saved(library: Path) -> None:
    command = [sys.executable, "-c", ENDLESS, str(library)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        while process.poll() is None and not list((library / "flows").glob("*/state.pt")):
            time.sleep(0.05)
        os.kill(process.pid, signal.SIGKILL)
    listed = json.loads(core("flows", "list", library, "--json"))["flows"]
    assert [(flow["usable"], flow["ending"]) for flow in listed] == [(False, "")]
    state = library / "flows" / listed[0]["flow_id"] / "state.pt"
    done = len(torch.load(state, weights_only=True)["curve"])
    assert done >= max(1, listed[0]["epochs"])  # the curve is written after the state, and not at every epoch
    resumed = training("train", library, "--resume", listed[0]["flow_id"], "--epochs", done + 1)
    assert f"after {done + 1} epochs" in resumed


def test_json_says_what_came_of_it_and_the_figures_stay_with_the_flow(library: Path) -> None:
    said = json.loads(training("train", library, "--epochs", 1, "--batch", 8, "--steps", 1, "--json"))
    assert (said["epochs"], said["ending"], said["best"]["number"]) == (1, "all epochs done", 1)
    assert said["validation"]["recall@1"].keys() == {"before", "step0", "after", "reranked"}
    report = json.loads((library / "flows" / said["flow"] / "report.json").read_text(encoding="utf-8"))
    assert (report["split"], report["flow"], report["seen"]) == ("val", said["flow"], 0)
    flow = json.loads(core("flows", "list", library, "--json"))["flows"][0]
    assert (flow["recipe"]["batch_size"], flow["recipe"]["steps"]) == (8, 1)
    again = json.loads(training("train", library, "--epochs", 1, "--json"))["flow"]
    assert "validation recall@1 after" in core("flows", "compare", library, said["flow"], again)


def test_a_library_that_was_split_anew_does_not_validate_by_what_was_trained_on(library: Path) -> None:
    flow = training("train", library, "--epochs", 1).split(":")[0]
    assert (library / "flows" / flow / "report.json").is_file()
    training("split", library, "--again", "--seed", 5)
    said = json.loads(training("train", library, "--resume", flow, "--epochs", 2, "--json"))
    assert said["validation"] is None
    assert not (library / "flows" / flow / "report.json").exists()


def test_stopping_before_the_first_epoch_is_said_in_words_and_keeps_the_mirror_images(
    library: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = []

    def interrupt(self: MirrorMaker, batch: object, pixels: object) -> int:
        made.append(len(batch))
        signal.raise_signal(signal.SIGINT)
        return stored(self, batch, pixels)

    stored = MirrorMaker._store
    monkeypatch.setattr(MirrorMaker, "_store", interrupt)
    with pytest.raises(Stopped, match="before the training had begun"):
        training("train", library)
    assert len(made) == 1
    assert json.loads(core("flows", "list", library, "--json"))["flows"] == []


def test_a_second_interrupt_while_results_are_kept_says_how_to_go_on(
    library: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def interrupted(self: TrainingRun, on_wait: object) -> None:
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(TrainingRun, "finish", interrupted)
    with pytest.raises(KeyboardInterrupt):
        train(library, Wanted(epochs=1))
    said = capfd.readouterr().err
    monkeypatch.undo()
    words = shlex.split(said[said.index("stopped at once; go on with: python -m training ") :])
    assert "after 1 epoch;" in training(*words[words.index("training") + 1 :])


def test_a_second_interrupt_while_it_is_measured_says_how_to_measure(
    library: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def interrupted(*_: object) -> None:
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr("training.train._measure", interrupted)
    with pytest.raises(KeyboardInterrupt):
        train(library, Wanted(epochs=1))
    said = capfd.readouterr().err
    monkeypatch.undo()
    command = shlex.split(said[said.index("measure it with: python -m training ") :])[6:]
    training(*command)
    assert json.loads((library / "flows" / command[3] / "report.json").read_text(encoding="utf-8"))["split"] == "val"


def test_what_came_of_a_training_is_said_as_its_report_has_it(library: Path) -> None:
    said = training("train", library, "--epochs", 1)
    with closing(Library.open(library)) as opened:
        kept = ReportStore(library).get(said.split(":")[0], "val", opened.catalog)
    assert kept is not None
    assert f"validation: {in_a_sentence(kept.evaluation, GALLERY, 'class')}\n" in said
    assert "of 4 queries (against training images) before the flow, for" in said


def test_a_training_ends_when_its_folder_is_asked_to_stop(library: Path) -> None:
    slow = ("--epochs", "5000", "--steps", "100")  # so that it has not stopped improving by then
    command = [sys.executable, "-m", "training", "train", str(library), *slow, "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        while process.poll() is None and not list((library / "flows").glob("*/curve.json")):
            time.sleep(0.05)
        folder = RunFolder(next((library / "flows").iterdir()))
        assert folder.running
        folder.ask_to_stop()
        said = json.loads(process.communicate(timeout=120)[0])
    assert said["ending"] == "interrupted"
    assert not folder.running
    assert folder.summary().usable


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--recipe", "best"), "there is no recipe 'best'"),
        (("--resume", "none-such"), "there is no flow or training 'none-such'"),
        (("--resume", "x", "--seed", "1"), "keeps its recipe and its seed"),
    ],
)
def test_a_mistake_is_said_in_words(library: Path, arguments: tuple[str, ...], words: str) -> None:
    with pytest.raises(EntError, match=words):
        training("train", library, *arguments)
