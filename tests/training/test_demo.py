"""The demo that is made: the same from the same seed, of WebP images, with embeddings that a library can use."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from typer.testing import CliRunner

from core.demo import EMBEDDINGS, FACTS, Demo
from core.demo_library import open_demo
from core.encoder import CLIPEncoder, describe
from core.errors import EncoderError, EntError
from core.imaging import load_image
from tests.core.test_encoder import TINY
from training.__main__ import app
from training.demo import digest_of, write_demo
from training.phantoms.dataset import write_dataset


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A tiny encoder with random weights, by name."""
    import open_clip

    folder = tmp_path_factory.mktemp("tiny")
    (folder / "open_clip_config.json").write_text(json.dumps(TINY))
    torch.manual_seed(0)
    tensors = open_clip.model.CLIP(**TINY["model_cfg"]).state_dict()
    save_file({k: v.contiguous() for k, v in tensors.items()}, folder / "open_clip_model.safetensors")
    return f"local-dir:{folder}"


def test_the_same_seed_gives_the_same_files_in_place_of_the_old(tmp_path: Path, encoder: str) -> None:
    first = write_demo(tmp_path / "a", 2, seed=3, size=64, encoder=encoder)
    fingerprint = describe(encoder)[0].fingerprint
    assert first == Demo(tmp_path / "a", "Demo (synthetic)", encoder, 14, fingerprint, digest_of(tmp_path / "a"))
    write_demo(tmp_path / "b", 1, seed=4, size=64, encoder=encoder)
    write_demo(tmp_path / "b", 2, seed=3, size=64, encoder=encoder)
    files = {path.relative_to(tmp_path / "a"): path.read_bytes() for path in (tmp_path / "a").rglob("*.*")}
    again = {path.relative_to(tmp_path / "b"): path.read_bytes() for path in (tmp_path / "b").rglob("*.*")}
    assert again.keys() == files.keys()
    vectors, vectors_again = (load_file(tmp_path / folder / EMBEDDINGS) for folder in "ab")
    for name, vector in vectors.items():  # a busy machine sums in another order now and then
        torch.testing.assert_close(vectors_again[name], vector, atol=1e-5, rtol=0)
    assert {**again, Path(EMBEDDINGS): b""} == {**files, Path(EMBEDDINGS): b""}
    assert {path.suffix for path in files} == {".webp", ".csv", ".json", ".txt", ".safetensors"}
    assert b"SYNTHETIC" in files[Path("README.txt")]
    assert b"python -m training demo --encoder" in files[Path("README.txt")]


def test_a_library_of_it_needs_no_encoding(tmp_path: Path, encoder: str, monkeypatch: pytest.MonkeyPatch) -> None:
    made = write_demo(tmp_path / "demo", 1, seed=3, size=64, encoder=encoder)
    fresh = CLIPEncoder.encode_images
    monkeypatch.setattr(CLIPEncoder, "encode_batch", lambda *_: pytest.fail("an image was encoded"))
    library = open_demo(tmp_path / "library", made)
    assert sorted(library.info().labels.values()) == [1] * 7
    monkeypatch.undo()
    case = library.catalog.cases()[0]
    assert case.description_en
    stored = library.catalog.vectors.get("plain", [case.case_id])[0]
    own = fresh(library.encoder, [load_image(library.image_bytes(case)).rgb])[0]
    assert np.allclose(stored, own, atol=1e-5)
    library.close()


def test_a_library_made_of_a_demo_is_not_replaced(tmp_path: Path, encoder: str) -> None:
    open_demo(tmp_path / "library", write_demo(tmp_path / "demo", 1, seed=3, size=64, encoder=encoder)).close()
    with pytest.raises(EntError, match="a library"):
        write_demo(tmp_path / "library", 1, seed=3, size=64, encoder=encoder)
    assert (tmp_path / "library" / "catalog.db").is_file()


def test_what_is_no_demo_is_not_replaced(tmp_path: Path, encoder: str) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(EntError, match="no demo"):
        write_demo(tmp_path, 1, seed=0, size=64, encoder=encoder)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


@pytest.mark.parametrize("facts", ["no JSON", "[]", '{"name": "Demo", "images": 7}'])
def test_facts_without_an_encoder_are_no_demo(tmp_path: Path, encoder: str, facts: str) -> None:
    (tmp_path / FACTS).write_text(facts)
    with pytest.raises(EntError, match="no demo"):
        write_demo(tmp_path, 1, seed=3, size=64, encoder=encoder)
    assert (tmp_path / FACTS).read_text() == facts


def test_what_a_killed_one_set_aside_is_not_in_the_way(tmp_path: Path, encoder: str) -> None:
    write_demo(tmp_path / "demo", 1, seed=3, size=64, encoder=encoder)
    (tmp_path / ".demo.old").mkdir()
    (tmp_path / ".demo.old" / "README.txt").write_text("old")
    write_demo(tmp_path / "demo", 1, seed=4, size=64, encoder=encoder)
    assert [path.name for path in tmp_path.iterdir()] == ["demo"]


def test_a_demo_that_a_killed_one_set_aside_is_put_back_first(tmp_path: Path, encoder: str) -> None:
    write_demo(tmp_path / "demo", 1, seed=3, size=64, encoder=encoder)
    (tmp_path / "demo").replace(tmp_path / ".demo.old")
    with pytest.raises(EncoderError):
        write_demo(tmp_path / "demo", 1, seed=4, size=64, encoder=f"local-dir:{tmp_path / 'nowhere'}")
    assert [path.name for path in tmp_path.iterdir()] == ["demo"]
    assert (tmp_path / "demo" / FACTS).is_file()


def test_another_image_is_another_release(tmp_path: Path, encoder: str) -> None:
    first = write_demo(tmp_path / "demo", 1, seed=3, size=64, encoder=encoder)
    assert write_demo(tmp_path / "demo", 1, seed=3, size=64, encoder=encoder) == first
    other = write_demo(tmp_path / "demo", 1, seed=4, size=64, encoder=encoder)
    assert other.digest != first.digest
    assert other.fingerprint == first.fingerprint


def test_webp_files_are_of_the_same_pictures_and_smaller(tmp_path: Path) -> None:
    write_dataset(tmp_path / "jpeg", 1, seed=3, size=128)
    write_dataset(tmp_path / "webp", 1, seed=3, size=128, form="webp")
    for file in (tmp_path / "webp" / "images").iterdir():
        other = tmp_path / "jpeg" / "images" / f"{file.stem}.jpg"
        one, two = (np.asarray(load_image(path.read_bytes()).rgb, float) for path in (file, other))
        assert np.abs(one - two).mean() < 4


def test_the_command(tmp_path: Path, encoder: str) -> None:
    arguments = ["demo", str(tmp_path / "demo"), "--per-class", "1", "--size", "64", "--encoder", encoder]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0, result.output
    assert "wrote 7 synthetic images" in result.output
    assert (tmp_path / "demo" / EMBEDDINGS).is_file()
