"""Whether probabilities can be believed: of a hundred cases called 80 % sure, eighty should be right."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Probabilities = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

TEMPERATURES = np.geomspace(0.05, 20, 200)
"""What is tried; 1 leaves probabilities as they are, more makes them more modest."""
BINS = 10
"""Intervals of a reliability curve."""


@dataclass(frozen=True)
class Bin:
    """The cases whose highest probability lies in one interval: how many, what they claim, how many of them are right.

    `confidence` is the mean of that probability, `accuracy` the share whose likeliest class is the right one.
    """

    count: int
    confidence: float
    accuracy: float


@dataclass(frozen=True)
class Reliability:
    """The reliability curve, its bins in rising order (those without cases are left out), and what it comes to.

    `ece` is the expected calibration error (Naeini et al. 2015): the mean over cases of |confidence - accuracy|.
    """

    bins: tuple[Bin, ...]
    ece: float


def reliability(probabilities: Probabilities, labels: Ints, bins: int = BINS) -> Reliability:
    """How far probabilities (N, C) can be believed, given the right classes (N,), in `bins` equal intervals of (0, 1].

    Without cases there are no bins, and the error is 0.
    """
    confidence, right = probabilities.max(axis=1), probabilities.argmax(axis=1) == labels
    place = places(confidence, bins)
    found = []
    for number in range(bins):
        rows = place == number
        if rows.any():
            found.append(Bin(int(rows.sum()), float(confidence[rows].mean()), float(right[rows].mean())))
    gaps = sum(b.count * abs(b.confidence - b.accuracy) for b in found)
    return Reliability(tuple(found), gaps / len(labels) if len(labels) else 0.0)


def places(confidence: Probabilities, bins: int = BINS) -> Ints:
    """Which of `bins` equal intervals, from 0, each probability (N,) lies in, (N,); the upper end belongs to each."""
    return np.clip(np.ceil(confidence * bins).astype(np.int64) - 1, 0, bins - 1)


def softmax(logits: Probabilities, temperature: float = 1.0) -> Probabilities:
    """Probabilities (N, C) of logits (N, C) divided by `temperature`."""
    scaled = logits / temperature
    exponentials = np.exp(scaled - scaled.max(axis=1, keepdims=True))
    return np.asarray(exponentials / exponentials.sum(axis=1, keepdims=True))


def fit_temperature(logits: Probabilities, labels: Ints) -> float:
    """The temperature under which the right classes (N,) are likeliest (Guo et al. 2017); 1 without cases."""
    if not len(labels):
        return 1.0
    rows = np.arange(len(labels))
    losses = [-np.log(np.maximum(softmax(logits, t)[rows, labels], 1e-12)).mean() for t in TEMPERATURES]
    return float(TEMPERATURES[int(np.argmin(losses))])
