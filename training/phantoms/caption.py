"""What a clinician would write of an image: label, side, finding and severity in varied English."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from training.phantoms.draw import Draw
from training.phantoms.findings import NORMAL, Facts
from training.phantoms.views import true_in

STRUCTURE: Mapping[str, Sequence[str]] = {
    "ear": (
        "{side} ear",
        "{side} tympanic membrane",
        "{side} eardrum",
        "ear canal and drum, {side} side",
        "{side} external auditory canal and tympanic membrane",
    ),
    "nose": (
        "{side} nasal cavity",
        "{side} nose",
        "{side} nasal passage",
        "nasal cavity, {side} side",
        "{side} nostril",
        "{side} choana and nasopharynx",
        "{side} nasal cavity, view into the nasopharynx",
    ),
    "throat": (
        "throat",
        "oropharynx",
        "pharynx",
        "throat with soft palate and tonsils",
        "oropharynx and tonsils",
        "throat with tongue base",
        "oropharynx, posterior pharyngeal wall",
    ),
    "vc-open": (
        "larynx with the vocal cords open",
        "open vocal cords",
        "vocal folds in abduction",
        "vocal cords open during breathing",
        "glottis, vocal folds open",
    ),
    "vc-closed": (
        "larynx with the vocal cords closed",
        "closed vocal cords",
        "vocal folds in adduction",
        "vocal cords closed on phonation",
        "glottis, vocal folds closed",
    ),
}
FINDING: Mapping[tuple[str, str], Sequence[str]] = {
    ("ear", NORMAL): ("normal findings", "normal drum with clear landmarks", "no abnormality, normal light reflex"),
    ("ear", "perforation"): ("{grade} perforation of the drum", "{size} perforation", "{size} central perforation"),
    ("ear", "effusion"): ("{grade} middle ear effusion", "{grade} effusion behind the drum", "effusion, {grade}"),
    ("ear", "acute otitis"): ("{grade} acute otitis media", "acute otitis with a red, bulging drum, {grade}"),
    ("ear", "wax"): ("{amount} wax in the canal", "{amount} ear wax", "wax, {amount}, covering part of the canal"),
    ("ear", "ventilation tube"): ("ventilation tube in place", "ventilation tube (grommet) in the drum"),
    ("ear", "retraction"): (
        "{grade} retraction of the drum",
        "retraction pocket, {grade}",
        "drum with {grade} retraction",
    ),
    ("nose", NORMAL): (
        "normal findings",
        "normal, smooth mucosa",
        "normal mucosa, septum straight",
        "no abnormality, normal turbinates",
    ),
    ("nose", "polyp"): ("{size} nasal polyp", "{size} pale polyp in the middle meatus", "polyp, {size}"),
    ("nose", "deviated septum"): (
        "{grade} deviated septum to the {side}",
        "deviated septum, {grade}, convex to the {side}",
        "septal deviation (deviated septum) narrowing the {side} side, {grade}",
    ),
    ("nose", "discharge"): (
        "{amount} discharge",
        "{amount} mucopurulent discharge",
        "discharge in the meatus, {amount}",
    ),
    ("nose", "turbinate hypertrophy"): (
        "{grade} inferior turbinate hypertrophy",
        "turbinate hypertrophy, {grade}",
        "{grade} turbinate hypertrophy touching the septum",
    ),
    ("throat", NORMAL): (
        "normal findings",
        "normal, smooth mucosa",
        "no abnormality, normal tonsils",
    ),
    ("throat", "tonsillar hypertrophy"): (
        "{grade} tonsillar hypertrophy",
        "tonsillar hypertrophy, {grade}, on both sides",
        "enlarged tonsils, {grade} tonsillar hypertrophy",
    ),
    ("throat", "exudate"): ("{amount} exudate on the tonsils", "tonsils with {amount} exudate", "exudate, {amount}"),
    ("larynx", NORMAL): ("normal findings", "normal, smooth fold edges", "no abnormality, normal folds"),
    ("larynx", "nodules"): ("{size} vocal fold nodules on both sides", "bilateral nodules, {size}", "{size} nodules"),
    ("larynx", "polyp"): ("{size} polyp of the {side} vocal fold", "polyp, {size}, on the {side} vocal cord"),
    ("larynx", "oedema"): ("{grade} oedema of the folds", "Reinke oedema, {grade}", "{grade} laryngeal oedema"),
    ("larynx", "one-sided paralysis"): (
        "paralysis of the {side} vocal fold, {grade} gap",
        "one-sided paralysis, {side} vocal cord, {grade}",
        "{side} vocal fold paralysis, {grade}",
    ),
}
WORDS: Mapping[str, Mapping[str, Sequence[str]]] = {
    "grade": {
        "mild": ("mild", "slight"),
        "moderate": ("moderate", "medium-grade"),
        "severe": ("severe", "marked"),
    },
    "size": {"mild": ("small",), "moderate": ("medium-sized", "moderate"), "severe": ("large", "extensive")},
    "amount": {"mild": ("a little", "minor"), "moderate": ("moderate",), "severe": ("abundant", "heavy")},
}
FRAMES = (
    "{structure}: {finding}",
    "{structure}, {finding}",
    "{structure} with {finding}",
    "endoscopy of the {structure}, {finding}",
    "{finding}; {structure}",
    "view of the {structure}: {finding}",
    "endoscopic image, {structure}, {finding}",
    "examination shows {finding} ({structure})",
)
ABBREVIATION = {"tympanic membrane": "TM", "vocal folds": "VF", "vocal cords": "VC"}
SHORT = 0.08
"""Part of the captions in a hurry, with abbreviations."""


def caption(facts: Facts, draw: Draw) -> str:
    """One sentence, which names nothing that is out of sight.

    With the same chance, mirrored facts give the same sentence with the sides exchanged.
    """
    kind = facts.label if facts.region == "larynx" else facts.region
    structure = draw.pick(in_sight(facts, STRUCTURE[kind]))
    finding = draw.pick(in_sight(facts, FINDING[facts.region, facts.finding]))
    sentence = draw.pick(FRAMES).format(structure=structure, finding=finding)
    for slot, grades in WORDS.items():
        chance = draw.below(2)  # drawn always: what follows must not depend on it
        options = grades.get(facts.grade or "", ("",))
        sentence = sentence.replace(f"{{{slot}}}", options[chance % len(options)])
    sentence = sentence.replace("{side}", facts.side or "")
    if draw.chance(SHORT):
        for long, short in ABBREVIATION.items():
            sentence = sentence.replace(long, short)
    sentence = re.sub(r"\s+", " ", sentence).strip()
    return sentence[0].upper() + sentence[1:] + ("." if draw.chance(0.7) else "")


def in_sight(facts: Facts, phrases: Sequence[str]) -> list[str]:
    """Those of the phrases that are true of the view."""
    return [phrase for phrase in phrases if true_in(facts.seen_from, phrase)]
