"""The demo: made once, from where it was cut short, with the embeddings it brings where they fit."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from core import demo_library as libraries
from core.demo import EMBEDDINGS, FACTS, Demo, bundled
from core.demo_library import open_demo
from core.embedding_file import load_embeddings, save_embeddings
from core.encoder_spec import Embeddings
from core.errors import LibraryError, SourceError
from core.imaging import load_image
from core.library import Library
from core.search import Query
from core.settings import get_settings
from core.sources import open_source
from core.swap import aside
from tests.conftest import DIMENSION, FakeEncoder

COUNTS = {"ear-left": 4, "throat": 3}
Folders = Callable[..., Path]
Release = dict[str, str]
OLD, NEW = {"fingerprint": "print-1", "digest": "images-1"}, {"fingerprint": "print-2", "digest": "images-2"}


@pytest.fixture
def encoders(monkeypatch: pytest.MonkeyPatch) -> list[FakeEncoder]:
    """Every encoder that a library made or opened by name is given."""
    given: list[FakeEncoder] = []

    def encoder(*_: object) -> FakeEncoder:
        given.append(FakeEncoder())
        return given[-1]

    monkeypatch.setattr("core.library.CLIPEncoder", encoder)
    monkeypatch.setattr("core.library.describe", lambda *_: (FakeEncoder.spec, Path("weights")))
    return given


@pytest.fixture
def demo(folder_of: Callable[..., Path], encoders: list[FakeEncoder]) -> Demo:
    """A demo of seven images, without embeddings."""
    made = Demo(folder_of(COUNTS, "demo"), "Demo (synthetic)", "fake", 7)
    made.write()
    return made


def embeddings_of(folder: Path) -> dict[str, Embeddings]:
    """What the encoder makes of every image of the folder, turned around so that one can tell them from others."""
    images = [load_image(path.read_bytes()) for path in sorted(folder.rglob("*.png"))]
    return {image.pixel_sha256: -FakeEncoder().encode_images([image.rgb])[0] for image in images}


def test_it_is_made_once_and_says_what_it_is(demo: Demo, tmp_path: Path, encoders: list[FakeEncoder]) -> None:
    root = tmp_path / "home" / "demo"
    assert not libraries.is_demo(root)
    library = open_demo(root, demo)
    assert (library.name, library.info().labels) == ("Demo (synthetic)", COUNTS)
    assert libraries.is_demo(root)
    assert library.verify().ok
    library.close()
    encoded = sum(encoder.encoded for encoder in encoders)
    again = open_demo(root, demo)
    assert again.info().cases == encoded == sum(encoder.encoded for encoder in encoders) == 7
    again.close()
    assert sorted(path.name for path in root.parent.iterdir() if path.is_dir()) == ["demo"]


def test_embeddings_that_fit_are_used_and_nothing_is_encoded(
    demo: Demo, tmp_path: Path, encoders: list[FakeEncoder]
) -> None:
    known = embeddings_of(demo.folder)
    save_embeddings(demo.folder / EMBEDDINGS, FakeEncoder.spec.fingerprint, known)
    library = open_demo(tmp_path / "made", demo)
    case = library.catalog.cases()[0]
    assert library.catalog.vectors.get("plain", [case.case_id])[0] == pytest.approx(known[case.pixel_sha256])
    assert sum(encoder.encoded for encoder in encoders) == 0
    assert len(library.search(Query(cases=(case.case_id,))).hits) == 6
    library.close()


@pytest.mark.parametrize("what", ["another encoder", "damaged", "one image altered"])
def test_images_whose_embeddings_do_not_fit_are_encoded(
    demo: Demo, tmp_path: Path, encoders: list[FakeEncoder], what: str
) -> None:
    known, file = embeddings_of(demo.folder), demo.folder / EMBEDDINGS
    if what == "one image altered":
        known["0" * 64] = known.pop(next(iter(known)))
    save_embeddings(file, "other" if what == "another encoder" else FakeEncoder.spec.fingerprint, known)
    if what == "damaged":
        file.write_bytes(file.read_bytes()[:-100])
    library = open_demo(tmp_path / "made", demo)
    assert library.info().cases == 7
    assert sum(encoder.encoded for encoder in encoders) == (1 if what == "one image altered" else 7)
    library.close()


@pytest.fixture
def begun(demo: Demo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where a demo library of the release OLD was begun and cut short after three images."""
    whole = Library.ingest
    with monkeypatch.context() as patch:
        patch.setattr(Library, "ingest", lambda self, source, **_: cut_short(whole, self, source))
        with pytest.raises(KeyboardInterrupt):
            open_demo(tmp_path / "made", replace(demo, **OLD))
    return tmp_path / "made"


