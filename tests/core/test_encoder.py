"""CLIP through open_clip: true weights files, and what is said where there are none."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from core.encoder import CLIPEncoder, describe
from core.errors import EncoderError, EncoderMismatch
from core.field_of_view import crop_field_of_view
from core.library import Library
from core.settings import get_settings
from core.weights_file import tensor_hash
from tests.conftest import picture
from training.random_weights import write_random_weights

MODEL = "ViT-B-32-quickgelu"
TINY = {
    "model_cfg": {
        "embed_dim": 16,
        "vision_cfg": {"image_size": 32, "layers": 1, "width": 32, "head_width": 16, "patch_size": 16},
        "text_cfg": {"context_length": 77, "vocab_size": 49408, "width": 16, "heads": 1, "layers": 1},
    },
    "preprocess_cfg": {"mean": [0.5, 0.5, 0.5], "std": [0.5, 0.5, 0.5]},
}


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("ENT_WEIGHTS", raising=False)
    monkeypatch.setenv("ENT_CACHE", str(tmp_path / "cache"))
    get_settings.cache_clear()


@pytest.fixture(scope="module")
def vit_b_32(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A weights file of ViT-B/32's true form, filled with random numbers."""
    path = tmp_path_factory.mktemp("weights") / "vit-b-32.safetensors"
    write_random_weights(path, MODEL, seed=0)
    return path


@pytest.fixture
def tiny(tmp_path: Path) -> Path:
    """A folder with a very small CLIP in open_clip's own form."""
    import open_clip

    folder = tmp_path / "tiny"
    folder.mkdir()
    (folder / "open_clip_config.json").write_text(json.dumps(TINY))
    torch.manual_seed(0)
    model = open_clip.model.CLIP(**TINY["model_cfg"])
    save_file({k: v.contiguous() for k, v in model.state_dict().items()}, folder / "open_clip_model.safetensors")
    return folder


def test_embeddings_equal_those_of_open_clip_on_the_same_cropped_images(vit_b_32: Path) -> None:
    import open_clip

    images = [picture(seed, (640, 480)) for seed in range(3)]
    spec, path = describe("clip-vit-b-32", vit_b_32)
    ours = CLIPEncoder(spec, path).encode_images(images)
    model, _, preprocess = open_clip.create_model_and_transforms(MODEL, str(vit_b_32))
    with torch.inference_mode():
        theirs = model.eval().encode_image(torch.stack([preprocess(crop_field_of_view(rgb)) for rgb in images]))
    expected = torch.nn.functional.normalize(theirs, dim=-1).numpy()
    assert ours.shape == (3, 512)
    assert ours.dtype == np.float32
    np.testing.assert_allclose(ours, expected, atol=1e-5)
    np.testing.assert_allclose(np.linalg.norm(ours, axis=1), 1, atol=1e-5)


def test_words_and_images_share_a_space(tiny: Path) -> None:
    import open_clip

    spec, path = describe(f"local-dir:{tiny}")
    encoder = CLIPEncoder(spec, path)
    words = encoder.encode_texts(["left ear", "throat"])
    model = open_clip.create_model(f"local-dir:{tiny}")
    with torch.inference_mode():
        expected = model.eval().encode_text(open_clip.get_tokenizer(MODEL)(["left ear", "throat"]), normalize=True)
    np.testing.assert_allclose(words, expected.numpy(), atol=1e-5)
    assert encoder.encode_images([]).shape == (0, 16)


