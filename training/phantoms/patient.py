"""Made-up patients: one anatomy each, several images of it, some of them neighbouring frames of a video."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from PIL import Image

from core.taxonomy import ENT
from training.phantoms.camera import jpeg
from training.phantoms.caption import caption
from training.phantoms.draw import Draw
from training.phantoms.findings import REGIONS, Facts, sample_finding
from training.phantoms.render import Shot, render
from training.phantoms.style import sample_style
from training.phantoms.views import sample_view

FIRST_DAY, DAYS = date(2015, 1, 1), 3650
"""Exam dates lie in these made-up ten years."""
BOTH_SIDES = 0.2
"""Part of the ear and nose patients of whom both sides are shown."""
NEXT_FRAME = 0.25
"""Part of the images that are the next video frame of the one before."""
SPLITS = {"train": 0.70, "val": 0.15, "test": 0.15}
# Streams of chance under a patient's key; the last two have an image's number after them.
_STORY, _ANATOMY, _SHOT, _FRAME = 0, 1, 2, 3


@dataclass(frozen=True)
class Phantom:
    """One image of a patient, not yet rendered: `number` is its place among the patient's images."""

    facts: Facts
    patient: str
    exam_date: str
    split: str
    number: int
    shot: Shot
    seed: int
    key: tuple[int, int]

    @property
    def name(self) -> str:
        """Of its file, without extension."""
        return f"{self.patient}-{self.number:02d}-{self.facts.label}"

    def image(self, size: int) -> Image.Image:
        """The frame, RGB, `size` pixels high and 4/3 as wide."""
        eye = ENT.labels.index(self.facts.label) if ENT[self.facts.label].side else 0  # the two sides differ
        anatomy = Draw(self.seed, *self.key, _ANATOMY, eye)
        return render(self.facts, anatomy, self.shot, size, Draw(self.seed, *self.key, _FRAME, self.number))

    def jpeg(self, size: int) -> bytes:
        """The same as a JPEG file, as strongly compressed as this camera does."""
        return jpeg(self.image(size), self.shot.camera.quality)

    def caption(self) -> str:
        """What a clinician would write."""
        return caption(self.facts, Draw(self.seed, *self.key, _FRAME, self.number, 1))


def patient(seed: int, region: str, number: int) -> tuple[Phantom, ...]:
    """All images of patient `number` of a region: 1 to 8, the same whatever else is made."""
    key = (REGIONS.index(region), number)
    draw = Draw(seed, *key, _STORY)
    name = f"{region}-{number:05d}"
    day = (FIRST_DAY + timedelta(days=draw.below(DAYS))).isoformat()
    split, style = draw.weighted(SPLITS), sample_style(draw)
    views = _views(region, draw)
    phantoms: list[Phantom] = []
    for n, facts in enumerate(views):
        before = phantoms[-1] if phantoms else None
        if before is not None and before.facts == facts and draw.chance(NEXT_FRAME):
            shot = before.shot.next_frame(Draw(seed, *key, _SHOT, n))
        else:
            shot = Shot.sample(region, seed, (*key, _SHOT, n), style)
        phantoms.append(Phantom(facts, name, day, split, n, shot, seed, key))
    return tuple(phantoms)


def patients(seed: int, region: str) -> Iterator[tuple[Phantom, ...]]:
    """Patients without end."""
    number = 0
    while True:
        yield patient(seed, region, number)
        number += 1


def _views(region: str, draw: Draw) -> list[Facts]:
    """What is seen in each image: an ear or nose of one side or both, a throat, a larynx open, closed or both."""
    labels = list(ENT.labels_where(region=region))
    if len(labels) == 2 and not draw.chance(BOTH_SIDES if region != "larynx" else 0.7):
        labels = [draw.pick(labels)]
    finding, severity, side = sample_finding(region, draw)
    views: list[Facts] = []
    for label in labels:
        if ENT[label].side and label != labels[0]:  # the other side has troubles of its own
            finding, severity, side = sample_finding(region, draw)
        view = sample_view(region, finding, draw)
        views += [Facts(label, finding, severity, side, view)] * (1 + draw.below(4))
    return views
