"""From where an image was taken, and which structures can be seen from there: what may be said of it, and what not."""

from __future__ import annotations

from collections.abc import Mapping

from training.phantoms.draw import Draw

VIEWS: Mapping[str, Mapping[str, float]] = {
    "ear": {"canal": 1},
    "nose": {"passage": 0.5, "near": 0.14, "two turbinates": 0.2, "deep": 0.16},
    "throat": {"mouth": 0.42, "back wall": 0.2, "tongue base": 0.15, "tongue base and tonsils": 0.23},
    "larynx": {"inlet": 1},
}
"""How often each view is taken of a region; the first is the usual one."""
_SICK_TONSILS = {"mouth": 0.65, "tongue base and tonsils": 0.35}
_AT_THE_TURBINATES = {view: often for view, often in VIEWS["nose"].items() if view != "deep"}
SHOWS: Mapping[tuple[str, str], Mapping[str, float]] = {
    ("nose", "polyp"): _AT_THE_TURBINATES,
    ("nose", "deviated septum"): _AT_THE_TURBINATES,
    ("nose", "turbinate hypertrophy"): _AT_THE_TURBINATES,
    ("throat", "tonsillar hypertrophy"): _SICK_TONSILS,
    ("throat", "exudate"): _SICK_TONSILS,
}
"""Findings that only some views show, with these."""
_TURBINATES = frozenset({"septum", "turbinate", "meatus", "nostril"})
IN_SIGHT: Mapping[str, frozenset[str]] = {
    "passage": _TURBINATES,
    "near": _TURBINATES,
    "two turbinates": _TURBINATES,
    "deep": frozenset({"choana", "nasopharynx"}),
    "mouth": frozenset({"mouth", "palate", "uvula", "tonsil"}),
    "back wall": frozenset({"posterior pharyngeal wall"}),
    "tongue base": frozenset({"tongue base"}),
    "tongue base and tonsils": frozenset({"tongue base", "tonsil"}),
}
"""Words for what one sees; what every view of a region shows needs no word here."""
PARTS = tuple(sorted(frozenset().union(*IN_SIGHT.values())))


def sample_view(region: str, finding: str, draw: Draw) -> str:
    """A view of the region in which the finding shows."""
    return draw.weighted(SHOWS.get((region, finding), VIEWS[region]))


def named(text: str) -> frozenset[str]:
    """The structures in a text that not every view shows."""
    return frozenset(part for part in PARTS if part in text.lower())


def true_in(view: str, text: str) -> bool:
    """Whether all that the text names is in sight."""
    return named(text) <= IN_SIGHT.get(view, frozenset())
