"""Imports: what comes in, what is known already, what an interruption leaves."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from core.encoder_spec import Embeddings
from core.errors import CheckpointError, EncoderError, LibraryError, Stopped
from core.export import export
from core.flow import Flow, FlowConfig
from core.ingest_report import IngestProgress, IngestReport
from core.library import Library
from core.search import Query
from core.settings import get_settings
from core.sources import open_source
from core.vector_field import VectorField
from tests.conftest import DIMENSION, FakeEncoder, picture, png


def ingest(library: Library, source: Path, **options: object) -> IngestReport:
    manifest = options.pop("manifest", None)
    with open_source(source, library.taxonomy, manifest=manifest, limits=library.limits) as opened:  # type: ignore[arg-type]
        return library.ingest(opened, **options)  # type: ignore[arg-type]


def test_a_folder_a_class_is_taken_in(library: Library, folder_of: Callable[..., Path]) -> None:
    report = ingest(library, folder_of({"ear-left": 3, "throat": 2, "other": 1}))
    assert (report.added, report.duplicates, report.failed, report.unlabelled) == (6, 0, 0, 1)
    assert library.info().labels == {"ear-left": 3, "throat": 2}
    assert library.verify().ok


def test_taking_it_in_again_adds_and_encodes_nothing(
    library: Library, encoder: FakeEncoder, folder_of: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    source = folder_of({"ear-left": 5})
    ingest(library, source)

    def refuse(*args: object) -> None:
        raise AssertionError("the encoder was used")

    for method in ("load", "preprocess", "encode_batch", "encode_images"):
        monkeypatch.setattr(encoder, method, refuse)
    again = ingest(library, source)
    assert (again.added, again.duplicates, again.failed) == (0, 5, 0)
    assert encoder.encoded == 5


def test_a_duplicate_is_named_with_its_twin(library: Library, folder_of: Callable[..., Path]) -> None:
    source = folder_of({"ear-left": 2, "throat": 1})
    (source / "throat" / "copy.png").write_bytes((source / "ear-left" / "000.png").read_bytes())
    picture(1).save(source / "throat" / "other-file.bmp")  # the picture of ear-left/000.png in another file
    report = ingest(library, source)
    assert (report.added, report.duplicates) == (3, 2)
    assert {(twin.path, twin.twin_path, twin.label_differs) for twin in report.twins} == {
        ("throat/copy.png", "ear-left/000.png", True),
        ("throat/other-file.bmp", "ear-left/000.png", True),
    }


def test_bad_files_do_not_stop_the_others(library: Library, folder_of: Callable[..., Path]) -> None:
    source = folder_of({"ear-left": 2})
    (source / "ear-left" / "empty.png").write_bytes(b"")
    (source / "ear-left" / "text.png").write_text("hello")
    (source / "ear-left" / "cut.png").write_bytes(png(picture(9))[:200])
    report = ingest(library, source)
    assert (report.added, report.failed) == (2, 3)
    assert {failure.path for failure in report.failures} == {f"ear-left/{n}.png" for n in ("empty", "text", "cut")}
    assert all(failure.reason for failure in report.failures)
    assert library.verify().ok


def test_progress_counts_only_what_is_stored(
    library: Library, folder_of: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ENT_BATCH_SIZE", "4")
    seen: list[tuple[IngestProgress, int]] = []
    ingest(
        library,
        folder_of({"throat": 10}),
        on_progress=lambda progress: seen.append((progress, library.catalog.count())),
    )
    assert all(progress.added <= stored for progress, stored in seen)
    assert (seen[-1][0].stage, seen[-1][0].added, seen[-1][0].total) == ("indexing", 10, 10)


def test_stopping_keeps_what_is_stored_and_running_again_goes_on(
    library: Library, encoder: FakeEncoder, folder_of: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ENT_BATCH_SIZE", "4")
    source = folder_of({"throat": 100})
    stopped = ingest(library, source, should_stop=lambda: True)
    assert stopped.stopped
    assert 0 < stopped.added < 100
    rest = ingest(library, source)
    assert rest.added == 100 - stopped.added
    assert encoder.encoded == 100
    assert library.verify().ok


def test_an_import_of_known_files_can_be_stopped_too(library: Library, folder_of: Callable[..., Path]) -> None:
    source = folder_of({"throat": 5})
    ingest(library, source)
    assert ingest(library, source, should_stop=lambda: True).stopped


def test_an_import_that_waits_for_another_can_be_stopped(library: Library, folder_of: Callable[..., Path]) -> None:
    source, waits = folder_of({"throat": 1}), []
    with library.lock.held(), pytest.raises(Stopped, match="was writing to this library"):
        ingest(library, source, should_stop=lambda: bool(waits), on_wait=waits.append)
    assert len(waits) == 1


def test_pictures_that_an_encoder_would_blow_up_are_refused(library: Library, tmp_path: Path) -> None:
    (tmp_path / "source").mkdir()
    (tmp_path / "source" / "strip.png").write_bytes(png(picture(1, (16, 4000))))
    report = ingest(library, tmp_path / "source")
    assert "too long and narrow" in report.failures[0].reason


@pytest.mark.parametrize("name", ["a?b", "a%20b", "a b#c", "ünï"])
def test_a_library_may_have_any_name(tmp_path: Path, encoder: FakeEncoder, name: str) -> None:
    made = Library.create(tmp_path / name, encoder=encoder)
    assert made.info().name == name
    assert (tmp_path / name / "catalog.db").is_file()
    made.close()


IMPORT = """
import sys
from pathlib import Path
from core.library import Library
from core.sources import open_source
from tests.conftest import FakeEncoder