def test_it_goes_on_where_it_was_cut_short(demo: Demo, begun: Path, encoders: list[FakeEncoder]) -> None:
    assert not begun.exists()  # nobody can add to what is half made
    assert libraries.is_due(begun, demo)
    encoded = sum(encoder.encoded for encoder in encoders)
    library = open_demo(begun, replace(demo, **OLD))
    assert library.info().labels == COUNTS
    assert (encoded, sum(encoder.encoded for encoder in encoders)) == (3, 7)
    assert not libraries.is_due(begun, replace(demo, **OLD))
    library.close()


def test_one_cut_short_under_another_release_is_begun_anew(demo: Demo, begun: Path, folder_of: Folders) -> None:
    newer = replace(demo, folder=folder_of({"nose-left": 2}, "newer"), images=2, **NEW)
    library = open_demo(begun, newer)
    assert library.info().labels == {"nose-left": 2}
    assert not libraries.is_due(begun, newer)
    library.close()


def cut_short(ingest: Callable[..., object], library: Library, source: object) -> None:
    """Take in three images, then die."""
    ingest(library, type(source)("part", source.items[:3]))
    raise KeyboardInterrupt


def test_what_a_killed_one_left_is_cleared_away(demo: Demo, tmp_path: Path) -> None:
    (tmp_path / ".made.part").mkdir()
    (tmp_path / ".made.part" / "catalog.db.part").write_text("half")
    library = open_demo(tmp_path / "made", demo)
    assert library.info().cases == 7
    assert not (tmp_path / ".made.part").exists()
    library.close()


def test_two_at_once_make_one_library(demo: Demo, tmp_path: Path) -> None:
    counts: list[int] = []

    def make() -> None:
        library = open_demo(tmp_path / "made", demo)
        counts.append(library.info().cases)
        library.close()

    threads = [threading.Thread(target=make) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert counts == [7, 7, 7]


def test_a_library_that_is_none_of_ours_is_left_alone(demo: Demo, tmp_path: Path) -> None:
    Library.create(tmp_path / "mine", encoder=FakeEncoder()).close()
    with pytest.raises(LibraryError, match="something else than the demo library"):
        open_demo(tmp_path / "mine", demo)
    assert not libraries.is_demo(tmp_path / "mine")


def test_a_damaged_demo_is_named_and_makes_no_library(demo: Demo, tmp_path: Path) -> None:
    (demo.folder / "throat" / "000.png").write_bytes(b"no image")
    with pytest.raises(SourceError, match=r"throat/000\.png"):
        open_demo(tmp_path / "made", demo)
    assert not (tmp_path / "made").exists()


@pytest.mark.parametrize(
    "facts", [None, "no JSON", "[]", '{"name": "Demo"}', '{"name": 1, "encoder": 2, "images": []}']
)
def test_a_folder_without_a_demo_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, facts: str | None) -> None:
    if facts is not None:
        (tmp_path / FACTS).write_text(facts)
    monkeypatch.setenv("ENT_DEMO", str(tmp_path))
    monkeypatch.setenv("ENT_LIBRARIES", str(tmp_path / "libraries"))
    get_settings.cache_clear()
    assert bundled() is None
    with pytest.raises(LibraryError, match="there is no demo in"):
        open_demo(libraries.default_root())


