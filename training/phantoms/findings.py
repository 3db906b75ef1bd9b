"""The findings of each region: how often, how severe, on which side, and what is known of an image in words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from core.taxonomy import ENT
from training.phantoms.draw import Draw
from training.phantoms.views import VIEWS

NORMAL = "normal"
SEVERITIES = ("mild", "moderate", "severe")
REGIONS = ENT.regions
FINDINGS: Mapping[str, Mapping[str, float]] = {
    "ear": {
        NORMAL: 0.30,
        "perforation": 0.12,
        "effusion": 0.13,
        "acute otitis": 0.12,
        "wax": 0.12,
        "ventilation tube": 0.09,
        "retraction": 0.12,
    },
    "nose": {
        NORMAL: 0.33,
        "polyp": 0.17,
        "deviated septum": 0.16,
        "discharge": 0.17,
        "turbinate hypertrophy": 0.17,
    },
    "throat": {NORMAL: 0.44, "tonsillar hypertrophy": 0.28, "exudate": 0.28},
    "larynx": {NORMAL: 0.32, "nodules": 0.17, "polyp": 0.17, "oedema": 0.17, "one-sided paralysis": 0.17},
}
"""How often each is drawn: normal most often, the others often enough to be learnt, not as in the population."""
SIDED = {("larynx", "polyp"), ("larynx", "one-sided paralysis")}
"""Findings with a side of their own, the patient's; in ears and noses the side is the label's."""
WITHOUT_SEVERITY = {NORMAL, "ventilation tube"}
LEAST = 0.2
"""Severity of the mildest finding that is drawn: below that nothing is seen, and a caption would say what is not."""


@dataclass(frozen=True)
class Facts:
    """What is true of an image: label, finding, severity (LEAST to 1; 0 where there is none), side of the lesion.

    `view`: from where it was taken (see views); without it, the usual view of the region.
    """

    label: str
    finding: str
    severity: float
    lesion_side: str | None = None
    view: str | None = None

    @property
    def region(self) -> str:
        """The part of the body: ear, nose, throat or larynx."""
        return ENT[self.label].region

    @property
    def seen_from(self) -> str:
        """The view."""
        return self.view or next(iter(VIEWS[self.region]))

    @property
    def side(self) -> str | None:
        """Of the label, or else of the lesion."""
        return ENT[self.label].side or self.lesion_side

    @property
    def grade(self) -> str | None:
        """mild, moderate or severe; None where the finding has no degrees."""
        if self.finding in WITHOUT_SEVERITY:
            return None
        third = (1 - LEAST) / 3
        return SEVERITIES[min(2, max(0, int((self.severity - LEAST) / third)))]

    @property
    def mirrored_view(self) -> bool:
        """Whether the image is the mirror of what the painters paint, which is always a left side."""
        return self.side == "right"

    def mirrored(self) -> Facts:
        """What is true of the mirror image."""
        other = {"left": "right", "right": "left", None: None}[self.lesion_side]
        return replace(self, label=ENT[self.label].mirror or self.label, lesion_side=other)


def sample_finding(region: str, draw: Draw) -> tuple[str, float, str | None]:
    """A finding, its severity and its own side."""
    finding = draw.weighted(FINDINGS[region])
    severity, right = draw.between(LEAST, 1), draw.chance(0.5)
    side = ("right" if right else "left") if (region, finding) in SIDED else None
    return finding, 0.0 if finding in WITHOUT_SEVERITY else severity, side