library = Library.open(Path(sys.argv[1]), encoder=FakeEncoder())
with open_source(Path(sys.argv[2]), library.taxonomy) as source:
    library.ingest(source, on_progress=lambda p: print(p.stage, p.added, flush=True), on_wait=print)
library.close()
"""


def start_import(library: Path, source: Path) -> subprocess.Popen[str]:
    environment = {**os.environ, "ENT_BATCH_SIZE": "8", "PYTHONPATH": "."}
    command = [sys.executable, "-c", IMPORT, str(library), str(source)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)


def reported(process: subprocess.Popen[str], seconds: float) -> int:
    """How many cases an import says it has stored before it is killed, `seconds` after its first word."""
    assert process.stdout is not None
    first = process.stdout.readline()
    time.sleep(seconds)
    os.kill(process.pid, signal.SIGKILL)
    said = [first, *process.communicate()[0].splitlines(keepends=True)]
    return max((int(line.split()[1]) for line in said if line.endswith("\n") and line.strip()), default=0)


@pytest.mark.slow
def test_killing_imports_at_random_moments_loses_nothing(
    tmp_path: Path, encoder: FakeEncoder, folder_of: Callable[..., Path]
) -> None:
    """ENT_TEST_KILLS=20 kills twenty imports; each is gone on with to the end."""
    root, rng, total = tmp_path / "library", random.Random(0), 0
    Library.create(root, encoder=encoder).close()
    start = time.perf_counter()
    start_import(root, folder_of({"throat": 60, "ear-left": 60}, name="first")).communicate()
    whole, total = 0.5 * (time.perf_counter() - start), 120  # about half of it is starting up
    for number in range(1, 1 + int(os.environ.get("ENT_TEST_KILLS", "4"))):
        source = folder_of({"throat": 60, "ear-left": 60}, name=f"source-{number}", seed=1000 * number)
        stored = reported(start_import(root, source), rng.uniform(0, whole))
        library = Library.open(root, encoder=encoder)
        assert library.catalog.count() >= total + stored
        report = ingest(library, source)
        total += 120
        assert report.added + report.duplicates == 120
        assert library.catalog.count() == total
        assert library.verify().problems == ()
        library.close()


@pytest.mark.slow
def test_two_imports_at_once_take_turns(tmp_path: Path, encoder: FakeEncoder, folder_of: Callable[..., Path]) -> None:
    root = tmp_path / "library"
    Library.create(root, encoder=encoder).close()
    sources = [folder_of({"throat": 80}, name=f"source-{n}", seed=500 * n) for n in (0, 1)]
    both = [start_import(root, source) for source in sources]
    said = [process.communicate(timeout=120)[0] for process in both]
    assert [process.returncode for process in both] == [0, 0]
    library = Library.open(root, encoder=encoder)
    assert library.catalog.count() == 160
    assert library.verify().ok
    library.close()
    assert all("indexing 80" in text for text in said)


def test_an_import_elsewhere_is_found_by_an_open_library(
    library: Library, folder_of: Callable[..., Path], encoder: FakeEncoder
) -> None:
    from core.search import Query

    ingest(library, folder_of({"throat": 3}))
    library.search(Query((png(picture(1)),)))
    start_import(library.root, folder_of({"ear-left": 1}, name="more", seed=77)).communicate(timeout=60)
    result = library.search(Query((png(picture(78)),)))
    assert result.hits[0].case.label == "ear-left"
    assert result.hits[0].identical


def test_the_real_images_hold_one_duplicate(library: Library, real_images: Path) -> None:
    report = ingest(library, real_images / "entrep_sample")
    assert (report.added, report.duplicates, report.failed) == (35, 1, 0)
    twin = report.twins[0]
    assert twin.path.startswith("throat/")
    assert twin.twin_path.startswith("throat/")


def test_patients_come_from_a_manifest(library: Library, real_images: Path, tmp_path: Path) -> None:
    frames = sorted((real_images / "vocalfolds").rglob("*.jpg"))[::8]
    rows = [{"path": f.relative_to(real_images).as_posix(), "patient_id": f.parts[-3]} for f in frames]
    manifest = tmp_path / "manifest.json"
    manifest.write_text(json.dumps(rows))
    report = ingest(library, real_images, manifest=manifest)
    assert report.added == len(frames) == report.unlabelled
    assert set(library.catalog.facets("patient")) == {"patient1", "patient2"}


def test_repair_keeps_originals_that_the_catalogue_does_not_name(
    library: Library, folder_of: Callable[..., Path]
) -> None:
    ingest(library, folder_of({"ear-left": 1}))
    case = library.catalog.cases()[0]
    stranger = library.root / "images" / "ab" / f"ab{'0' * 62}.png"
    stranger.parent.mkdir(exist_ok=True)
    stranger.write_bytes(png(picture(99)))
    assert not library.verify().ok
    library.repair()
    assert library.verify().ok
    assert (library.root / "orphans" / stranger.name).read_bytes() == png(picture(99))
    assert library.image_bytes(case)


def test_what_a_killed_making_left_is_no_library_in_use(tmp_path: Path, encoder: FakeEncoder) -> None:
    root = tmp_path / "library"
    root.mkdir()
    (root / "catalog.db.part").write_bytes(b"half")
    (root / "catalog.db.0123abcd.part-wal").write_bytes(b"half")
    Library.create(root, encoder=encoder).close()
    with pytest.raises(LibraryError, match="already in use"):
        Library.create(root, encoder=encoder)


def test_of_two_who_make_the_same_library_at_once_one_is_told(tmp_path: Path, encoder: FakeEncoder) -> None:
    root, outcomes = tmp_path / "library", []
    together = threading.Barrier(4)

    def make() -> None:
        together.wait()
        try:
            Library.create(root, name="made", encoder=encoder).close()
            outcomes.append("made")
        except LibraryError as error:
            outcomes.append("told" if "in use" in str(error) or "somebody else" in str(error) else str(error))

    threads = [threading.Thread(target=make) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["made", "told", "told", "told"]
    assert not list(root.glob("*.part*"))


def test_an_import_that_fails_leaves_no_file_of_no_case(
    library: Library, encoder: FakeEncoder, folder_of: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(pixels: object) -> None:
        raise EncoderError("no weights")

    monkeypatch.setattr(encoder, "encode_batch", fail)
    with pytest.raises(EncoderError):
        ingest(library, folder_of({"ear-left": 5}))
    assert not library.store.files()
    assert library.verify().ok


def test_a_library_whose_flow_is_lost_can_be_opened_and_mended(
    library: Library, encoder: FakeEncoder, folder_of: Callable[..., Path]
) -> None:
    ingest(library, folder_of({"ear-left": 5}))
    library.flows.put(Flow(VectorField(DIMENSION), FlowConfig(steps=2), "lost", "lost"))
    library.activate("lost")
    library.close()
    shutil.rmtree(library.root / "flows")
    shutil.rmtree(library.root / "index")
    (library.root / "index").mkdir()

    again = Library.open(library.root, encoder=encoder)
    assert again.info().cases == 5
    again.activate(None)
    assert again.verify().ok
    again.close()


@pytest.mark.parametrize("damage", ["gone", "truncated"])
def test_a_library_whose_flow_is_unusable_is_imported_into_opened_and_searched_before_it(
    library: Library, encoder: FakeEncoder, folder_of: Callable[..., Path], damage: str
) -> None:
    ingest(library, folder_of({"ear-left": 5}))
    library.flows.put(Flow(VectorField(DIMENSION), FlowConfig(steps=2), "lost", "lost"))
    library.activate("lost")
    library.close()
    weights = library.root / "flows" / "lost" / "flow.safetensors"
    if damage == "gone":
        shutil.rmtree(weights.parent)
    else:
        weights.write_bytes(weights.read_bytes()[:1000])

    again = Library.open(library.root, encoder=encoder)
    assert ingest(again, folder_of({"throat": 3}, "more", seed=700)).added == 3
    again.close()
    again = Library.open(library.root, encoder=encoder)
    query = again.catalog.ids()[0]
    assert len(again.search(Query(cases=(query,), space="before")).hits) == 7
    with pytest.raises(CheckpointError, match=r"active flow .*Activate another one, or none"):
        again.search(Query(cases=(query,)))
    problems = again.verify().problems
    assert any("active flow cannot be used" in said for said in problems)
    assert any("3 of 8 cases have no embedding after the flow" in said for said in problems)
    again.activate(None)
    assert again.verify().ok
    assert len(again.search(Query(cases=(query,))).hits) == 7
    again.close()


def test_the_time_left_of_a_resumed_import_is_that_of_what_is_new(
    library: Library, folder_of: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    ingest(library, folder_of({"ear-left": 40}))
    embed = library.encoder.encode_batch

    def slow(pixels: torch.Tensor) -> Embeddings:
        time.sleep(0.05 * len(pixels))
        return embed(pixels)

    monkeypatch.setattr(library.encoder, "encode_batch", slow)
    monkeypatch.setenv("ENT_BATCH_SIZE", "4")
    get_settings.cache_clear()
    told: list[IngestProgress] = []
    with open_source(folder_of({"ear-left": 56}, "more"), library.taxonomy) as source:
        library.ingest(source, on_progress=told.append)
    get_settings.cache_clear()
    first = next(progress for progress in told if progress.added)
    assert (first.added, first.done) == (4, 44)
    assert first.seconds_left is not None
    assert 0.5 < first.seconds_left < 3  # 12 images of 0.05 s and what is around them, not 12 at the speed of the known


def test_a_file_of_the_same_name_elsewhere_is_not_taken_for_one_that_another_row_names(
    library: Library, tmp_path: Path
) -> None:
    for folder, seed in (("p2", 2), ("p3", 3)):
        (tmp_path / "source" / folder).mkdir(parents=True)
        (tmp_path / "source" / folder / f"{seed}.png").write_bytes(png(picture(seed)))
    rows = ["path,label,patient_id", "p1/2.png,ear-left,P1", "p2/2.png,throat,P2", "elsewhere/3.png,throat,P3"]
    (tmp_path / "source" / "manifest.csv").write_text("\n".join(rows))
    report = ingest(library, tmp_path / "source")
    assert [(failure.path, "no such file" in failure.reason) for failure in report.failures] == [("p1/2.png", True)]
    assert {case.filename: (case.label, case.patient) for case in library.catalog.cases()} == {
        "p2/2.png": ("throat", "P2"),
        "p3/3.png": ("throat", "P3"),
    }


def test_an_export_leaves_out_what_is_lost_and_says_so(
    library: Library, folder_of: Callable[..., Path], tmp_path: Path
) -> None:
    ingest(library, folder_of({"ear-left": 3}))
    case = library.catalog.cases()[0]
    library.store.image_path(case.sha256, case.extension).unlink()
    report = export(library.catalog, library.store, tmp_path / "out")
    assert report.written == 2
    assert [case.case_id in lost for lost in report.lost] == [True]
    assert len(list((tmp_path / "out" / "images").iterdir())) == 2