def test_the_bundled_one_is_found_by_its_facts(demo: Demo, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENT_DEMO", str(demo.folder))
    get_settings.cache_clear()
    assert bundled() == demo
    assert json.loads((demo.folder / FACTS).read_text()) == {
        "name": "Demo (synthetic)",
        "encoder": "fake",
        "images": 7,
    }


def test_embeddings_come_back_as_they_were(tmp_path: Path) -> None:
    vectors = np.random.default_rng(0).normal(size=(3, DIMENSION)).astype(np.float32)
    save_embeddings(tmp_path / "file", "print", dict(zip("abc", vectors, strict=True)))
    found = load_embeddings(tmp_path / "file", "print")
    assert list(found) == ["a", "b", "c"]
    assert np.array_equal(np.stack(list(found.values())), vectors)
    assert load_embeddings(tmp_path / "file", "other") == load_embeddings(tmp_path / "none", "print") == {}


@pytest.fixture
def made(demo: Demo, tmp_path: Path) -> Path:
    """A demo library of the release OLD."""
    open_demo(tmp_path / "made", replace(demo, **OLD)).close()
    return tmp_path / "made"


def test_a_library_knows_of_which_release_it_is(demo: Demo, made: Path) -> None:
    facts = json.loads((made / FACTS).read_text())
    assert {name: facts[name] for name in OLD} == OLD
    assert not libraries.is_due(made, replace(demo, **OLD))
    assert not libraries.is_due(made, demo)  # which does not say of which release it is
    assert libraries.advice(made, replace(demo, **OLD)) is None
    assert libraries.is_due(made, replace(demo, **NEW))


@pytest.mark.parametrize("other", [NEW, {**OLD, "digest": "images-2"}, {**OLD, "flow": "flow-1"}])
def test_with_another_release_it_is_made_anew(demo: Demo, made: Path, folder_of: Folders, other: Release) -> None:
    newer = replace(demo, folder=folder_of({"nose-left": 2}, "newer"), images=2, **other)
    library = open_demo(made, newer)
    assert library.info().labels == {"nose-left": 2}
    assert not libraries.is_due(made, newer)
    library.close()
    beside = [path.name for path in made.parent.iterdir() if path.name.startswith((".made.", "made"))]
    assert sorted(beside) == [".made.lock", "made"]


@pytest.mark.parametrize("what", ["a case", "a split", "a flow", "a training"])
def test_what_somebody_added_is_kept_and_said(demo: Demo, made: Path, folder_of: Folders, what: str) -> None:
    library = open_demo(made, replace(demo, **OLD))
    if what == "a case":
        with open_source(folder_of({"ear-left": 9}, "mine"), library.taxonomy) as source:
            library.ingest(source)
    elif what == "a split":
        library.catalog.splits.put({library.catalog.cases()[0].case_id: "test"})
    else:
        (made / "flows" / "mine").mkdir(parents=True)
        (made / "flows" / "mine" / ("flow.safetensors" if what == "a flow" else "state.pt")).write_bytes(b"")
    cases = library.info().cases
    library.close()
    newer = replace(demo, **NEW)
    assert not libraries.is_due(made, newer)
    with pytest.raises(LibraryError, match=r"move .*made elsewhere"):
        open_demo(made, newer)
    same_encoder = replace(newer, fingerprint=FakeEncoder.spec.fingerprint)
    assert libraries.advice(made, same_encoder) is None
    kept = open_demo(made, same_encoder)
    assert kept.info().cases == cases
    kept.close()


def test_one_that_tells_of_its_flow_in_the_first_form_is_made_anew(demo: Demo, made: Path) -> None:
    facts = json.loads((made / FACTS).read_text())
    (made / "flows" / "demo-flow").mkdir(parents=True)
    (made / FACTS).write_text(json.dumps({**facts, "runs": [], "flows": ["demo-flow"], "whole": True}))
    assert libraries.is_due(made, replace(demo, **NEW))


def test_one_killed_while_it_took_the_place_of_another_is_put_back_and_made(demo: Demo, made: Path) -> None:
    made.replace(aside(made))
    newer = replace(demo, **NEW)
    assert libraries.is_due(made, newer)
    library = open_demo(made, newer)
    assert library.info().labels == COUNTS
    assert not libraries.is_due(made, newer)
    library.close()
    assert not aside(made).exists()


def test_a_library_that_cannot_be_filled_is_closed(demo: Demo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    closed: list[Path] = []
    close = Library.close
    monkeypatch.setattr(Library, "close", lambda self: (closed.append(self.root), close(self)))
    monkeypatch.setattr(Library, "ingest", lambda *_, **__: pytest.fail("it broke off"))
    with pytest.raises(pytest.fail.Exception, match="it broke off"):
        open_demo(tmp_path / "made", demo)
    assert closed[-1].name == ".made.part"


def test_what_is_added_while_it_is_made_anew_is_kept(
    demo: Demo, made: Path, folder_of: Folders, monkeypatch: pytest.MonkeyPatch
) -> None:
    ingest = Library.ingest

    def slowly(self: Library, source: object, **ways: object) -> object:
        monkeypatch.setattr(Library, "ingest", ingest)
        with closing(Library.open(made)) as old, open_source(folder_of({"ear-left": 9}, "mine"), old.taxonomy) as mine:
            old.ingest(mine)
        return ingest(self, source, **ways)

    monkeypatch.setattr(Library, "ingest", slowly)
    library = open_demo(made, replace(demo, fingerprint=FakeEncoder.spec.fingerprint, digest="images-2"))
    assert library.info().labels["ear-left"] > COUNTS["ear-left"]
    library.close()
    assert not made.with_name(".made.part").exists()


def test_a_full_disk_is_no_reason_to_do_without_the_flow(
    demo: Demo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> bool:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("core.demo_flow.put_to_use", full)
        with pytest.raises(LibraryError, match="No space left on device"):
            open_demo(tmp_path / "made", demo)
    assert libraries.is_due(tmp_path / "made", demo)
    open_demo(tmp_path / "made", demo).close()
    assert not libraries.is_due(tmp_path / "made", demo)
