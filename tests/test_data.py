"""What is shipped in data/: the demo is that of the bundled encoder, whole, and small enough to clone."""

from __future__ import annotations

import csv
import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest

from core.demo import EMBEDDINGS, Demo, bundled
from core.demo_flow import FLOW_ID
from core.demo_library import open_demo
from core.embedding_file import load_embeddings
from core.embedding_map import key_of, path_of
from core.encoder import CLIPEncoder, describe
from core.encoder_spec import Embeddings
from core.imaging import load_image
from core.library import Library
from core.report_store import ReportStore
from core.search import Query
from core.settings import ROOT
from core.taxonomy import ENT
from training.demo import digest_of
from training.demo_flow import flow_digest_of
from training.phantoms.dataset import phantoms
from training.pretrain.bundle import RECORD
from training.pretrain.config import PretrainConfig

DATA = ROOT / "data"
MEGABYTE = 1_000_000


@pytest.fixture(scope="module")
def demo() -> Demo:
    found = bundled()
    assert found is not None
    assert found.folder == DATA / "demo"
    return found


@pytest.fixture(scope="module")
def embeddings(demo: Demo) -> dict[str, Embeddings]:
    """Embeddings of the demo's images, by file name."""
    known = load_embeddings(demo.folder / EMBEDDINGS, demo.fingerprint)
    files = sorted((demo.folder / "images").iterdir())
    return {file.name: known[load_image(file.read_bytes()).pixel_sha256] for file in files}


def rows(demo: Demo) -> list[dict[str, str]]:
    with (demo.folder / "manifest.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def size(path: Path) -> float:
    """Of all files below it, in megabytes."""
    return sum(file.stat().st_size for file in path.rglob("*") if file.is_file()) / MEGABYTE


def test_the_demo_is_that_of_the_bundled_encoder(demo: Demo) -> None:
    assert demo.encoder == "ent-mini"
    assert demo.fingerprint == describe(demo.encoder)[0].fingerprint
    assert demo.digest == digest_of(demo.folder)
    assert demo.flow == flow_digest_of(demo.folder)


def test_the_encoder_is_that_of_the_command_that_is_named_for_it() -> None:
    record = json.loads((DATA / "models" / "ent-mini" / RECORD).read_text())
    assert record["settings"] == asdict(PretrainConfig(seed=0))


def test_it_has_a_hundred_images_of_each_class_and_an_embedding_of_each(
    demo: Demo, embeddings: dict[str, Embeddings]
) -> None:
    assert Counter(row["label"] for row in rows(demo)) == dict.fromkeys(ENT.labels, 100)
    assert sorted(Path(row["path"]).name for row in rows(demo)) == sorted(embeddings)
    assert demo.images == len(embeddings) == 700
    assert len({row["patient_id"] for row in rows(demo)}) >= 200


def test_it_is_what_the_renderer_draws(demo: Demo) -> None:
    drawn = list(phantoms(0, 100))
    told = [(one.facts.label, one.facts.finding, one.patient, one.caption(), one.exam_date) for one in drawn]
    names = ("label", "finding", "patient_id", "description_en", "exam_date")
    assert [tuple(row[name] for name in names) for row in rows(demo)] == told
    for one in {one.facts.label: one for one in drawn}.values():
        kept = load_image((demo.folder / "images" / f"{one.name}.webp").read_bytes()).rgb
        assert np.abs(np.asarray(kept, float) - np.asarray(one.image(256), float)).mean() < 4


@pytest.fixture(scope="module")
def library(demo: Demo, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    """The library that opens on first start, made without encoding an image."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(CLIPEncoder, "encode_batch", lambda *_: pytest.fail("an image was encoded"))
        made = open_demo(tmp_path_factory.mktemp("demo") / "library", demo)
    yield made
    made.close()


def test_its_library_opens_with_flow_map_and_reports(demo: Demo, library: Library) -> None:
    assert library.info().cases == 700
    assert library.catalog.active_flow == FLOW_ID
    assert path_of(library.root, key_of(library.root, FLOW_ID)).is_file()
    reports = ReportStore(library.root)
    assert all(reports.get(FLOW_ID, split, library.catalog) for split in ("val", "test"))


def test_its_library_is_searched_by_image_and_by_words(demo: Demo, library: Library) -> None:
    for one in {one.facts.label: one for one in phantoms(1, 2)}.values():
        hits = library.search(Query(images=(one.jpeg(256),), top_k=5, space="after")).hits
        assert sum(hit.case.label == one.facts.label for hit in hits) >= 3
    hits = library.search(Query(texts=("left eardrum with a perforation",), top_k=5)).hits
    assert [hit.case.label for hit in hits] == ["ear-left"] * 5


def test_its_embeddings_are_those_of_its_encoder(demo: Demo, embeddings: dict[str, Embeddings]) -> None:
    names = sorted(embeddings)[::100]
    images = [load_image((demo.folder / "images" / name).read_bytes()).rgb for name in names]
    made = CLIPEncoder(*describe(demo.encoder)).encode_images(images)
    np.testing.assert_allclose(np.stack([embeddings[name] for name in names]), made, atol=1e-3)


def test_words_tell_the_ears_of_the_demo_apart(demo: Demo, embeddings: dict[str, Embeddings]) -> None:
    left, right = CLIPEncoder(*describe(demo.encoder)).encode_texts(["left ear", "right ear"])
    ears = [row for row in rows(demo) if row["label"].startswith("ear-")]
    images = np.stack([embeddings[Path(row["path"]).name] for row in ears])
    said = np.where(images @ left > images @ right, "ear-left", "ear-right")
    assert np.mean(said == [row["label"] for row in ears]) > 0.9


def test_it_is_small_enough_to_clone(demo: Demo) -> None:
    assert size(DATA / "models" / "ent-mini") < 25
    assert size(demo.folder / "images") < 12
    assert sum(size(part) for part in DATA.iterdir() if part.is_dir()) < 40


def test_the_bundled_encoder_tells_words_that_it_has_never_read() -> None:
    encoder = CLIPEncoder(*describe("ent-mini"))
    assert encoder.unknown_words(["left eardrum with a perforation", "open vocal cords, normal findings"]) == ()
    assert encoder.unknown_words(["Cholesteatoma of the left ear"]) == ("cholesteatoma",)
