"""Whether words find what they name: how over-represented a class is among the images nearest to its name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from core.errors import QueryError
from core.library import Library
from core.metrics import rankings
from core.sample import read_sample
from core.taxonomy import Taxonomy

TOP = 5
PHRASES: Mapping[str, tuple[str, ...]] = {
    "ear-left": ("left ear", "left eardrum", "endoscopic view of the left ear canal"),
    "ear-right": ("right ear", "right eardrum", "endoscopic view of the right ear canal"),
    "nose-left": ("left nose", "left nasal cavity", "endoscopic view into the left nostril"),
    "nose-right": ("right nose", "right nasal cavity", "endoscopic view into the right nostril"),
    "throat": ("throat", "uvula and tonsils", "endoscopic view of the throat"),
    "vc-open": ("vocal cords open", "open vocal folds", "larynx with the glottis open"),
    "vc-closed": ("vocal cords closed", "closed vocal folds", "larynx with the glottis closed"),
}
"""What people call the ENT classes."""


@dataclass(frozen=True)
class PhraseResult:
    """One phrase that names the class `label`: `hits` of the `top` nearest images are of it, `base_rate` of all are."""

    label: str
    text: str
    hits: int
    top: int
    base_rate: float

    @property
    def ratio(self) -> float:
        """How over-represented the class is: 1 is what chance gives.

        The most there can be is 1 / base_rate, and less for a class of fewer than `top` images: they cannot fill it.
        """
        return self.hits / self.top / self.base_rate


@dataclass(frozen=True)
class WordsReport:
    """Every phrase asked of `cases` labelled images; the means over phrases by class, and over all phrases."""

    library: str
    encoder: str
    cases: int
    phrases: tuple[PhraseResult, ...]

    @property
    def by_class(self) -> dict[str, float]:
        """The mean ratio of each class's phrases."""
        labels = dict.fromkeys(phrase.label for phrase in self.phrases)
        return {label: _mean([p.ratio for p in self.phrases if p.label == label]) for label in labels}

    @property
    def ratio(self) -> float:
        """The mean ratio of all phrases."""
        return _mean([phrase.ratio for phrase in self.phrases])


def ask_in_words(library: Library, phrases: Mapping[str, Sequence[str]] | None = None, top: int = TOP) -> WordsReport:
    """Ask `library` for each phrase, by cosine similarity before the flow, among its labelled images.

    `phrases` are those of `phrases_of` when none are given; classes without an image are left out. Raises QueryError
    when there are fewer than two labelled images, EncoderError when the encoder cannot read words.
    """
    if top < 1:
        raise QueryError(f"at least one nearest image is needed, got {top}")
    sample = read_sample(library, "all")
    labels = np.array(sample.levels["class"])
    named = phrases if phrases is not None else phrases_of(library.taxonomy)
    asked = [(label, text) for label, texts in named.items() for text in texts if (labels == label).any()]
    facts = library.name, library.encoder.spec.name, len(labels)
    if not asked:
        return WordsReport(*facts, ())
    texts = library.encoder.encode_texts([text for _, text in asked])
    nearest = np.concatenate([ranking.order[:, :top] for ranking in rankings(texts, sample.plain)])
    results = (
        PhraseResult(label, text, int((labels[row] == label).sum()), len(row), float((labels == label).mean()))
        for (label, text), row in zip(asked, nearest, strict=True)
    )
    return WordsReport(*facts, tuple(results))


def phrases_of(taxonomy: Taxonomy) -> dict[str, tuple[str, ...]]:
    """What to call each class: `PHRASES` where the class is one of those, else its title and its name."""
    return {
        c.name: PHRASES.get(c.name) or tuple(dict.fromkeys((c.title.lower(), c.name.replace("-", " "))))
        for c in taxonomy.classes
    }


def _mean(ratios: Sequence[float]) -> float:
    return sum(ratios) / len(ratios) if ratios else 0.0
