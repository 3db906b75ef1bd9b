"""A light classifier on embeddings, whose probabilities are calibrated on images it was not fitted to."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.calibration import Ints, Probabilities, fit_temperature, softmax
from core.vectors import Matrix

STRENGTHS = (0.01, 0.1, 1.0, 10.0)
"""Inverse strengths of the penalty that are tried."""
ABSENT = -1e4
"""Logit of a class that was never seen."""


@dataclass(frozen=True)
class ClassHead:
    """Class probabilities of an embedding x: softmax((weight x + bias) / temperature), `weight` (C, D)."""

    weight: Matrix
    bias: Matrix
    temperature: float

    def logits(self, x: Matrix) -> Probabilities:
        """(N, C) of embeddings (N, D)."""
        return np.asarray(x, np.float64) @ self.weight.T.astype(np.float64) + self.bias

    def probabilities(self, x: Matrix) -> Probabilities:
        """(N, C), rows sum to 1, of embeddings (N, D)."""
        return softmax(self.logits(x), self.temperature)


def fit_head(x: Matrix, labels: Ints, val_x: Matrix, val_labels: Ints, classes: int) -> ClassHead:
    """Multinomial logistic regression on (N, D) and their classes (N,), numbers below `classes`.

    Penalty and temperature are those under which the validation images (M, D) are likeliest; without any, the middle
    penalty and a temperature of 1. A class that does not occur in `labels` gets no probability.
    """
    heads = [_fit(x, labels, classes, strength) for strength in (STRENGTHS if len(val_labels) else (1.0,))]
    fitted = [
        ClassHead(head.weight, head.bias, fit_temperature(head.logits(val_x), val_labels)) if len(val_labels) else head
        for head in heads
    ]
    return max(fitted, key=lambda head: _likelihood(head, val_x, val_labels))


def _fit(x: Matrix, labels: Ints, classes: int, strength: float) -> ClassHead:
    from sklearn.linear_model import LogisticRegression  # takes a second, which searching should not wait for

    model = LogisticRegression(C=strength, max_iter=2000, tol=1e-3, class_weight="balanced").fit(x, labels)
    weight, bias = np.zeros((classes, x.shape[1]), np.float32), np.full(classes, ABSENT, np.float32)
    if len(model.classes_) == 2:  # one row for two classes: the logit of the second against the first
        weight[model.classes_[1]], bias[model.classes_] = model.coef_[0], (0.0, model.intercept_[0])
    else:
        weight[model.classes_], bias[model.classes_] = model.coef_, model.intercept_
    return ClassHead(weight, bias, 1.0)


def _likelihood(head: ClassHead, x: Matrix, labels: Ints) -> float:
    if not len(labels):
        return 0.0
    found = head.probabilities(x)[np.arange(len(labels)), labels]
    return float(np.log(np.maximum(found, 1e-12)).mean())
