"""Short things people type, beside the whole sentences of a report."""

from __future__ import annotations

import re

from training.phantoms.caption import STRUCTURE, in_sight
from training.phantoms.draw import Draw
from training.phantoms.findings import NORMAL, Facts

STRUCTURE_FRAMES = ("{}", "{}", "{}", "a picture of the {}", "endoscopy of the {}", "{}, endoscopic view", "the {}")
MORE_STRUCTURES = {
    "ear": ("ear {side}", "drum of the {side} ear", "{side} ear canal", "otoscopy, {side} ear"),
    "nose": (
        "nose {side}",
        "{side} nasal fossa",
        "rhinoscopy, {side} side",
        "{side} nasal turbinate and septum",
        "{side} choana",
    ),
    "throat": (
        "mouth and throat",
        "palate, uvula and tonsils",
        "back of the throat",
        "tongue base",
        "posterior pharyngeal wall",
    ),
    "vc-open": ("vocal cords open", "larynx, open", "vocal folds open", "open glottis", "open larynx"),
    "vc-closed": ("vocal cords closed", "larynx, closed", "vocal folds closed", "closed glottis", "closed larynx"),
}
FINDING_FRAMES = (
    "{finding}",
    "{finding}",
    "{region} with {finding}",
    "{finding} of the {region}",
    "{finding}, {region}",
)
REGION_WORDS = {
    "ear": ("ear", "eardrum", "tympanic membrane"),
    "nose": ("nose", "nasal cavity"),
    "throat": ("throat", "tonsils", "oropharynx"),
    "larynx": ("larynx", "vocal cords", "vocal folds"),
}
NO_FINDING = ("normal", "nothing abnormal", "healthy", "no finding")


def structure_phrase(facts: Facts, draw: Draw) -> str:
    """The structure and its side or state: true of every image of the class that shows what it names."""
    kind = facts.label if facts.region == "larynx" else facts.region
    structure = draw.pick(in_sight(facts, (*STRUCTURE[kind], *MORE_STRUCTURES[kind]))).format(side=facts.side)
    return draw.pick(STRUCTURE_FRAMES).format(structure)


def finding_phrase(facts: Facts, draw: Draw) -> str:
    """The finding and its region: true of every image with that finding that shows what it names, whatever the side."""
    finding = draw.pick(NO_FINDING) if facts.finding == NORMAL else facts.finding
    region = draw.pick(in_sight(facts, REGION_WORDS[facts.region]))
    return draw.pick(FINDING_FRAMES[2:] if facts.finding == NORMAL else FINDING_FRAMES).format(
        finding=finding, region=region
    )


def mirrored_words(text: str) -> str:
    """The text with left and right exchanged: what is true of the mirror image."""
    return re.sub(r"\b(left|right|Left|Right)\b", lambda word: _OTHER[word[0]], text)


_OTHER = {"left": "right", "right": "left", "Left": "Right", "Right": "Left"}
