"""The pictures of the app in data/screenshots: `python -m tests.e2e.screenshots [--weights FILE]`.

The library in them is made of synthetic images. Without weights it is encoded with random ones, so what is ranked
near what means nothing.
"""

from __future__ import annotations

import argparse
import io
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, sync_playwright

from tests.e2e.conftest import CHROMIUM, ROOT, ingest, running, settle

OUT = ROOT / "data" / "screenshots"
PER_CLASS, SEED = 8, 1


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--weights", type=Path, help="weights of ViT-B/32")
    given = parser.parse_args().weights
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        weights = given or root / "random.safetensors"
        if given is None:
            run("training", "random-weights", weights)
        run("training", "phantoms", root / "phantoms", "--per-class", PER_CLASS, "--seed", SEED)
        run("core", "create", root / "libraries" / "synthetic", "--name", "Synthetic cases", "--weights", weights)
        environment = os.environ | {"ENT_LIBRARIES": str(root / "libraries")}
        ingest(root / "libraries" / "synthetic", root / "phantoms", environment)
        run("training", "phantoms", root / "others", "--per-class", 1, "--seed", SEED + 1)
        query = sorted((root / "others" / "images").glob("*ear-left*"))[0]
        with running(environment, root / "server.log") as url:
            shoot(url, query)


def run(module: str, *arguments: object) -> None:
    subprocess.run([sys.executable, "-m", module, *map(str, arguments)], cwd=ROOT, check=True)


def shoot(url: str, query: Path) -> None:
    """Every page, light and dark, at 1440 x 900."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox"])
        for scheme in ("light", "dark"):
            context = browser.new_context(viewport={"width": 1440, "height": 900}, color_scheme=scheme, base_url=url)
            page = context.new_page()
            page.goto("/")
            settle(page).locator("input[type=file]").first.set_input_files(query)
            page.get_by_text("Class among neighbours").wait_for(timeout=120_000)
            keep(page, f"search-{scheme}")
            for name in ("gallery", "library"):
                page.goto(f"/{name}")
                keep(page, f"{name}-{scheme}")
            context.close()
        browser.close()


def keep(page: Page, name: str) -> None:
    settle(page)
    page.wait_for_timeout(1500)  # thumbnails
    OUT.mkdir(parents=True, exist_ok=True)
    image = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    image.save(OUT / f"{name}.webp", quality=85, method=6)


if __name__ == "__main__":
    main()
