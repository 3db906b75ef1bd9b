"""Phantoms: the same bytes from the same seed, every class and finding, mirrored anatomy, words, manifest."""

from __future__ import annotations

import itertools
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from core.errors import EntError
from core.field_of_view import field_of_view
from core.imaging import load_image
from core.settings import ROOT
from core.sources import open_source
from core.taxonomy import ENT
from training.__main__ import app
from training.phantoms.caption import caption
from training.phantoms.dataset import phantoms, write_dataset
from training.phantoms.draw import Draw
from training.phantoms.ear import Drum
from training.phantoms.findings import FINDINGS, LEAST, NORMAL, SIDED, WITHOUT_SEVERITY, Facts
from training.phantoms.patient import patient
from training.phantoms.render import TURN, Shot, render, render_light
from training.phantoms.scene import Pose
from training.phantoms.views import IN_SIGHT, SHOWS, VIEWS, named
from training.pretrain.phrases import finding_phrase, structure_phrase

ALL = [
    Facts(label, finding, 0.0 if finding in WITHOUT_SEVERITY else severity, side)
    for label in ENT.labels
    for finding in FINDINGS[ENT[label].region]
    for severity in (LEAST, 0.99)
    for side in (("left", "right") if (ENT[label].region, finding) in SIDED else (None,))
]
EVERY_VIEW = [
    replace(facts, view=view) for facts in ALL for view in SHOWS.get((facts.region, facts.finding), VIEWS[facts.region])
]
# What every phrase for a finding has in it, one of them at least.
WORDS = {"normal": ("normal",), "one-sided paralysis": ("paralysis",)}


def shot(facts: Facts) -> Shot:
    return Shot.sample(facts.region, 5, (1,))


def test_every_image_is_the_same_byte_for_byte_whatever_the_count_and_order() -> None:
    few = {p.name: p.jpeg(64) for p in phantoms(7, 2)}
    more = list(phantoms(7, 5))
    again = {p.name: p.jpeg(64) for p in reversed(more)}
    assert few.items() <= again.items()
    assert len(set(again.values())) == len(again)
    other = {p.name: p.jpeg(64) for p in phantoms(8, 2)}
    assert not set(few.values()) & set(other.values())


