"""What class a query is of, by the labelled cases nearest to it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from core.aim import Aim
from core.catalog import Catalog
from core.filters import Filters
from core.index import ChromaIndex, Neighbour
from core.neighbours import NeighbourFinder

WITNESSES = 12
"""How many labelled neighbours are asked for their class; those of one patient and class count as one."""
PER_PATIENT = 4
"""Neighbours that are looked at for each that is asked: further frames of one patient lie close together."""


@dataclass(frozen=True)
class Evidence:
    """What class the nearest labelled cases of the whole library are of: shares sum to 1, largest first.

    `neighbours` is how many were asked: the nearest of every patient and class where patients are known, so that the
    frames of one video are no crowd. The query's own picture is not among them.
    """

    shares: Mapping[str, float]
    neighbours: int

    @property
    def counts(self) -> dict[str, int]:
        """How many of those asked are of each class, most first."""
        return {label: round(share * self.neighbours) for label, share in self.shares.items()}


NOBODY = Evidence({}, 0)
"""Nobody was asked."""


class Witnesses:
    """Asks the labelled cases of one library; safe to share between threads."""

    def __init__(self, catalog: Catalog, finder: NeighbourFinder) -> None:
        self.catalog = catalog
        self._finder = finder

    def heard(self, index: ChromaIndex, aim: Aim, at_least: int) -> tuple[Evidence, list[Neighbour]]:
        """What they say, and the nearest cases they were found among: `at_least` so many, where there are."""
        looked_at = PER_PATIENT * WITNESSES
        wide = self._finder.find(index, aim.space, aim.vector, max(at_least, looked_at), exclude=aim.hidden)
        labelled = self._labelled(wide, aim.silent)
        if len(labelled) < WITNESSES:  # many unlabelled ones are in between: ask for the labelled alone
            any_label = Filters(label=self.catalog.taxonomy.labels)
            unheard = {*aim.hidden, *aim.silent}
            found = self._finder.find(index, aim.space, aim.vector, looked_at, any_label, unheard)
            labelled = self._labelled(found, aim.silent)
        one_each = dict.fromkeys((case.patient or case.case_id, case.label) for case in labelled)
        said = [label for _, label in one_each][:WITNESSES]
        shares = {label: count / len(said) for label, count in Counter(said).most_common()}
        return Evidence(shares, len(said)), wide

    def _labelled(self, neighbours: list[Neighbour], silent: frozenset[str]) -> list[Any]:
        """Id, label and patient of those neighbours that are labelled and not silent, the nearest first."""
        heard = [n.case_id for n in neighbours if n.case_id not in silent]
        known = {row.case_id: row for row in self.catalog.columns("case_id", "label", "patient", of=heard)}
        return [known[case_id] for case_id in heard if case_id in known and known[case_id].label is not None]
