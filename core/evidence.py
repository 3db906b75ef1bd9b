"""What class a query is of, by the labelled cases nearest to it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from core.aim import Aim
from core.catalog import Catalog
from core.filters import Filters
from core.index import ChromaIndex, Neighbour
from core.neighbours import NeighbourFinder

WITNESSES = 12
"""How many labelled neighbours are asked for their class; those of one patient and class count as one."""
FEWEST = 3
"""How many of them agreement is judged over at least: a single case of its class proves nothing by lying nearest."""
PER_PATIENT = 4
"""Neighbours that are looked at for each that is asked: further frames of one patient lie close together."""


@dataclass(frozen=True)
class Evidence:
    """What class the nearest labelled cases of the whole library are of: shares sum to 1, largest first.

    `neighbours` is how many were asked: the nearest of every patient and class where patients are known, so that the
    frames of one video are no crowd. The query's own picture is not among them.

    `judged` counts the classes among the nearest of those asked, most first, and is what agreement is judged by. They
    are fewer where the library has fewer cases of the class that stands out than are asked, `supply` of them, which
    could never be the most of all. `supply` is 0 where all that were asked are judged.
    """

    shares: Mapping[str, float]
    neighbours: int
    judged: Mapping[str, int] = field(default_factory=dict)
    supply: int = 0

    @property
    def counts(self) -> dict[str, int]:
        """How many of those asked are of each class, most first."""
        return {label: round(share * self.neighbours) for label, share in self.shares.items()}

    @classmethod
    def of(cls, said: Sequence[str], supply: Mapping[str, int]) -> Evidence:
        """What those asked have `said`, the nearest first, where the library can supply so many of each class.

        Every class is heard over as many of the nearest as it can supply; the one with the largest share of its own
        decides over how many agreement is judged, of equal ones the one heard over more.
        """
        if not said:
            return NOBODY
        over = {label: min(len(said), max(FEWEST, supply[label])) for label in dict.fromkeys(said)}
        best = max(over, key=lambda label: (said[: over[label]].count(label) / over[label], over[label]))
        shares = {label: count / len(said) for label, count in Counter(said).most_common()}
        judged = dict(Counter(said[: over[best]]).most_common())
        return cls(shares, len(said), judged, supply[best] if over[best] < len(said) else 0)


NOBODY = Evidence({}, 0)
"""Nobody was asked."""


def few_said(evidence: Evidence) -> str:
    """Why agreement is judged over fewer than were asked, in a sentence; empty where it is not."""
    if not evidence.supply:
        return ""
    label, over = next(iter(evidence.judged)), sum(evidence.judged.values())
    there = evidence.counts[label]
    among = "all" if there >= evidence.supply else str(there)
    verb = "is" if there == 1 else "are"
    return (
        f"This library has only {evidence.supply} of this class to compare with: {among} {verb} among the "
        f"{evidence.neighbours} nearest, and agreement is judged over the {over} nearest."
    )


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
        unheard = {*aim.hidden, *aim.silent}
        if len(labelled) < WITNESSES:  # many unlabelled ones are in between: ask for the labelled alone
            any_label = Filters(label=self.catalog.taxonomy.labels)
            found = self._finder.find(index, aim.space, aim.vector, looked_at, any_label, unheard)
            labelled = self._labelled(found, aim.silent)
        one_each = dict.fromkeys((case.patient or case.case_id, case.label) for case in labelled)
        said = [label for _, label in one_each][:WITNESSES]
        return Evidence.of(said, self._supply(said, unheard)), wide

    def _supply(self, said: Collection[str], unheard: Collection[str]) -> dict[str, int]:
        """How many of each class could be asked, told no further than that they are enough."""
        labels = tuple(dict.fromkeys(said))
        if len(labels) == 1:  # nothing to weigh
            return {labels[0]: WITNESSES}
        return {label: self.catalog.supply(label, unheard, WITNESSES) for label in labels}

    def _labelled(self, neighbours: list[Neighbour], silent: frozenset[str]) -> list[Any]:
        """Id, label and patient of those neighbours that are labelled and not silent, the nearest first."""
        heard = [n.case_id for n in neighbours if n.case_id not in silent]
        known = {row.case_id: row for row in self.catalog.columns("case_id", "label", "patient", of=heard)}
        return [known[case_id] for case_id in heard if case_id in known and known[case_id].label is not None]
