"""The flow's benchmark: what it measures is kept, goes on where it stopped, and counts what it says."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from typer.testing import CliRunner

from core.imaging import mirror
from core.recipe import DEFAULT
from core.settings import get_settings
from core.taxonomy import ENT
from core.training_set import training_set
from tests.core.test_trainer import embeddings, small_set
from training.__main__ import app
from training.bench.flow import kept, table
from training.bench.flow.blind import BlindConfig, blind_embeddings, load_blind, save_blind, train_blind
from training.bench.flow.images import enlarged_demo, rendered
from training.bench.flow.kinds import Kind
from training.bench.flow.methods import Fitted, rescored


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ENT_CACHE", str(tmp_path))
    get_settings.cache_clear()
    yield tmp_path
    get_settings.cache_clear()


def kind(count: int = 210) -> Kind:
    x, labels = embeddings(count)
    found = tuple("polyp" if row % 3 else "" for row in range(count))
    return Kind("made up", ENT, x, -x, tuple(labels), found, tuple(str(row // 2) for row in range(count)), "made-up")


def test_what_was_measured_is_not_measured_again(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = table.measure(kind(), [0, 1], ["raw", "lda"])
    assert {name: sorted(row) for name, row in rows.items()} == {"raw": [0, 1], "LDA": [0, 1]}
    monkeypatch.setattr(table, "ALL", {})
    again = table.measure(kind(), [0, 1, 2], ["raw", "lda", "nca"], only_kept=True)
    assert again.keys() == rows.keys()
    assert np.array_equal(again["LDA"][1].hits["class"], rows["LDA"][1].hits["class"])
    test = table.against(rows["LDA"], again["raw"])
    assert test is not None
    assert test.difference == pytest.approx(
        np.mean([rows["LDA"][seed].recall("class") - rows["raw"][seed].recall("class") for seed in (0, 1)]), abs=0.02
    )


def test_what_takes_hours_is_recorded_for_everybody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept, "MEASURED", tmp_path / "measured")
    rows = table.measure(kind(), [0], ["raw", "lda"], recorded=("raw",))
    (path,) = (tmp_path / "measured").iterdir()
    assert path.name.startswith("made-up-raw-0-")
    shutil.rmtree(tmp_path / kept.FOLDER)
    again = table.measure(kind(), [0], ["raw", "lda"], only_kept=True)
    assert again.keys() == {"raw"}
    for level, hits in rows["raw"][0].hits.items():
        assert np.array_equal(again["raw"][0].hits[level], hits, equal_nan=True)
    assert again["raw"][0].groups == rows["raw"][0].groups
    assert again["raw"][0].wrong_sides == rows["raw"][0].wrong_sides


def test_queries_without_a_finding_do_not_count_among_findings() -> None:
    split = kind().split_by(0)
    trial = table._tried(split, Fitted(lambda x: x))
    without = [row for row, where in enumerate(split.split) if where == "test" and not split.finding[row]]
    assert np.isnan(trial.hits["finding"]).sum() == len(without) > 0
    assert 0 <= trial.recall("finding") <= 1


def test_only_the_other_side_of_the_right_region_is_a_wrong_side() -> None:
    split = kind().split_by(0)
    labels = np.array(split.label)
    mirrored = {label: ENT[label].mirror or label for label in ENT.labels}
    axes = np.eye(len(ENT.labels), dtype=np.float32)
    reference = np.array(split.split) == "train"

    def turned(x: np.ndarray) -> np.ndarray:
        """Training images where their class is, test images where their mirror image's class is."""
        own = labels[reference] if len(x) == reference.sum() else labels[np.array(split.split) == "test"]
        names = own if len(x) == reference.sum() else [mirrored[label] for label in own]
        return axes[[ENT.labels.index(name) for name in names]]

    trial = table._tried(split, Fitted(turned))
    sided = sum(ENT[label].side is not None for label in labels[np.array(split.split) == "test"])
    assert trial.wrong_sides == sided
    assert trial.recall("region") == 1


