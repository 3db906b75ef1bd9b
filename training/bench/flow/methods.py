"""What the flow is compared with, each fitted to the same training images."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from sklearn.decomposition import PCA
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.exceptions import ConvergenceWarning
from sklearn.neighbors import NeighborhoodComponentsAnalysis

from core.batches import training_batches
from core.metric_loss import multi_similarity
from core.metrics import Rescore, gallery_recall_at_1
from core.recipe import DEFAULT, REFERENCE, Recipe
from core.rerank import fit_reranker
from core.start import choose_start
from core.trainer import Epoch, Trainer, TrainResult
from core.training_set import TrainingSet
from core.vectors import Matrix
from training.bench.flow.kept import kept_training

NCA_ROUNDS, NCA_SIZE = 50, 64
SHRINKAGES = (None, 0.01, 0.1, 0.5)


@dataclass(frozen=True)
class Fitted:
    """A way to move embeddings (N, D) to where they are compared, and to score what is compared there anew.

    `curve` is that of the training it came of, where it did.
    """

    move: Callable[[Matrix], Matrix]
    rescore: Rescore | None = None
    curve: tuple[Epoch, ...] = ()


Method = Callable[..., dict[str, Fitted]]
"""Called with the training set, a seed, and a name under which a long training may keep its state."""


def raw(data: TrainingSet, seed: int, name: str = "") -> dict[str, Fitted]:
    return {"raw": Fitted(lambda x: x)}


def discriminant(data: TrainingSet, seed: int, name: str = "") -> dict[str, Fitted]:
    """Linear discriminant analysis, with the shrinkage that validation likes best."""

    def fitted(shrinkage: float | None) -> Callable[[Matrix], Matrix]:
        solver = "svd" if shrinkage is None else "eigen"
        model = LinearDiscriminantAnalysis(solver=solver, shrinkage=shrinkage)
        model.fit(data.train.x, data.train.labels)
        return lambda x: np.asarray(model.transform(x))

    return {"LDA": Fitted(max((fitted(s) for s in SHRINKAGES), key=lambda move: _val_recall(move, data)))}


def components(data: TrainingSet, seed: int, name: str = "") -> dict[str, Fitted]:
    """Neighbourhood components analysis after principal components, which keep it from taking hours."""
    size = min(NCA_SIZE, data.dim, len(data.train) - 1)
    pca = PCA(size, random_state=seed).fit(data.train.x)
    model = NeighborhoodComponentsAnalysis(n_components=size, max_iter=NCA_ROUNDS, random_state=seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # it is given as many rounds as there is time for
        model.fit(pca.transform(data.train.x), data.train.labels)
    return {"NCA": Fitted(lambda x: np.asarray(model.transform(pca.transform(x))))}


def linear(data: TrainingSet, seed: int, name: str = "") -> dict[str, Fitted]:
    """A linear map from the identity, with the loss, the batches and the schedule length of `default`."""
    recipe = DEFAULT
    weight = torch.nn.Parameter(torch.eye(data.dim))
    optimizer, loss_of = torch.optim.AdamW([weight], lr=recipe.learning_rate), multi_similarity()
    batches, generator = training_batches(data, recipe), torch.Generator().manual_seed(seed)
    best, best_recall = weight.detach().numpy().copy(), -1.0
    for _ in range(recipe.epochs):
        for batch in batches.epoch(generator):
            loss = loss_of(batch.x @ weight.T, batch.labels)
            optimizer.zero_grad()
            torch.autograd.backward(loss)
            optimizer.step()
        now = weight.detach().numpy()
        recall = _val_recall(partial(_product, weight=now), data)
        if recall > best_recall:
            best, best_recall = now.copy(), recall
    return {"linear map": Fitted(partial(_product, weight=best))}


def reference(data: TrainingSet, seed: int, name: str = "") -> dict[str, Fitted]:
    """The published recipe, after ten steps and after one application of its field; `name` keeps it while it lasts."""
    result = _trained(REFERENCE.changed(seed=seed), data, name)
    flow = result.flow
    return {"one application": Fitted(flow.apply_once), "reference": Fitted(flow.transform, curve=result.curve)}


def default(data: TrainingSet, seed: int, name: str = "") -> dict[str, Fitted]:
    """Our recipe, and the same re-ranked by class evidence."""
    result = _trained(DEFAULT.changed(seed=seed), data, name)
    flow = result.flow
    reranked = Fitted(flow.transform, fit_reranker(flow, data))
    return {"default": Fitted(flow.transform, curve=result.curve), "default + re-ranking": reranked}


def changed(what: str, **values: object) -> Method:
    """`default` with other settings, called by what was done to it."""

    def fit(data: TrainingSet, seed: int, name: str = "") -> dict[str, Fitted]:
        recipe = DEFAULT.changed(seed=seed, **values)
        return {what: Fitted(_trained(recipe, data, name).flow.transform)}

    return fit


def step_zero(data: TrainingSet, seed: int, name: str = "") -> dict[str, Fitted]:
    """One application of the field of `default`, without integrating it."""
    return {"0 steps (one application)": Fitted(_trained(DEFAULT.changed(seed=seed), data, name).flow.apply_once)}


def started(data: TrainingSet, seed: int, name: str = "") -> dict[str, Fitted]:
    """Where `default` starts, before any training."""
    return {"the start, untrained": Fitted(choose_start(data, DEFAULT.changed(seed=seed)).move)}


METHODS: Mapping[str, Method] = {
    "raw": raw,
    "lda": discriminant,
    "nca": components,
    "linear": linear,
    "reference": reference,
    "default": default,
}
ABLATIONS: Mapping[str, Method] = {
    "start": started,
    "no-mirrors": changed("without mirror images", mirrored=False),
    "triplets": changed("triplets for balanced batches", batches="triplets", batch_size=32),
    "no-noise": changed("without noise", noise=0.0),
    "no-average": changed("without averaged weights", averaging=0.0),
    "no-findings": changed("without findings", findings=0.0),
    "drawn": changed("drawn start", start="drawn"),
    "steps-0": step_zero,
    "steps-2": changed("2 steps", steps=2),
    "steps-5": changed("5 steps", steps=5),
    "steps-10": changed("10 steps", steps=10),
}
"""`default` with one thing taken away or another in its place."""
RECIPES: Mapping[str, Recipe] = {"reference": REFERENCE, **dict.fromkeys(("default", "linear", *ABLATIONS), DEFAULT)}
"""What an outcome depends on beside data and seed: another recipe makes it anew."""


def _product(x: Matrix, weight: Matrix) -> Matrix:
    return x @ weight.T


def _trained(recipe: Recipe, data: TrainingSet, name: str) -> TrainResult:
    if name:
        return kept_training(name, recipe, data)
    trainer = Trainer(recipe, data)
    for _ in trainer.fit():
        pass
    return trainer.result()


def _val_recall(move: Callable[[Matrix], Matrix], data: TrainingSet) -> float:
    if not len(data.val):
        return 0.0
    return gallery_recall_at_1(move(data.val.x), data.val.labels, move(data.train.x), data.train.labels)