def test_batches_and_threads_give_the_same(tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    images = [picture(seed) for seed in range(9)]
    encoder = CLIPEncoder(*describe(f"local-dir:{tiny}"))
    one_by_one = np.concatenate([encoder.encode_images([rgb]) for rgb in images])
    monkeypatch.setenv("ENT_BATCH_SIZE", "4")
    get_settings.cache_clear()
    found: list[np.ndarray] = []
    threads = [threading.Thread(target=lambda: found.append(encoder.encode_images(images))) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for embeddings in found:
        np.testing.assert_allclose(embeddings, one_by_one, atol=1e-5)


@pytest.mark.filterwarnings("ignore:`torch.jit:FutureWarning")
@pytest.mark.parametrize("form", ["pt", "state_dict", "module", "torchscript"])
def test_the_same_weights_in_another_file_are_the_same_encoder(
    tiny: Path, tmp_path: Path, form: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    import open_clip

    spec, _ = describe(f"local-dir:{tiny}")
    model = open_clip.create_model(f"local-dir:{tiny}")
    other = tmp_path / "other.pt"
    tensors = model.state_dict()
    if form == "torchscript":
        torch.jit.save(torch.jit.script(torch.nn.ModuleDict({"visual": torch.nn.Linear(2, 3)})["visual"]), other)
        linear = torch.nn.Linear(2, 3)
        linear.load_state_dict(torch.jit.load(other).state_dict())
        monkeypatch.setattr("core.weights_file.OPENAI_ARCHIVES", {hashlib.sha256(other.read_bytes()).hexdigest()})
        plain = tmp_path / "plain.safetensors"
        save_file(linear.state_dict(), plain)
        assert tensor_hash(other) == tensor_hash(plain)
        return
    wrapped = {
        "pt": tensors,
        "state_dict": {"state_dict": tensors, "epoch": 3},
        "module": {f"module.{k}": v for k, v in tensors.items()},
    }
    torch.save(wrapped[form], other)
    assert tensor_hash(other) == spec.weights_sha256


class _Overwrites(torch.nn.Module):
    """What a hostile archive could hold: it writes to a file as it is loaded."""

    def __init__(self, path: str) -> None:
        super().__init__()
        self.path = path

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x

    @torch.jit.export
    def __getstate__(self) -> tuple[str, bool]:
        return self.path, self.training

    @torch.jit.export
    def __setstate__(self, state: tuple[str, bool]) -> None:
        self.path, self.training = state
        torch.from_file(self.path, shared=True, size=4).fill_(1)


@pytest.mark.filterwarnings("ignore:`torch.jit:FutureWarning", "ignore:`torch.jit:DeprecationWarning")
def test_an_archive_that_nobody_published_is_not_run(tmp_path: Path) -> None:
    precious, hostile = tmp_path / "precious", tmp_path / "hostile.pt"
    precious.write_bytes(b"precious precious")
    torch.jit.save(torch.jit.script(_Overwrites(str(precious))), hostile)
    with pytest.raises(EncoderError, match=r"save it as \.safetensors"):
        tensor_hash(hostile)
    assert precious.read_bytes() == b"precious precious"


def test_a_library_keeps_to_the_architecture_it_was_made_with(tiny: Path, tmp_path: Path) -> None:
    library = Library.create(tmp_path / "library", encoder=f"local-dir:{tiny}")
    before = library.encoder.encode_images([picture(1)])
    library.close()
    config = json.loads((tiny / "open_clip_config.json").read_text())
    config["model_cfg"]["quick_gelu"] = True
    (tiny / "open_clip_config.json").write_text(json.dumps(config))
    again = Library(tmp_path / "library")
    np.testing.assert_allclose(again.encoder.encode_images([picture(1)]), before, atol=1e-6)
    again.close()
    with pytest.raises(EncoderMismatch, match="another architecture"):
        Library.open(tmp_path / "library", weights=tiny)


def test_other_weights_are_refused_by_a_library(tiny: Path, tmp_path: Path) -> None:
    Library.create(tmp_path / "library", encoder=f"local-dir:{tiny}").close()
    other = tmp_path / "other.safetensors"
    save_file({"x": torch.zeros(3)}, other)
    with pytest.raises(EncoderMismatch, match="holds other weights"):
        Library.open(tmp_path / "library", weights=other)


def test_a_moved_encoder_folder_is_found_by_its_new_place(tiny: Path, tmp_path: Path) -> None:
    Library.create(tmp_path / "library", encoder=f"local-dir:{tiny}").close()
    moved = tiny.rename(tmp_path / "moved")
    library = Library.open(tmp_path / "library", weights=moved)
    assert library.encoder.encode_images([picture(1)]).shape == (1, 16)
    library.close()


class Malicious:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.system, ("touch executed",)


def test_weights_given_beside_a_model_folder_are_those_that_encode(tiny: Path, tmp_path: Path) -> None:
    import open_clip

    torch.manual_seed(1)
    model = open_clip.model.CLIP(**TINY["model_cfg"]).eval()
    other = tmp_path / "other.safetensors"
    save_file({k: v.contiguous() for k, v in model.state_dict().items()}, other)
    encoder = CLIPEncoder(*describe(f"local-dir:{tiny}", other))
    pixels = encoder.preprocess(picture(1))[None]
    with torch.inference_mode():
        expected = model.encode_image(pixels, normalize=True).numpy()
    np.testing.assert_allclose(encoder.encode_batch(pixels), expected, atol=1e-5)


def test_where_the_weights_are_is_remembered_by_the_machine_and_not_by_the_library(
    tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import open_clip

    torch.manual_seed(1)
    given = tmp_path / "somewhere" / "given.safetensors"
    given.parent.mkdir()
    model = open_clip.model.CLIP(**TINY["model_cfg"])
    save_file({k: v.contiguous() for k, v in model.state_dict().items()}, given)
    root = tmp_path / "library"
    Library.create(root, encoder=f"local-dir:{tiny}", weights=given).close()
    assert b"somewhere" not in (root / "catalog.db").read_bytes()

    def opened() -> Library:
        library = Library.open(root)
        library.encoder.load()
        return library

    opened().close()
    moved = given.rename(tmp_path / "moved.safetensors")
    with pytest.raises(EncoderMismatch, match="--weights or ENT_WEIGHTS"):
        opened()  # the folder's own weights are others
    monkeypatch.setenv("ENT_WEIGHTS", str(moved))
    get_settings.cache_clear()
    opened().close()
    monkeypatch.delenv("ENT_WEIGHTS")
    get_settings.cache_clear()
    opened().close()
    again = moved.rename(tmp_path / "again.safetensors")
    with pytest.raises(EncoderMismatch, match="--weights or ENT_WEIGHTS"):
        opened()
    Library.open(root, weights=again).close()
    opened().close()
    shutil.copy(tiny / "open_clip_model.safetensors", again)
    with pytest.raises(EncoderMismatch):
        opened()


def test_a_library_carries_the_form_of_its_encoder(tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    library = Library.create(tmp_path / "library", weights=tiny)  # a folder with a configuration of its own
    before = library.encoder.encode_images([picture(1)])
    library.close()
    moved = tiny.rename(tmp_path / "moved")
    shutil.rmtree(get_settings().cache / "found")
    (moved / "open_clip_config.json").unlink()
    Library.open(tmp_path / "library", weights=moved).close()
    np.testing.assert_allclose(Library.open(tmp_path / "library").encoder.encode_images([picture(1)]), before)


def test_a_local_folder_is_found_from_anywhere(tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tiny.parent)
    Library.create(tmp_path / "library", encoder="local-dir:tiny").close()
    monkeypatch.chdir("/")
    shutil.rmtree(get_settings().cache / "found")
    Library.open(tmp_path / "library").encoder.load()


def test_no_library_is_made_with_weights_that_do_not_fit(tiny: Path, tmp_path: Path) -> None:
    with pytest.raises(EncoderError, match="does not hold weights of this model"):
        Library.create(tmp_path / "library", encoder="ViT-B-32", weights=tiny / "open_clip_model.safetensors")
    assert not (tmp_path / "library").exists()


def test_weights_of_another_library_do_not_stand_in_the_way(
    tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import open_clip

    Library.create(tmp_path / "library", encoder=f"local-dir:{tiny}").close()
    other = tmp_path / "other.safetensors"
    torch.manual_seed(5)
    model = open_clip.model.CLIP(**TINY["model_cfg"])
    save_file({k: v.contiguous() for k, v in model.state_dict().items()}, other)
    monkeypatch.setenv("ENT_WEIGHTS", str(other))
    get_settings.cache_clear()
    shutil.rmtree(get_settings().cache / "found")
    Library.open(tmp_path / "library").encoder.load()


def test_a_device_that_is_not_there_is_not_blamed_on_the_weights(tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    encoder = CLIPEncoder(*describe(f"local-dir:{tiny}"))
    monkeypatch.setenv("ENT_DEVICE", "cuda:77")
    get_settings.cache_clear()
    with pytest.raises(EncoderError, match=r"device 'cuda:77'.*set ENT_DEVICE=cpu"):
        encoder.load()


@pytest.mark.parametrize("content", [b"", b"hello", None])
def test_a_file_that_holds_no_weights_is_refused_and_never_executed(
    tmp_path: Path, content: bytes | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for suffix in (".pt", ".safetensors"):
        path = tmp_path / f"bad{suffix}"
        if content is None:
            torch.save({"state_dict": Malicious()}, path)
        else:
            path.write_bytes(content)
        with pytest.raises(EncoderError, match="give"):
            describe("clip-vit-b-32", path)
    assert not (tmp_path / "executed").exists()


def test_weights_of_another_model_are_refused(tiny: Path, tmp_path: Path) -> None:
    encoder = CLIPEncoder(*describe("clip-vit-b-32", tiny / "open_clip_model.safetensors"))
    with pytest.raises(EncoderError, match="does not hold weights of this model"):
        encoder.load()


@pytest.mark.parametrize("name", ["elephant", "ViT-B-32/elephant", "local-dir:/nowhere"])
def test_an_unknown_encoder_is_named(name: str) -> None:
    with pytest.raises(EncoderError, match="encoder"):
        describe(name)


def test_without_weights_and_network_the_ways_out_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENT_OFFLINE", "1")
    get_settings.cache_clear()
    with pytest.raises(EncoderError, match=r"ways out: .*--weights FILE or ENT_WEIGHTS=FILE, .*; .*ENT_CACHE=FOLDER"):
        describe("clip-vit-b-32")


def test_the_same_weights_in_another_architecture_are_another_encoder(vit_b_32: Path) -> None:
    plain, quick = describe("ViT-B-32/openai", vit_b_32)[0], describe("clip-vit-b-32", vit_b_32)[0]
    assert plain.weights_sha256 == quick.weights_sha256
    assert plain.fingerprint != quick.fingerprint


def test_weights_behind_a_link_without_a_suffix_are_read(tiny: Path, tmp_path: Path) -> None:
    blob = tmp_path / "abc123"
    blob.write_bytes((tiny / "open_clip_model.safetensors").read_bytes())
    assert tensor_hash(blob) == describe(f"local-dir:{tiny}")[0].weights_sha256


DOWNLOAD = """
import sys
from core.errors import EncoderError
from core.weights import download
seen = []
try:
    path = download("tiny", "some/model", lambda done, total: seen.append((done, total)))
except EncoderError as error:
    print("error:", error)
    sys.exit(2)
print(path.stat().st_size, seen[-1] if seen else None)
"""


def download(port: int, cache: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "HF_ENDPOINT": f"http://127.0.0.1:{port}", "ENT_CACHE": str(cache), "PYTHONPATH": "."}
    environment["HF_HUB_DISABLE_XET"] = "1"
    command = [sys.executable, "-W", "ignore", "-c", DOWNLOAD]
    return subprocess.run(command, capture_output=True, text=True, env=environment, timeout=120, check=False)


def test_weights_are_downloaded_once_with_progress_and_found_offline(tmp_path: Path) -> None:
    payload, requests = bytes(range(256)) * 40_000, []

    class Hub(BaseHTTPRequestHandler):
        """As much of a model hub as one file needs."""

        def do_HEAD(self) -> None:
            self.answer()

        def do_GET(self) -> None:
            self.answer()
            self.wfile.write(payload)

        def answer(self) -> None:
            requests.append(self.path)
            known = self.path.endswith("/open_clip_model.safetensors")
            self.send_response(200 if known else 404)
            self.send_header("X-Repo-Commit", "a" * 40)
            self.send_header("ETag", '"abc"')
            self.send_header("Content-Length", str(len(payload)))
            self.end_headers()

        def log_message(self, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Hub) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        port = server.server_address[1]
        first = download(port, tmp_path / "cache")
        server.shutdown()
    assert first.stdout.split() == [str(len(payload)), f"({len(payload)},", f"{len(payload)})"], first.stderr
    again = download(port, tmp_path / "cache")
    assert again.stdout.split() == [str(len(payload)), "None"]
    assert requests == ["/some/model/resolve/main/open_clip_model.safetensors"] * len(requests)
    elsewhere = download(port, tmp_path / "empty")
    assert elsewhere.returncode == 2
    assert "ways out" in elsewhere.stdout
