"""A contact sheet: one row a class, or two, with real images under the phantoms, to see what sets them apart."""

from __future__ import annotations

from pathlib import Path

from PIL import Image, ImageOps

from core.errors import EntError
from core.imaging import load_image
from core.settings import ROOT
from core.sources import open_source
from core.taxonomy import ENT
from training.phantoms.camera import ASPECT, jpeg
from training.phantoms.dataset import phantoms
from training.phantoms.patient import Phantom

COLUMNS = 10
HEIGHT = 120
"""Of one image on the sheet, in pixels."""
QUALITY = 82


def write_sheet(file: Path, seed: int, beside: Path | None = None) -> None:
    """Write the sheet as a JPEG of less than 400 KB; larger with the images `beside`, a folder, ZIP file or manifest.

    Raises EntError when images from elsewhere would get into this repository, SourceError when they cannot be read.
    """
    if beside is not None and file.resolve().is_relative_to(ROOT):
        raise EntError(f"{file} lies in this repository, where no images of {beside} belong; name a file elsewhere")
    real = {} if beside is None else real_images(beside, COLUMNS)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(jpeg(contact_sheet(seed, real=real), QUALITY))


def contact_sheet(
    seed: int, columns: int = COLUMNS, height: int = HEIGHT, real: dict[str, list[Image.Image]] | None = None
) -> Image.Image:
    """The first phantoms of as many patients of each class, in the order of the taxonomy; `real` ones below. RGB."""
    rows = []
    for label in ENT.labels:
        rows.append([phantom.image(2 * height) for phantom in _of_patients(seed, label, columns)])
        if real:
            rows.append(real.get(label, []))
    width = round(height * ASPECT)
    sheet = Image.new("RGB", (columns * width, len(rows) * height))
    for row, images in enumerate(rows):
        for column, image in enumerate(images):
            shown = ImageOps.pad(image, (width, height), Image.Resampling.LANCZOS)
            sheet.paste(shown, (column * width, row * height))
    return sheet


def real_images(path: Path, count: int) -> dict[str, list[Image.Image]]:
    """Up to `count` images of each class that the import finds there, RGB. Raises SourceError when there is nothing."""
    found: dict[str, list[Image.Image]] = {label: [] for label in ENT.labels}
    with open_source(path, ENT) as source:
        for item in source.items:
            of_class = found.get(item.facts.label or "", [])
            if len(of_class) < count:
                of_class.append(load_image(item.read()).rgb)
    return found


def _of_patients(seed: int, label: str, count: int) -> list[Phantom]:
    """The first phantom of each of `count` patients."""
    firsts: dict[str, Phantom] = {}
    for phantom in phantoms(seed, count * 5):
        if phantom.facts.label == label:
            firsts.setdefault(phantom.patient, phantom)
    return list(firsts.values())[:count]
