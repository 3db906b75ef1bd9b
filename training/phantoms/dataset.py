"""A folder of phantoms: images, a manifest that the import understands, and a note that nothing in it is real."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from core.errors import EntError
from core.taxonomy import ENT
from training.phantoms.findings import REGIONS
from training.phantoms.patient import Phantom, patients

SIZES = (48, 512)
Form = Literal["jpeg", "webp"]
WEBP_QUALITY = 90
"""Of 100; a third smaller than JPEG files in which one sees as little of the compression."""
COLUMNS = ("path", "label", "finding", "patient_id", "description_en", "exam_date", "split", "side", "severity")
README = """These images are SYNTHETIC. They were drawn by a program and show no person.

Made by: python -m training {command} --per-class {per_class} --seed {seed} --size {size}
{count} images of {people} made-up patients; names, dates and findings are made up too.
manifest.csv has one row an image, in the form that the import understands; side is the patient's (of the lesion, in a
larynx), severity goes from 0 to 1. Not for diagnosis, nor for measuring how well anything works on real images.
"""


def phantoms(seed: int, per_class: int) -> Iterator[Phantom]:
    """`per_class` phantoms of each class, patient by patient; more of them begin with the same ones."""
    for region in REGIONS:
        missing = Counter(dict.fromkeys(ENT.labels_where(region=region), per_class))
        people = patients(seed, region)
        while missing.total():
            for phantom in next(people):
                if missing[phantom.facts.label] > 0:
                    missing[phantom.facts.label] -= 1
                    yield phantom


def write_dataset(
    out: Path, per_class: int, seed: int, size: int, form: Form = "jpeg", command: str | None = None
) -> int:
    """Write the folder; returns the number of images. `command`, where another one made it, is named in its README.

    JPEG files are compressed as strongly as each picture's camera does, WebP files all alike and hardly visibly.
    Raises EntError for numbers that make no sense.
    """
    check_size(size)
    if per_class < 1 or seed < 0:
        raise EntError(f"--per-class {per_class} must be 1 or more, and --seed {seed} not negative")
    images = out / "images"
    if images.exists() and any(images.iterdir()):
        raise EntError(f"{images} is not empty; give a new folder")
    images.mkdir(parents=True, exist_ok=True)
    rows = [_write(phantom, images, size, form) for phantom in phantoms(seed, per_class)]
    with (out / "manifest.csv").open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(COLUMNS)
        table.writerows(rows)
    people = len({row[3] for row in rows})
    command = command or f"phantoms OUT --format {form}"
    note = README.format(command=command, per_class=per_class, seed=seed, size=size, count=len(rows), people=people)
    (out / "README.txt").write_text(note, encoding="utf-8")
    return len(rows)


def check_size(size: int) -> None:
    """Raises EntError for a size that is not rendered."""
    if not SIZES[0] <= size <= SIZES[1]:
        raise EntError(f"--size {size} must be from {SIZES[0]} to {SIZES[1]}: the height of the frame in pixels")


def _write(phantom: Phantom, images: Path, size: int, form: Form) -> tuple[str, ...]:
    """The image's file, and its row of the manifest."""
    name, facts = f"{phantom.name}.{'jpg' if form == 'jpeg' else form}", phantom.facts
    (images / name).write_bytes(phantom.jpeg(size) if form == "jpeg" else _webp(phantom, size))
    severity = f"{facts.severity:.2f}" if facts.grade else ""
    known = (phantom.patient, phantom.caption(), phantom.exam_date, phantom.split)
    return (f"images/{name}", facts.label, facts.finding, *known, facts.side or "", severity)


def _webp(phantom: Phantom, size: int) -> bytes:
    file = io.BytesIO()
    phantom.image(size).save(file, "WEBP", quality=WEBP_QUALITY, method=4)
    return file.getvalue()
