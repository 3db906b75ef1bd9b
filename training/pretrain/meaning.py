"""What is true of an image as numbers, so that a batch can be compared with itself and with captions at once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from core.taxonomy import ENT
from training.phantoms.findings import FINDINGS, SEVERITIES, Facts
from training.phantoms.views import IN_SIGHT, PARTS, named

LABELS = ENT.labels
FINDING_NAMES = tuple((region, finding) for region, findings in FINDINGS.items() for finding in findings)
"""Findings of different regions are different, whatever they are called."""
GRADES = (None, *SEVERITIES)
SIDES = (None, "left", "right")
SENTENCE, STRUCTURE, FINDING = 0, 1, 2
"""Kinds of text: a whole sentence, the structure alone, the finding alone."""

_MIRRORED_LABEL = torch.tensor([LABELS.index(ENT[label].mirror or label) for label in LABELS])
_MIRRORED_SIDE = torch.tensor([0, 2, 1])


@dataclass(frozen=True)
class Meaning:
    """Labels, findings, grades and sides of lesions of B images, each (B,) int64, as places in the lists above.

    `shown`: what is in sight, (B,) int64, a bit for each of the parts that not every view shows.
    """

    label: Tensor
    finding: Tensor
    grade: Tensor
    side: Tensor
    shown: Tensor

    @classmethod
    def of(cls, facts: Sequence[Facts]) -> Meaning:
        """The meaning of images with those facts."""
        rows = [
            (
                LABELS.index(one.label),
                FINDING_NAMES.index((one.region, one.finding)),
                GRADES.index(one.grade),
                SIDES.index(one.lesion_side),
                _bits(IN_SIGHT.get(one.seen_from, frozenset())),
            )
            for one in facts
        ]
        return cls(*torch.tensor(rows, dtype=torch.int64).unbind(1))

    def __getitem__(self, rows: Tensor) -> Meaning:
        return Meaning(*(value[rows] for value in self._values()))

    def to(self, device: torch.device) -> Meaning:
        """The same on that device."""
        return Meaning(*(value.to(device) for value in self._values()))

    def mirrored(self, where: Tensor) -> Meaning:
        """The same, of the mirror image `where` (B,) is true."""
        label = torch.where(where, _MIRRORED_LABEL[self.label], self.label)
        side = torch.where(where, _MIRRORED_SIDE[self.side], self.side)
        return Meaning(label, self.finding, self.grade, side, self.shown)

    def said_by(self, kinds: Tensor, names: Tensor) -> Tensor:
        """(B, B) bool: whether text j, of kind `kinds[j]` and written of image j, is true of image i.

        `names` (B,): the parts that each text names (see `parts_of`); an image that shows them not all is not meant.
        """
        same_label, same_finding = _same(self.label), _same(self.finding)
        sentence = same_label & same_finding & _same(self.grade) & _same(self.side)
        by_kind = torch.stack([sentence, same_label, same_finding])  # (3, B, B)
        said: Tensor = by_kind[kinds, :, torch.arange(len(kinds), device=kinds.device)].T  # (image, text)
        return said & ((names[None, :] & ~self.shown[:, None]) == 0)

    def _values(self) -> tuple[Tensor, ...]:
        return self.label, self.finding, self.grade, self.side, self.shown


def parts_of(text: str) -> int:
    """The parts that a text names, as bits."""
    return _bits(named(text))


def _bits(parts: Iterable[str]) -> int:
    return sum(1 << PARTS.index(part) for part in parts)


def _same(values: Tensor) -> Tensor:
    return values[:, None] == values[None, :]
