"""Projections that a flow has to beat, each fitted to the same training images and their mirror images."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from functools import partial

import numpy as np
import torch
from sklearn.decomposition import PCA
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.exceptions import ConvergenceWarning
from sklearn.neighbors import NeighborhoodComponentsAnalysis

from core.batches import training_batches
from core.metric_loss import multi_similarity
from core.metrics import gallery_recall_at_1
from core.recipe import DEFAULT
from core.training_set import Ints, TrainingSet
from core.vectors import Matrix

NCA_ROUNDS, NCA_SIZE = 50, 64
SHRINKAGES = (None, 0.01, 0.1, 0.5)

Move = Callable[[Matrix], Matrix]
"""Takes embeddings (N, D) to where they are compared."""


def centred(data: TrainingSet) -> Move:
    """Embeddings less the mean of the training images."""
    return partial(_less, mean=data.train.x.mean(axis=0))


def discriminant(data: TrainingSet) -> Move:
    """Linear discriminant analysis, with the shrinkage that validation likes best."""
    x, labels = _learnt_from(data)

    def fitted(shrinkage: float | None) -> Move:
        solver = "svd" if shrinkage is None else "eigen"
        model = LinearDiscriminantAnalysis(solver=solver, shrinkage=shrinkage).fit(x, labels)
        return lambda of: np.asarray(model.transform(of))

    return max((fitted(shrinkage) for shrinkage in SHRINKAGES), key=lambda move: _val_recall(move, data))


def components(data: TrainingSet, seed: int) -> Move:
    """Neighbourhood components analysis after principal components, which keep it from taking hours."""
    x, labels = _learnt_from(data)
    size = min(NCA_SIZE, data.dim, len(x) - 1)
    pca = PCA(size, random_state=seed).fit(x)
    model = NeighborhoodComponentsAnalysis(n_components=size, max_iter=NCA_ROUNDS, random_state=seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # it is given as many rounds as there is time for
        model.fit(pca.transform(x), labels)
    return lambda of: np.asarray(model.transform(pca.transform(of)))


def linear(data: TrainingSet, seed: int) -> Move:
    """A linear map of centred embeddings, from the identity, with the loss, the batches and the epochs of `default`."""
    mean, recipe = torch.from_numpy(data.train.x.mean(axis=0)), DEFAULT
    weight = torch.nn.Parameter(torch.eye(data.dim))
    optimizer, loss_of = torch.optim.AdamW([weight], lr=recipe.learning_rate), multi_similarity()
    batches, generator = training_batches(data, recipe), torch.Generator().manual_seed(seed)
    best, best_recall = weight.detach().numpy().copy(), -1.0
    for _ in range(recipe.epochs):
        for batch in batches.epoch(generator):
            loss = loss_of((batch.x - mean) @ weight.T, batch.labels)
            optimizer.zero_grad()
            torch.autograd.backward(loss)
            optimizer.step()
        now = weight.detach().numpy()
        recall = _val_recall(partial(_less, mean=mean.numpy(), weight=now), data)
        if recall > best_recall:
            best, best_recall = now.copy(), recall
    return partial(_less, mean=mean.numpy(), weight=best)


def _less(x: Matrix, mean: Matrix, weight: Matrix | None = None) -> Matrix:
    return np.asarray(x - mean if weight is None else (x - mean) @ weight.T, np.float32)


def _learnt_from(data: TrainingSet) -> tuple[Matrix, Ints]:
    parts = (data.train, data.mirrored)
    return np.concatenate([part.x for part in parts]), np.concatenate([part.labels for part in parts])


def _val_recall(move: Move, data: TrainingSet) -> float:
    if not len(data.val):
        return 0.0
    return gallery_recall_at_1(move(data.val.x), data.val.labels, move(data.train.x), data.train.labels)
