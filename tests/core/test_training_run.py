"""Trainings in a library: begun, interrupted, resumed, kept, activated, deleted."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import sqlalchemy as sa
import torch

from core.checkpoint import WEIGHTS
from core.errors import QueryError, Stopped, TrainingError
from core.imaging import load_image, mirror
from core.library import Library
from core.recipe import DEFAULT, REFERENCE
from core.relabel import relabel
from core.run_folder import CURVE, SETTINGS, STATE
from core.search import Query
from core.taxonomy import AnatomyClass, Taxonomy
from core.training_run import TrainingRuns
from core.vectors import MIRROR
from core.whole_file import write_whole
from tests.conftest import FakeEncoder, picture, png
from tests.core.test_ingest import ingest

TINY = DEFAULT.changed(epochs=4, hidden=8, heads=2, batch_size=16)


@pytest.fixture
def filled(library: Library, folder_of: Callable[..., Path]) -> Library:
    ingest(library, folder_of({"ear-left": 12, "ear-right": 12, "throat": 12, "other": 3}))
    return library


def test_a_training_becomes_a_flow_that_can_be_searched_through(filled: Library, encoder: FakeEncoder) -> None:
    runs = TrainingRuns(filled)
    said: list[tuple[str, int, int]] = []
    run = runs.start(TINY, on_progress=lambda *step: said.append(step))
    assert {what for what, _, _ in said} == {"comparing images", "encoding mirror images"}
    epochs = list(run)
    result = run.finish()
    assert [epoch.number for epoch in epochs] == [1, 2, 3, 4]
    assert result.ending == "all epochs done"
    summary = runs.summary(run.run_id)
    assert (summary.usable, summary.epochs, summary.ending) == (True, 4, "all epochs done")
    assert summary.best == epochs[result.best_epoch - 1]
    assert summary.settings is not None
    assert summary.settings.recipe == TINY
    flow = filled.flows.get(run.run_id)
    assert flow.recipe == TINY.to_dict()
    split = run.folder.split()
    assert {case.case_id for case in filled.catalog.cases() if case.label} == {i for ids in split.values() for i in ids}
    filled.activate(run.run_id)
    assert filled.search(Query((png(picture(5)),))).space == "after"
    assert filled.verify().ok


def test_a_training_or_deletion_that_waits_for_another_writer_can_be_stopped(filled: Library) -> None:
    runs, waits = TrainingRuns(filled), []
    asked = {"on_wait": waits.append, "should_stop": lambda: bool(waits)}
    with filled.lock.held():
        with pytest.raises(Stopped, match="other work of this program was writing"):
            runs.start(TINY, **asked)
        with pytest.raises(Stopped):
            runs.delete("any", **asked)
    assert waits == ["waiting for other work of this program to finish writing to this library"] * 2


def test_mirror_images_are_encoded_once_and_only_of_training_images(filled: Library, encoder: FakeEncoder) -> None:
    run = TrainingRuns(filled).start(TINY)
    train = [case for case in filled.catalog.cases() if case.split == "train" and case.label]
    assert len(run.trainer.data.mirrored) == len(train)
    known = filled.catalog.vectors.known(MIRROR, [case.case_id for case in filled.catalog.cases()])
    assert set(known) == {case.case_id for case in train}
    rgb = mirror(load_image(filled.image_bytes(train[0])).rgb)
    assert np.allclose(known[train[0].case_id], encoder.encode_images([rgb])[0], atol=1e-6)
    before = encoder.encoded
    TrainingRuns(filled).start(TINY)
    assert encoder.encoded == before


def test_without_a_mirror_in_the_taxonomy_nothing_is_mirrored(tmp_path: Path, encoder: FakeEncoder) -> None:
    taxonomy = Taxonomy("plain", (AnatomyClass("a", "A", "r"), AnatomyClass("b", "B", "r")))
    library = Library.create(tmp_path / "library", encoder=encoder, taxonomy=taxonomy)
    for label, first in (("a", 0), ("b", 50)):
        (tmp_path / "source" / label).mkdir(parents=True)
        for seed in range(first, first + 10):
            (tmp_path / "source" / label / f"{seed}.png").write_bytes(png(picture(seed)))
    ingest(library, tmp_path / "source")
    before = encoder.encoded
    run = TrainingRuns(library).start(TINY)
    assert len(run.trainer.data.mirrored) == 0
    assert encoder.encoded == before
    library.close()


def test_an_interrupted_training_is_kept_and_goes_on_to_the_same_flow(filled: Library) -> None:
    runs = TrainingRuns(filled)
    whole = runs.start(TINY)
    list(whole)
    expected = whole.finish().flow
    stopped = runs.start(TINY)
    for epoch in stopped:
        if epoch.number == 2:
            break
    assert stopped.finish().ending == "interrupted"
    assert runs.summary(stopped.run_id).ending == ""
    assert stopped.run_id in filled.flows.ids()  # the best so far can be used
    again = runs.resume(stopped.run_id)
    assert [epoch.number for epoch in again] == [3, 4]
    found = again.finish().flow
    for a, b in zip(expected.field.state_dict().values(), found.field.state_dict().values(), strict=True):
        assert torch.equal(a, b)
    assert torch.equal(filled.flows.get(stopped.run_id).field.res_weight, found.field.res_weight)
    assert [e.number for e in runs.resume(stopped.run_id, epochs=5)] == [5]


def test_a_resumed_training_sees_the_cases_it_began_with(filled: Library, folder_of: Callable[..., Path]) -> None:
    runs = TrainingRuns(filled)
    run = runs.start(TINY)
    next(iter(run))
    run.finish()
    ingest(filled, folder_of({"throat": 5}, name="more", seed=500))
    again = runs.resume(run.run_id)
    assert np.array_equal(again.trainer.data.train.x, run.trainer.data.train.x)


def test_what_an_earlier_state_made_of_the_cases_is_forgotten(filled: Library) -> None:
    runs = TrainingRuns(filled)
    run = runs.start(TINY)
    next(iter(run))
    run.finish()
    filled.activate(run.run_id)
    with pytest.raises(QueryError, match="is the active one"):
        runs.resume(run.run_id)
    filled.activate(None)
    again = runs.resume(run.run_id)
    list(again)
    again.finish()
    filled.activate(run.run_id)
    case = filled.catalog.cases(limit=1)[0]
    moved = filled.flows.get(run.run_id).transform(filled.catalog.vectors.get("plain", [case.case_id]))
    assert np.allclose(filled.catalog.vectors.get(run.run_id, [case.case_id]), moved, atol=1e-6)


def test_flows_are_deleted_but_not_the_active_one(filled: Library) -> None:
    runs = TrainingRuns(filled)
    run = runs.start(REFERENCE.changed(epochs=1, hidden=8, heads=1, steps=1))
    list(run)
    run.finish()
    filled.activate(run.run_id)
    with pytest.raises(QueryError, match="activate another"):
        runs.delete(run.run_id)
    filled.activate(None)
    runs.delete(run.run_id)
    assert runs.summaries() == ()
    assert filled.catalog.vectors.count(run.run_id) == 0
    with pytest.raises(QueryError, match="there is no flow or training"):
        runs.delete(run.run_id)
    with pytest.raises(QueryError, match="there is no flow or training"):
        runs.resume("../../etc")


def test_a_library_without_labels_is_refused_in_words(library: Library, folder_of: Callable[..., Path]) -> None:
    with pytest.raises(TrainingError, match="has no cases yet; import images first"):
        TrainingRuns(library).start(TINY)
    ingest(library, folder_of({"throat": 4, "other": 4}))
    with pytest.raises(TrainingError, match="4 labelled images of 1 class; "):
        TrainingRuns(library).start(TINY)
    assert TrainingRuns(library).summaries() == ()


def test_a_training_goes_on_in_one_place_at_a_time(filled: Library) -> None:
    runs = TrainingRuns(filled)
    run = runs.start(TINY)
    going = iter(run)
    next(going)
    run.finish()
    assert runs.summary(run.run_id).running
    with pytest.raises(TrainingError, match="under way in another program"):
        next(iter(runs.resume(run.run_id)))
    with pytest.raises(TrainingError, match="under way in another program"):
        runs.delete(run.run_id)
    going.close()
    assert not runs.summary(run.run_id).running
    assert len(list(runs.resume(run.run_id))) == 3


def test_a_loss_that_explodes_keeps_the_best_before_it_as_a_flow(filled: Library) -> None:
    run = TrainingRuns(filled).start(TINY)
    going = iter(run)
    next(going)
    with torch.no_grad():
        run.trainer.field.res_weight.fill_(float("inf"))
    with pytest.raises(TrainingError, match="lower the learning rate"):
        next(going)
    assert np.isfinite(filled.flows.get(run.run_id).transform(run.trainer.data.val.x)).all()
    assert TrainingRuns(filled).summary(run.run_id).ending == "diverged"
    with pytest.raises(TrainingError, match="diverged and would again"):
        TrainingRuns(filled).resume(run.run_id)


def test_a_damaged_state_is_refused(filled: Library) -> None:
    runs = TrainingRuns(filled)
    run = runs.start(TINY)
    next(iter(run))
    run.finish()
    (run.folder.folder / STATE).write_bytes(b"nonsense")
    with pytest.raises(TrainingError, match="is damaged; start a new training"):
        runs.resume(run.run_id)


def test_a_training_that_is_over_says_so_and_what_an_interruption_left_is_swept(filled: Library) -> None:
    runs = TrainingRuns(filled)
    run = runs.start(TINY)
    list(run)
    run.finish()
    (run.folder.folder / f".{STATE}.of-a-killed-one.part").touch()
    with pytest.raises(TrainingError, match="is over after 4 epochs; prolong it with more --epochs"):
        runs.resume(run.run_id)
    assert not list(run.folder.folder.glob(".*.part"))
    (run.folder.folder / WEIGHTS).unlink()  # as when it was killed before it had kept its flow
    assert runs.resume(run.run_id).finish().ending == "all epochs done"
    assert run.run_id in filled.flows.ids()


def test_a_refused_resume_changes_nothing(filled: Library) -> None:
    runs = TrainingRuns(filled)
    run = runs.start(TINY)
    for epoch in run:
        if epoch.number == 2:
            break
    run.finish()
    for epochs in (2, 1):
        with pytest.raises(TrainingError, match="has made 2 epochs already; give it more"):
            runs.resume(run.run_id, epochs=epochs)
        assert run.folder.settings().recipe == TINY
    assert [epoch.number for epoch in runs.resume(run.run_id)] == [3, 4]


def test_a_training_that_was_killed_as_it_was_saved_goes_on(filled: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    runs = TrainingRuns(filled)
    run = runs.start(TINY)
    list(run)
    for broken in (STATE, CURVE):

        def write(path: Path, data: bytes, broken: str = broken) -> None:
            if path.name == broken:
                raise KeyboardInterrupt
            write_whole(path, data)

        monkeypatch.setattr("core.run_folder.write_whole", write)
        with pytest.raises(KeyboardInterrupt):
            run.finish()
        monkeypatch.undo()
        again = runs.resume(run.run_id)
        assert [epoch.number for epoch in again] == ([1, 2, 3, 4] if broken == STATE else [])
    assert again.finish().ending == "all epochs done"


def test_a_flow_that_came_without_its_state_says_that_it_cannot_go_on_whether_active_or_not(filled: Library) -> None:
    runs = TrainingRuns(filled)
    run = runs.start(TINY)
    list(run)
    run.finish()
    (run.folder.folder / STATE).unlink()  # as of a flow that is bundled
    for active in (run.run_id, None):
        filled.activate(active)
        with pytest.raises(TrainingError, match="is over, and came without what it takes to go on with it"):
            runs.resume(run.run_id)


def test_near_duplicates_count_as_one_witness_also_when_it_goes_on(library: Library, tmp_path: Path) -> None:
    for number in range(30):
        folder = tmp_path / "source" / ("ear-left", "throat")[number % 2]
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{number}.png").write_bytes(png(picture(number, (160, 120))))
        if number < 6:
            (folder / f"{number}-again.png").write_bytes(png(picture(number, (160, 120)).resize((80, 60))))
    ingest(library, tmp_path / "source")
    runs = TrainingRuns(library)
    run = runs.start(TINY)
    data, ids, pairs = run.trainer.data, run.folder.split()["train"], run.folder.near_duplicates()
    assert len(pairs) == 6
    group_of = dict(zip(ids, data.train.groups.tolist(), strict=True))
    inside = [(one, other) for one, other in pairs if one in group_of and other in group_of]
    assert inside
    assert all(group_of[one] == group_of[other] for one, other in inside)
    assert len(set(group_of.values())) == len(ids) - len(inside)
    next(iter(run))
    run.finish()
    assert np.array_equal(runs.resume(run.run_id).trainer.data.train.groups, data.train.groups)


def test_a_case_that_has_lost_its_embedding_is_told_and_not_skipped(filled: Library) -> None:
    with filled.catalog.vectors.engine.begin() as connection:
        connection.execute(sa.text("delete from embeddings where case_id = :one"), {"one": filled.catalog.ids()[0]})
    with pytest.raises(TrainingError, match="1 of 36 labelled cases have no embedding"):
        TrainingRuns(filled).start(TINY)


def test_another_end_is_kept_for_the_next_time(filled: Library) -> None:
    runs = TrainingRuns(filled)
    run = runs.start(TINY)
    list(run)
    run.finish()
    longer = runs.resume(run.run_id, epochs=8)
    next(iter(longer))
    longer.finish()
    summary = runs.summary(run.run_id)
    assert summary.settings is not None
    assert (summary.settings.recipe.epochs, summary.epochs, summary.ending) == (8, 5, "")
    assert [epoch.number for epoch in runs.resume(run.run_id)] == [6, 7, 8]


def test_a_training_does_not_go_on_with_other_labels(filled: Library) -> None:
    runs = TrainingRuns(filled)
    run = runs.start(TINY)
    next(iter(run))
    run.finish()
    case = next(case for case in filled.catalog.cases() if case.split == "train" and case.label == "throat")
    relabel(filled, case.case_id, label="ear-left")
    with pytest.raises(TrainingError, match="have changed; start a new one"):
        runs.resume(run.run_id)


def test_a_training_that_went_on_elsewhere_is_not_set_back(filled: Library) -> None:
    runs = TrainingRuns(filled)
    run = runs.start(TINY)
    next(iter(run))
    run.finish()
    late = runs.resume(run.run_id)
    other = runs.resume(run.run_id)
    list(other)
    other.finish()
    with pytest.raises(TrainingError, match="has gone on elsewhere"):
        next(iter(late))
    assert runs.summary(run.run_id).epochs == 4


def test_a_flow_that_diverges_on_validation_images_is_told_like_a_loss(filled: Library) -> None:
    runs = TrainingRuns(filled)
    run = runs.start(TINY.changed(learning_rate=1e30, start="drawn", batch_size=4096))
    with pytest.raises(TrainingError, match="lower the learning rate"):
        list(run)


def test_an_explosion_at_once_keeps_the_curve_too(filled: Library) -> None:
    runs = TrainingRuns(filled)
    run = runs.start(TINY)
    going = iter(run)
    next(going)
    with torch.no_grad():
        run.trainer.field.res_weight.fill_(float("inf"))
    with pytest.raises(TrainingError):
        next(going)
    summary = runs.summary(run.run_id)
    assert (summary.usable, summary.epochs) == (True, 1)
    assert summary.best is not None


@pytest.mark.parametrize(
    ("file", "text"), [(SETTINGS, "nonsense"), (SETTINGS, "{}"), (SETTINGS, "null"), (CURVE, "{}"), (CURVE, "7")]
)
def test_one_damaged_record_hides_no_other(filled: Library, file: str, text: str) -> None:
    runs = TrainingRuns(filled)
    broken, sound = runs.start(TINY), runs.start(TINY)
    for run in (broken, sound):
        next(iter(run))
        run.finish()
    (broken.folder.folder / file).write_text(text, encoding="utf-8")
    told = {run.flow_id: bool(run.damaged) for run in runs.summaries()}
    assert told == {broken.run_id: True, sound.run_id: False}
    assert len(list(runs.resume(sound.run_id))) == 3
    runs.delete(broken.run_id)
    assert [run.flow_id for run in runs.summaries()] == [sound.run_id]


def test_a_recipe_without_mirror_images_sees_none_though_they_are_there(filled: Library) -> None:
    runs = TrainingRuns(filled)
    assert len(runs.start(TINY).trainer.data.mirrored) > 0
    run = runs.start(TINY.changed(mirrored=False))
    assert len(run.trainer.data.mirrored) == 0
    assert run.folder.settings().images["mirrored"] == 0


def test_what_limits_a_training_is_said(library: Library, folder_of: Callable[..., Path], tmp_path: Path) -> None:
    source = folder_of({"ear-left": 6, "throat": 6, "vc-open": 1})
    rows = ["path,label,patient_id,split"]
    for path in sorted(source.rglob("*.png")):
        number = len(rows)
        rows.append(f"{path.relative_to(source)},{path.parent.name},p{number // 4},{('train', 'test')[number % 2]}")
    (source / "manifest.csv").write_text("\n".join(rows), encoding="utf-8")
    ingest(library, source)
    notes = " / ".join(TrainingRuns(library).start(TINY).folder.settings().notes)
    assert "no validation images" in notes
    assert "4 patients or groups of near-duplicates stand on two sides" in notes
    assert "no patient is known" not in notes
    assert "fewer than 12 training images, where some dozens are needed to be any good: ear-left (3)" in notes
    named = re.search(r"\((\w+), (\w+); (\w+), (\w+); (\w+), (\w+) and others\)", notes)
    assert named is not None
    cases = [library.catalog.case(case_id) for case_id in named.groups()]
    for one, other in zip(cases[::2], cases[1::2], strict=True):
        assert (one.patient, {one.split, other.split}) == (other.patient, {"train", "test"})


def test_without_two_classes_nothing_is_dealt_out(library: Library, folder_of: Callable[..., Path]) -> None:
    ingest(library, folder_of({"ear-left": 4, "throat": 1, "other": 3}))
    with pytest.raises(
        TrainingError,
        match=r"needs at least 2 of them with 2 labelled images each, .* 5 labelled images of 2 classes; import",
    ):
        TrainingRuns(library).start(TINY)
    assert {case.split for case in library.catalog.cases()} == {None}


def test_patients_that_are_not_known_are_told_of_before_the_training(filled: Library) -> None:
    total = len(filled.catalog.ids())
    notes = " / ".join(TrainingRuns(filled).start(TINY).folder.settings().notes)
    assert f"no patient is known of {total} of {total} cases" in notes
