"""A contact sheet: one row a class, to be held beside real images."""

from __future__ import annotations

from pathlib import Path

from PIL import Image

from core.taxonomy import ENT
from training.phantoms.camera import ASPECT, jpeg
from training.phantoms.dataset import phantoms
from training.phantoms.patient import Phantom

COLUMNS = 10
HEIGHT = 120
"""Of one image on the sheet, in pixels."""
QUALITY = 82


def contact_sheet(seed: int, columns: int = COLUMNS, height: int = HEIGHT) -> Image.Image:
    """The first phantoms of as many patients of each class, in the order of the taxonomy, RGB."""
    width = round(height * ASPECT)
    sheet = Image.new("RGB", (columns * width, len(ENT.labels) * height))
    for row, label in enumerate(ENT.labels):
        firsts: dict[str, Phantom] = {}
        for phantom in phantoms(seed, columns * 5):
            if phantom.facts.label == label:
                firsts.setdefault(phantom.patient, phantom)
        for column, phantom in enumerate(list(firsts.values())[:columns]):
            image = phantom.image(2 * height).resize((width, height), Image.Resampling.LANCZOS)
            sheet.paste(image, (column * width, row * height))
    return sheet


def write_sheet(file: Path, seed: int) -> None:
    """Write the sheet as a JPEG of less than 400 KB."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(jpeg(contact_sheet(seed), QUALITY))
