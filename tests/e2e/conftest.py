"""The app as people start it, in a real browser: a server process, libraries with a tiny encoder, headless Chromium."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import open_clip
import pytest
import torch
from PIL import Image, ImageDraw
from playwright.sync_api import Browser, Page, expect, sync_playwright
from safetensors.torch import save_file

from core.demo_library import FOLDER, open_demo
from core.library import Library
from core.sources import open_source
from pages.ui.library_list import LAST_USED
from training.bench.app_server import running as running

ROOT = Path(__file__).parents[2]
CHROMIUM = Path("/usr/bin/chromium")
READY = '[data-testid="stApp"][data-test-script-state="notRunning"]'
PROBES = ("/_stcore/health", "/_stcore/host-config")
"""Streamlit's page asks for these below a deep link first, is told 404, and then finds them at the root."""

MODEL = {
    "embed_dim": 32,
    "vision_cfg": {"image_size": 64, "layers": 1, "width": 64, "patch_size": 16, "head_width": 32},
    "text_cfg": {"context_length": 77, "vocab_size": 49408, "width": 32, "heads": 2, "layers": 1},
}
COLOURS = {"ear-left": (200, 120, 90), "throat": (180, 60, 70), "vc-open": (150, 90, 140)}


@dataclass(frozen=True)
class Server:
    """The running app: where it answers, and the folder it keeps its libraries in."""

    url: str
    home: Path
    encoder: str
    environment: dict[str, str]


def scope(label: str, number: int) -> Image.Image:
    """A made-up endoscopic picture: a bright disc on black with marks that differ from number to number."""
    rng = np.random.default_rng([number, *map(ord, label)])
    image = Image.new("RGB", (160, 120))
    draw = ImageDraw.Draw(image)
    draw.ellipse((24, 4, 136, 116), fill=COLOURS[label])
    for _ in range(8):
        x, y, radius = rng.integers(40, 120), rng.integers(20, 100), rng.integers(2, 9)
        colour = tuple(int(value) for value in rng.integers(30, 255, 3))
        draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=colour)
    return image


def folder_of_scopes(root: Path, counts: dict[str, int], start: int = 0) -> Path:
    """A folder-per-class source of such pictures."""
    for label, count in counts.items():
        (root / label).mkdir(parents=True)
        for number in range(start, start + count):
            scope(label, number).save(root / label / f"{label}-{number:03}.png")
    return root


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The app, started as the README says, with three libraries: Clinic (60 cases), Import (3), Shared (3)."""
    root = tmp_path_factory.mktemp("e2e")
    encoder = f"local-dir:{tiny_model(root / 'tiny')}"
    home = root / "libraries"
    source = folder_of_scopes(root / "source", {"ear-left": 26, "throat": 20, "vc-open": 14})
    small = folder_of_scopes(root / "small", {"ear-left": 3}, start=500)
    environment = os.environ | {"ENT_LIBRARIES": str(home), "ENT_OFFLINE": "1", "ENT_CACHE": str(root / "cache")}
    for name, folder in (("Clinic", source), ("Import", small), ("Shared", small)):
        _make_library(home / name.lower(), name, encoder, folder)
    with running(environment, root / "server.log") as url:
        yield Server(url, home, encoder, environment)


@pytest.fixture(scope="session")
def shipped(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of the app on the demo that is shipped, with its flow in use, its map and its reports."""
    root = tmp_path_factory.mktemp("shipped")
    open_demo(root / "libraries" / FOLDER).close()
    paths = {"ENT_LIBRARIES": str(root / "libraries"), "ENT_CACHE": str(root / "cache"), "ENT_OFFLINE": "1"}
    with running(os.environ | paths, root / "server.log") as url:
        yield url


def ingest(library: Path, source: Path, environment: dict[str, str]) -> dict[str, object]:
    """Import by the command line, in another process."""
    command = [sys.executable, "-m", "core", "ingest", str(library), str(source), "--json"]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True, timeout=120)
    return json.loads(done.stdout)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Headless Chromium; tests that need it are skipped without it."""
    chromium = CHROMIUM if CHROMIUM.exists() else shutil.which("chromium") or shutil.which("google-chrome")
    if not chromium:
        pytest.skip("no Chromium on this machine: these tests drive the app in one")
    expect.set_options(timeout=20_000)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(chromium), args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def page(browser: Browser, server: Server) -> Iterator[Page]:
    """A tab of its own on the app with its three libraries, of which none was used before."""
    (server.home / LAST_USED).unlink(missing_ok=True)
    with tab(browser, server.url) as page:
        yield page


@contextmanager
def tab(browser: Browser, url: str) -> Iterator[Page]:
    """A tab on the app at `url`. At the end, in it and all it opened: no error, no request elsewhere, no exception."""
    context = browser.new_context(viewport={"width": 1440, "height": 900}, base_url=url)
    context.set_default_timeout(60_000)
    wrong: list[str] = []
    context.on("weberror", lambda found: wrong.append(f"error: {found.error}"))
    context.on("console", lambda line: wrong.append(line.text) if line.type == "error" and not _probe(line) else None)
    context.on("request", lambda request: None if _own(request.url, url) else wrong.append(f"outside: {request.url}"))
    yield context.new_page()
    shown = sum(page.get_by_test_id("stException").count() for page in context.pages)
    context.close()
    assert wrong == []
    assert shown == 0


@pytest.fixture
def visit(page: Page) -> Callable[..., Page]:
    """Opens a path of the app and waits until it has settled."""

    def go(path: str = "/") -> Page:
        page.goto(path)
        return settle(page)

    return go


def settle(page: Page) -> Page:
    """Wait until the script has run and has not started again at once."""
    for _ in range(2):
        page.wait_for_selector(READY)
        page.wait_for_timeout(150)
    page.wait_for_selector(READY)
    return page


def _make_library(root: Path, name: str, encoder: str, source: Path) -> None:
    library = Library.create(root, name=name, encoder=encoder)
    with open_source(source, library.taxonomy) as images:
        library.ingest(images)
    library.close()


def _own(asked: str, url: str) -> bool:
    return asked.startswith((url, url.replace("http", "ws"), "data:", "blob:"))


def _probe(line: object) -> bool:
    return line.location.get("url", "").endswith(PROBES)


def tiny_model(folder: Path) -> Path:
    """An open_clip model folder with random weights, small enough to be made in a moment."""
    folder.mkdir()
    preprocess = {"mean": [0.5, 0.5, 0.5], "std": [0.3, 0.3, 0.3]}
    config = {"model_cfg": MODEL, "preprocess_cfg": preprocess}
    (folder / "open_clip_config.json").write_text(json.dumps(config), encoding="utf-8")
    torch.manual_seed(0)
    tensors = {name: tensor.contiguous() for name, tensor in open_clip.CLIP(**MODEL).state_dict().items()}
    save_file(tensors, folder / "open_clip_model.safetensors")
    return folder