def test_re_ranking_by_itself_moves_nothing() -> None:
    data = small_set()
    (fitted,) = rescored(data, seed=0).values()
    assert np.allclose(fitted.move(data.val.x), data.val.x, atol=1e-6)
    assert fitted.rescore is not None


def test_a_training_that_was_cut_short_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    recipe, data = DEFAULT.changed(epochs=4, hidden=16, heads=2), small_set()
    whole = kept.kept_training("whole", recipe, data)
    monkeypatch.setattr(kept, "SAVE_EVERY", 0.0)
    monkeypatch.setattr(kept.Trainer, "done", property(lambda self: len(self.curve) == 2))
    kept.kept_training("cut", recipe, data)
    monkeypatch.undo()
    again = kept.kept_training("cut", recipe, data)
    assert [epoch.train_loss for epoch in again.curve] == [epoch.train_loss for epoch in whole.curve]
    for one, other in zip(again.flow.field.state_dict().values(), whole.flow.field.state_dict().values(), strict=True):
        assert torch.equal(one, other)


def test_the_demo_is_enlarged_by_other_patients() -> None:
    shown = enlarged_demo(102, judges=3)
    assert len(shown.people) == 7 * 105
    assert shown.judges == 21
    assert {one.seed for one in shown.people[:700]} == {0}
    assert not set(shown.group[:700]) & set(shown.group[700:])
    assert not set(shown.group[:714]) & set(shown.group[714:])


def test_judges_are_test_images_in_every_split() -> None:
    images, judges = kind(), 14
    judged = replace(images, judges=judges)
    for seed in range(3):
        split = judged.split_by(seed).split
        assert set(split[-judges:]) == {"test"}
        assert {"train", "val", "test"} == set(split[:-judges])


def test_the_blind_encoder_learns_without_labels(tmp_path: Path) -> None:
    config = BlindConfig(per_class=2, steps=2, batch=8, width=4)
    net = train_blind(lambda people: rendered(people, 72), config)
    images = rendered(enlarged_demo(1, judges=0).people, 64)
    embeddings = blind_embeddings(net, images)
    assert embeddings.shape == (7, 32)
    save_blind(net, tmp_path / "blind.safetensors")
    again = blind_embeddings(load_blind(tmp_path / "blind.safetensors"), images)
    assert np.allclose(again, embeddings, rtol=0.01, atol=0.01)


def test_to_the_shipped_blind_encoder_sides_are_nearly_the_same_picture() -> None:
    net, images = load_blind(), rendered(enlarged_demo(4, judges=0).people, 160)
    plain, flipped = (blind_embeddings(net, some) for some in (images, [mirror(image) for image in images]))
    (plain, flipped) = (rows - plain.mean(axis=0) for rows in (plain, flipped))
    cosines = (plain * flipped).sum(1) / np.linalg.norm(plain, axis=1) / np.linalg.norm(flipped, axis=1)
    assert np.median(cosines) > 0.8


def test_the_table_is_printed() -> None:
    result = CliRunner().invoke(
        app, ["bench", "flow", "--kind", "breast-cancer", "--method", "raw", "--method", "lda", "--seeds", "1"]
    )
    assert result.exit_code == 0, result.output
    assert "breast cancer: 569 images" in result.output
    assert "LDA" in result.output


def test_findings_are_learnt_where_they_are_said() -> None:
    x, labels = embeddings(140)
    found = ["normal" if row % 2 else "polyp" for row in range(140)]
    data = training_set(x, labels, ["train"] * 100 + ["val"] * 40, ENT, -x, findings=found)
    assert data.train.findings is not None
    assert data.mirrored.findings is not None
    assert len(np.unique(data.train.findings)) == 14
    same = data.train.findings[:, None] == data.train.findings
    assert not (same & (data.train.labels[:, None] != data.train.labels)).any()
    assert training_set(x, labels, ["train"] * 140, ENT, findings=[None] * 140).train.findings is None