@pytest.mark.parametrize(("size", "every"), [(96, 1), (256, 3), (512, 20)])
def test_every_class_and_finding_renders(size: int, every: int) -> None:
    for facts in ALL[::every]:
        image = render(facts, Draw(5, 0), shot(facts), size, Draw(5, 2))
        assert image.size == (round(size * 4 / 3), size)
        pixels = np.asarray(image, np.float32)
        disc = pixels[size // 4 : -size // 4, size // 2 : -size // 2]
        assert 25 < disc.mean() < 250, facts
        assert disc.std() > 4, facts
        assert pixels[:, :2].mean() < 20, facts


def test_the_right_side_is_the_mirror_image_of_the_left() -> None:
    for facts in ALL:
        if facts.side != "left":
            continue
        left = render_light(facts, Draw(5, 0), shot(facts), 64)
        right = render_light(facts.mirrored(), Draw(5, 0), shot(facts), 64)
        assert facts.mirrored().side == "right"
        np.testing.assert_array_equal(left[:, :, ::-1], right)


def test_in_a_left_ear_the_malleus_handle_leans_to_the_upper_left() -> None:
    for n in range(300):
        drum, turn = Drum.sample(Draw(n, 0)), Pose.sample(Draw(n, 1), turn=TURN["ear"]).turn
        (x_0, y_0), (x_1, y_1) = drum.at(*drum.handle_top), drum.at(*drum.umbo)
        right, down = x_1 - x_0, y_1 - y_0
        assert right * np.cos(turn) - down * np.sin(turn) > 0
        assert down > 0


def test_closed_folds_are_pale_bands_beside_a_fine_line() -> None:
    """Brighter than what lies left and right of them, and never a dark lens: the median of many larynges."""
    facts, profiles = Facts("vc-closed", "normal", 0.0), []
    for n in range(40):
        still = replace(shot(facts), pose=Pose(0, 0, 0, 1, 0, 0))
        light = render_light(facts, Draw(n, 0), still, 96).mean(0)
        profiles.append(light[42:54].mean(0) / light[42:54, 24:72].mean())
    across = np.median(profiles, 0)
    assert across[44:52].max() > 1.1 * np.r_[across[34:40], across[56:62]].mean()
    assert across[44:52].min() > 0.5


def test_a_left_nose_has_its_passage_on_the_right_of_the_septum() -> None:
    """The septum, on the picture's left, is near and bright without a gap; the dark passages lie right of it."""
    facts = Facts("nose-left", "normal", 0.0)
    dark = np.zeros(64)
    for n in range(40):
        light = render_light(facts, Draw(n, 0), Shot.sample("nose", n, (1,)), 64).mean(0)
        dark += (light[16:48] < np.percentile(light, 20)).mean(0)
    assert dark[:20].sum() * 1.5 < dark[20:52].sum() * 20 / 32


def test_an_open_glottis_is_larger_and_darker_than_a_closed_one() -> None:
    shown = {}
    for label in ("vc-open", "vc-closed"):
        facts = Facts(label, "normal", 0.0)
        middles = []
        for n in range(30):
            light = render_light(facts, Draw(n, 0), Shot.sample("larynx", n, (1,)), 96).mean(0)
            middles.append((light[24:72, 24:72] < 0.25 * np.median(light)).sum())
        shown[label] = float(np.median(middles))
    assert shown["vc-open"] > 3 * shown["vc-closed"] + 20


def test_captions_name_side_finding_and_severity() -> None:
    for facts in ALL:
        sentences = [caption(facts, Draw(3, n)) for n in range(60)]
        assert len(set(sentences)) > 20, facts
        for sentence in sentences:
            text = sentence.lower()
            words = WORDS.get(facts.finding, (facts.finding.rstrip("s"),))
            assert any(word in text for word in words), sentence
            assert "{" not in text, sentence
            assert "  " not in text, sentence
            assert (facts.side or "") in text
            assert {"left": "right", "right": "left"}.get(facts.side or "", "no side") not in text
            assert ("open" in text or "abduction" in text) == (facts.label == "vc-open"), sentence
            assert ("closed" in text or "adduction" in text) == (facts.label == "vc-closed"), sentence


def test_a_caption_names_nothing_that_is_out_of_sight() -> None:
    shown: dict[str, set[str]] = {facts.seen_from: set() for facts in EVERY_VIEW}
    for facts in EVERY_VIEW:
        for n in range(60):
            sentence, draw = caption(facts, Draw(3, n)), Draw(4, n)
            for text in (sentence, structure_phrase(facts, draw), finding_phrase(facts, draw)):
                assert named(text) <= IN_SIGHT.get(facts.seen_from, frozenset()), (facts, text)
                shown[facts.seen_from] |= named(text)
    for view, parts in IN_SIGHT.items():
        assert shown[view] == parts  # and all that is in sight is named now and then


def test_what_is_known_of_a_patient_has_a_view_in_which_the_finding_shows() -> None:
    seen: dict[str, set[str]] = {}
    for phantom in phantoms(2, 60):
        facts = phantom.facts
        assert facts.view in SHOWS.get((facts.region, facts.finding), VIEWS[facts.region])
        seen.setdefault(facts.region, set()).add(str(facts.view))
    assert seen == {region: set(views) for region, views in VIEWS.items()}


def test_a_severe_finding_changes_the_picture_more_than_a_mild_one_and_a_mild_one_visibly() -> None:
    """Beside a normal anatomy of the same chance, in the parts of the picture that change most."""
    for facts in EVERY_VIEW:
        if facts.finding in WITHOUT_SEVERITY or facts.side == "right":
            continue
        changes = []
        for severity in (LEAST, 1.0):
            sick = replace(facts, severity=severity)
            changes.append(np.median([_change(sick, n) for n in range(8)]))
        assert changes[0] > 0.1, facts
        assert changes[1] > 0.9 * changes[0], facts


def _change(sick: Facts, n: int) -> float:
    still = replace(shot(sick), pose=Pose(0, 0, 0, 1, 0, 0))
    one, two = (render_light(f, Draw(n, 0), still, 64) for f in (sick, replace(sick, finding=NORMAL, severity=0.0)))
    return float(np.percentile(np.abs(one - two).max(0), 98))


def test_the_mirrored_caption_differs_in_the_side_only() -> None:
    for facts in ALL:
        for n in range(10):
            own, other = caption(facts, Draw(3, n)), caption(facts.mirrored(), Draw(3, n))
            swapped = own.lower().replace("left", "L").replace("right", "left").replace("L", "right")
            assert other.lower() == swapped


def test_severities_have_different_words() -> None:
    mild = {caption(Facts("ear-left", "wax", 0.3), Draw(3, n)) for n in range(40)}
    severe = {caption(Facts("ear-left", "wax", 0.9), Draw(3, n)) for n in range(40)}
    assert not mild & severe


def test_a_patient_has_several_images_of_one_anatomy_some_nearly_the_same() -> None:
    people = [patient(1, "larynx", n) for n in range(12)]
    assert all(1 <= len(images) <= 8 for images in people)
    assert all(len({(p.patient, p.exam_date, p.split, p.facts.finding) for p in images}) == 1 for images in people)
    near, far = [], []
    for images in people:
        for one, two in itertools.pairwise(images):
            if one.facts != two.facts:
                continue
            difference = np.abs(np.asarray(one.image(64), np.float32) - np.asarray(two.image(64), np.float32)).mean()
            (near if two.shot.key == one.shot.key else far).append(float(difference))
    assert near
    assert far
    assert np.median(near) < 0.5 * np.median(far)


def test_open_and_closed_folds_of_a_patient_differ_in_the_glottis_only() -> None:
    facts = Facts("vc-open", "normal", 0.0)
    both = [render_light(f, Draw(4, 0), shot(facts), 64) for f in (facts, replace(facts, label="vc-closed"))]
    rim = np.concatenate([np.abs(both[0] - both[1])[:, :6].ravel(), np.abs(both[0] - both[1])[:, -6:].ravel()])
    assert rim.mean() < 0.01


def test_the_folder_can_be_imported(tmp_path: Path) -> None:
    assert write_dataset(tmp_path / "out", 3, 2, 96) == 21
    assert "SYNTHETIC" in (tmp_path / "out" / "README.txt").read_text(encoding="utf-8")
    with open_source(tmp_path / "out", ENT) as source:
        assert not source.failures
        assert len(source.items) == 21
        for item in source.items:
            facts = item.facts
            assert facts.label in ENT.labels
            assert facts.finding in FINDINGS[ENT[facts.label].region]
            assert facts.patient
            assert facts.description_en
            assert facts.exam_date
            assert facts.split
            rgb = load_image(item.read()).rgb
            assert rgb.size == (128, 96)


def test_the_field_of_view_is_found() -> None:
    crops = [field_of_view(p.image(192)) for p in phantoms(3, 2)]
    found = [box for box in crops if 0.85 < (box.right - box.left) / 192 < 1.12 and box.left > 0]
    assert len(found) >= 0.85 * len(crops)


def test_the_command(tmp_path: Path) -> None:
    runner = CliRunner()
    result = runner.invoke(app, ["phantoms", str(tmp_path / "a"), "--per-class", "1", "--seed", "4", "--size", "64"])
    assert result.exit_code == 0, result.output
    assert len(list((tmp_path / "a" / "images").glob("*.jpg"))) == 7
    again = runner.invoke(app, ["phantoms", str(tmp_path / "b"), "--per-class", "1", "--seed", "4", "--size", "64"])
    assert again.exit_code == 0
    for file in (tmp_path / "a").rglob("*.*"):
        assert file.read_bytes() == (tmp_path / "b" / file.relative_to(tmp_path / "a")).read_bytes()
    assert runner.invoke(app, ["phantoms"]).exit_code == 2
    for wrong in (["--size", "5000"], ["--per-class", "0"], ["--seed", "-1"]):
        assert runner.invoke(app, ["phantoms", str(tmp_path / "c"), *wrong]).exit_code != 0
    assert runner.invoke(app, ["phantoms", str(tmp_path / "a")]).exit_code != 0


def test_a_sheet_puts_phantoms_beside_others_outside_of_the_repository(tmp_path: Path) -> None:
    write_dataset(tmp_path / "real", 2, 5, 64)
    runner, sheet = CliRunner(), tmp_path / "sheet.jpg"
    arguments = ["phantoms", "--beside", str(tmp_path / "real"), "--sheet"]
    assert runner.invoke(app, [*arguments, str(sheet)]).exit_code == 0
    pixels = np.asarray(load_image(sheet.read_bytes()).rgb)
    assert pixels.shape == (14 * 120, 10 * 160, 3)
    assert all(pixels[120 * row : 120 * row + 120, :320].std() > 10 for row in range(14))
    assert pixels[120:240, 320:].max() < 20  # two of the others, ten phantoms
    inside = ROOT / "data" / "screenshots" / "beside.jpg"
    result = runner.invoke(app, [*arguments, str(inside)])
    assert isinstance(result.exception, EntError)
    assert not inside.exists()
    assert runner.invoke(app, arguments[:-1]).exit_code == 2


def test_rendering_is_fast_enough_to_train_on() -> None:
    """No hard bound, since machines differ; on one core of the machine it was written on it is above 150 a second."""
    some = list(phantoms(1, 8))
    some[0].image(96)
    start = time.process_time()
    for phantom in some:
        phantom.image(96)
    assert len(some) / (time.process_time() - start) > 20
