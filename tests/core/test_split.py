"""Splits: by class, by group, reproducible; planted duplicates stay on one side."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageChops, ImageDraw, ImageEnhance, ImageOps

from core.errors import TrainingError
from core.library import Library
from core.near_duplicates import joint_groups, look, near_duplicates
from core.split import SPLITS, SplitConfig, plan_split
from core.splitting import split_library
from tests.conftest import picture, png
from tests.core.test_ingest import ingest


def made_up(count: int, seed: int) -> tuple[list[str], list[int]]:
    """Labels of a few unequal classes, and groups of one to six."""
    rng = np.random.default_rng(seed)
    labels = rng.choice(["a", "b", "c", "d"], count, p=[0.5, 0.3, 0.15, 0.05]).tolist()
    groups = np.repeat(np.arange(count), rng.integers(1, 7, count))[:count].tolist()
    return labels, groups


@pytest.mark.parametrize("seed", range(5))
def test_groups_stay_whole_and_classes_keep_their_parts(seed: int) -> None:
    labels, groups = made_up(1000, seed)
    splits = plan_split(labels, groups, [None] * 1000, SplitConfig(seed=seed))
    for group in set(groups):
        assert len({split for split, g in zip(splits, groups, strict=True) if g == group}) == 1
    for label, spare in (("a", 0.01), ("b", 0.015), ("c", 0.03), ("d", 0.08)):
        of_class = [split for split, own in zip(splits, labels, strict=True) if own == label]
        for split, part in zip(SPLITS, (0.70, 0.15, 0.15), strict=True):
            assert of_class.count(split) / len(of_class) == pytest.approx(part, abs=spare)


def test_a_seed_gives_its_own_split_again_and_again() -> None:
    labels, groups = made_up(300, 1)
    first, again, other = (plan_split(labels, groups, [None] * 300, SplitConfig(seed=s)) for s in (3, 3, 4))
    assert first == again != other


def test_a_given_split_wins_and_takes_its_group_along() -> None:
    labels, groups = made_up(200, 2)
    given = ["test" if group % 7 == 0 and i % 2 else None for i, group in enumerate(groups)]
    splits = plan_split(labels, groups, given)
    assert [s for s, own in zip(splits, given, strict=True) if own] == ["test"] * sum(map(bool, given))
    held = {group for group, own in zip(groups, given, strict=True) if own}
    assert {s for s, group in zip(splits, groups, strict=True) if group in held} == {"test"}
    assert plan_split(["a"] * 3, [0, 0, 1], ["train", "test", None])[:2] == ("train", "test")


def test_patients_on_two_sides_are_told_where_every_case_came_with_its_split(library: Library, tmp_path: Path) -> None:
    rows = ["path,label,patient_id,split"]
    for number in range(8):
        (tmp_path / f"{number}.png").write_bytes(png(picture(number)))
        rows.append(f"{number}.png,throat,p{number // 2},{('train', 'test')[number % 2] if number < 4 else 'train'}")
    (tmp_path / "manifest.csv").write_text("\n".join(rows), encoding="utf-8")
    ingest(library, tmp_path / "manifest.csv")
    with library.lock.held():
        report = split_library(library.catalog, library.store)
    assert (report.made, report.groups, report.torn) == (0, 4, 2)


def test_copies_on_two_sides_are_told_however_often_one_asks(library: Library, tmp_path: Path) -> None:
    rows = ["path,label,split"]
    for number in range(6):
        for copy, split in enumerate(("train", "test") if number < 2 else ("train",)):
            image = picture(number, (160, 120)).resize((160 >> copy, 120 >> copy))
            (tmp_path / f"{number}-{copy}.png").write_bytes(png(image))
            rows.append(f"{number}-{copy}.png,throat,{split}")
    (tmp_path / "manifest.csv").write_text("\n".join(rows), encoding="utf-8")
    ingest(library, tmp_path / "manifest.csv")
    for _ in range(2):
        with library.lock.held():
            report = split_library(library.catalog, library.store)
        assert (report.made, report.torn, len(report.pairs)) == (0, 2, 2)


def test_the_only_image_of_a_class_is_for_training() -> None:
    labels = ["common"] * 20 + ["rare"]
    assert plan_split(labels, list(range(21)), [None] * 21)[-1] == "train"


@pytest.mark.parametrize("parts", [(0.7, 0.2, 0.2), (0, 0.5, 0.5), (1.2, -0.1, -0.1)])
def test_parts_that_make_no_whole_are_refused(parts: tuple[float, float, float]) -> None:
    with pytest.raises(TrainingError, match="sum to 1"):
        SplitConfig(*parts)


def test_no_cases_are_refused() -> None:
    with pytest.raises(TrainingError, match="no cases to split"):
        plan_split([], [], [])


def test_pairs_and_keys_tie_groups_together_however_far() -> None:
    groups = joint_groups(6, [(0, 1), (4, 5)], [None, "p", "p", None, "q", None])
    assert groups[0] == groups[1] == groups[2]
    assert groups[4] == groups[5]
    assert len({groups[0], groups[3], groups[4]}) == 3


def jpeg(image: Image.Image, quality: int) -> Image.Image:
    file = io.BytesIO()
    image.save(file, "JPEG", quality=quality)
    return Image.open(io.BytesIO(file.getvalue()))


ALTERED: dict[str, Callable[[Image.Image], Image.Image]] = {
    "re-compressed": lambda image: jpeg(image, 30),
    "half the size": lambda image: image.resize((image.width // 2, image.height // 2)),
    "twice the size": lambda image: image.resize((image.width * 2, image.height * 2)),
    "brighter": lambda image: ImageEnhance.Brightness(image).enhance(1.1),
    "next frame": lambda image: ImageChops.offset(image, 1, 0),
    "mirrored": ImageOps.mirror,
}


def test_altered_copies_look_alike_and_others_do_not() -> None:
    originals = [picture(seed, (160, 120)) for seed in range(30)]
    copies = [change(image) for image in originals[:5] for change in ALTERED.values()]
    looks = np.stack([look(image) for image in (*originals, *copies)])
    pairs = set(near_duplicates(looks))
    family = [*range(30), *(i for i in range(5) for _ in ALTERED)]
    assert {(i, j) for i, j in pairs if family[i] != family[j]} == set()
    assert {(family[j], j) for j in range(30, len(family))} <= pairs


def endoscopic(image: Image.Image) -> Image.Image:
    """In a bright disc on black, 5 % of the height away from the edge."""
    width, height = image.size
    disc = Image.new("L", image.size)
    radius = round(0.45 * height)
    box = (width // 2 - radius, height // 2 - radius, width // 2 + radius, height // 2 + radius)
    ImageDraw.Draw(disc).ellipse(box, fill=255)
    bright = Image.blend(image.convert("RGB"), Image.new("RGB", image.size, (255, 160, 140)), 0.6)
    return Image.composite(bright, Image.new("RGB", image.size), disc)


def test_what_the_endoscope_sees_counts_and_not_that_it_is_a_bright_disc() -> None:
    originals = [endoscopic(picture(seed, (320, 240))) for seed in range(12)]
    cut = [image.crop((8, 6, image.width - 8, image.height - 6)) for image in originals]
    looks = np.stack([look(image) for image in (*originals, *cut)])
    assert near_duplicates(looks) == [(row, row + 12) for row in range(12)]


def test_planted_duplicates_and_patients_never_straddle(library: Library, tmp_path: Path) -> None:
    source = tmp_path / "source"
    (source / "images").mkdir(parents=True)
    rows, number = ["path,label,patient_id"], 0
    for seed in range(40):
        label = ("ear-left", "throat")[seed % 2]
        for name, change in {"original": lambda image: image, **ALTERED}.items() if seed < 12 else [("", lambda i: i)]:
            file = f"images/{seed:03}-{name.replace(' ', '-')}.png"
            (source / file).write_bytes(png(change(picture(seed, (160, 120))).convert("RGB")))
            rows.append(f"{file},{label},{'' if seed < 12 else f'p{seed // 4}'}")
            number += 1
    (source / "manifest.csv").write_text("\n".join(rows))
    assert ingest(library, source / "manifest.csv").added == number
    with library.lock.held():
        report = split_library(library.catalog, library.store)
        library.indexer.catch_up()
    assert report.made == number
    assert sum(report.counts.values()) == number
    sides: dict[str, set[str | None]] = {}
    for case in library.catalog.cases():
        sides.setdefault(case.patient or Path(case.filename).name[:3], set()).add(case.split)
    assert all(len(found) == 1 and None not in found for found in sides.values())
    assert library.verify().ok


def test_splits_stay_until_they_are_asked_for_again(library: Library, folder_of: Callable[..., Path]) -> None:
    ingest(library, folder_of({"ear-left": 20, "throat": 20}))

    def split(seed: int, again: bool = False) -> tuple[int, dict[str, str | None]]:
        with library.lock.held():
            report = split_library(library.catalog, library.store, SplitConfig(seed=seed), again=again)
        return report.made, {case.case_id: case.split for case in library.catalog.cases()}

    made, first = split(0)
    assert made == 40
    assert split(1) == (0, first)
    assert split(1, again=True)[1] != first
    assert split(0, again=True) == (40, first)


def test_a_split_of_the_manifest_wins(library: Library, tmp_path: Path) -> None:
    rows = ["path,label,split"]
    for seed in range(8):
        (tmp_path / f"{seed}.png").write_bytes(png(picture(seed)))
        rows.append(f"{seed}.png,throat,{'test' if seed < 4 else ''}")
    (tmp_path / "manifest.csv").write_text("\n".join(rows))
    ingest(library, tmp_path / "manifest.csv")
    with library.lock.held():
        assert split_library(library.catalog, library.store).made == 4
        split_library(library.catalog, library.store, SplitConfig(seed=5), again=True)
    own = {case.filename: case.split for case in library.catalog.cases()}
    assert {own[f"{seed}.png"] for seed in range(4)} == {"test"}
