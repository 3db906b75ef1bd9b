"""The pictures of the app in data/screenshots: `python -m tests.e2e.screenshots`.

The library in them is the bundled demo with its encoder; the query is a synthetic image that it does not hold.
"""

from __future__ import annotations

import io
import itertools
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from urllib.parse import quote

from PIL import Image
from playwright.sync_api import Page, sync_playwright

from tests.e2e.conftest import CHROMIUM, ROOT, running, settle

OUT = ROOT / "data" / "screenshots"
UNSEEN = 1
"""Seed of the query's patient: the demo is made with another."""
WORDS = "left eardrum with a perforation"
PAGES = ("gallery", "embedding_map", "evaluation", "training", "library")
SIZES = {"": {"width": 1440, "height": 900}, "-1920": {"width": 1920, "height": 1080}}
"""What a size adds to the names of its pictures."""


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        run("core", "demo", root / "libraries" / "demo-synthetic")
        run("training", "phantoms", root / "others", "--per-class", 1, "--seed", UNSEEN)
        query = next((root / "others" / "images").glob("*ear-left*"))
        with running(os.environ | {"ENT_LIBRARIES": str(root / "libraries")}, root / "server.log") as url:
            shoot(url, query)


def run(module: str, *arguments: object) -> None:
    subprocess.run([sys.executable, "-m", module, *map(str, arguments)], cwd=ROOT, check=True)


def shoot(url: str, query: Path) -> None:
    """Every page, light and dark, in both sizes."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox"])
        for (suffix, size), scheme in itertools.product(SIZES.items(), ("light", "dark")):
            context = browser.new_context(viewport=size, color_scheme=scheme, base_url=url)
            context.set_default_timeout(120_000)
            walk(context.new_page(), query, f"{scheme}{suffix}")
            context.close()
        browser.close()


def walk(page: Page, query: Path, suffix: str) -> None:
    page.goto("/")
    for dismiss in ("Understood", "Got it"):
        notice = settle(page).get_by_role("button", name=dismiss)
        if notice.count():
            notice.click()
            notice.wait_for(state="detached")
        page.reload()
    settle(page).locator("input[type=file]").first.set_input_files(query)
    page.get_by_text("Class among neighbours").wait_for()
    keep(page, f"search-{suffix}")
    page.goto(f"/?search_words={quote(WORDS)}")
    page.get_by_text("Class among neighbours").wait_for()
    keep(page, f"words-{suffix}")
    for name in PAGES:
        page.goto(f"/{name}")
        keep(page, f"{name}-{suffix}")
    page.goto("/gallery?gallery_sort=Typical+first")
    settle(page).locator(".card").nth(1).click()
    page.get_by_role("dialog").get_by_text("Nearest").first.wait_for()
    keep(page, f"drawer-{suffix}")


def keep(page: Page, name: str) -> None:
    settle(page)
    page.wait_for_timeout(2500)  # thumbnails, maps
    OUT.mkdir(parents=True, exist_ok=True)
    image = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    image.save(OUT / f"{name}.webp", quality=85, method=6)


if __name__ == "__main__":
    main()
