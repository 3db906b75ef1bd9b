"""What the flow is compared with, each fitted to the same training images."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import torch

from core.flow import Flow, FlowConfig
from core.metrics import Rescore
from core.recipe import DEFAULT, REFERENCE, Recipe
from core.rerank import fit_reranker
from core.start import choose_start
from core.trainer import Epoch, Trainer, TrainResult
from core.training_set import TrainingSet
from core.validation import findings_shown
from core.vector_field import VectorField
from training.bench.flow.kept import kept_training
from training.fitted_spaces import Move, centred, components, discriminant, linear


@dataclass(frozen=True)
class Fitted:
    """A way to move embeddings (N, D) to where they are compared, and to score what is compared there anew.

    `curve` is that of the training it came of, where it did.
    """

    move: Move
    rescore: Rescore | None = None
    curve: tuple[Epoch, ...] = ()


Method = Callable[..., dict[str, Fitted]]
"""Called with the training set, a seed, and a name under which a long training may keep its state."""


def raw(data: TrainingSet, seed: int, name: str = "") -> dict[str, Fitted]:
    return {"raw": Fitted(lambda x: x)}


def less_mean(data: TrainingSet, seed: int, name: str = "") -> dict[str, Fitted]:
    return {"raw less mean": Fitted(centred(data))}


def lda(data: TrainingSet, seed: int, name: str = "") -> dict[str, Fitted]:
    return {"LDA": Fitted(discriminant(data))}


def nca(data: TrainingSet, seed: int, name: str = "") -> dict[str, Fitted]:
    return {"NCA": Fitted(components(data, seed))}


def linear_map(data: TrainingSet, seed: int, name: str = "") -> dict[str, Fitted]:
    return {"linear map": Fitted(linear(data, seed))}


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
    recipe = DEFAULT.changed(seed=seed)
    return {"the start, untrained": Fitted(choose_start(data, recipe, findings_shown(data, recipe)).move)}


def rescored(data: TrainingSet, seed: int, name: str = "") -> dict[str, Fitted]:
    """Re-ranking by class evidence alone: as validation chooses it, on embeddings that no flow has moved."""
    still = VectorField(data.dim, heads=1, generator=torch.Generator().manual_seed(seed))
    for weight in (still.res_weight, still.get_parameter("heads.0.4.weight")):
        torch.nn.init.zeros_(weight)
    flow = Flow(still, FlowConfig(steps=1))
    return {"re-ranking without a flow": Fitted(flow.transform, fit_reranker(flow, data))}


def always_rescored(data: TrainingSet, seed: int, name: str = "") -> dict[str, Fitted]:
    """`default` re-ranked by class evidence, as strong as cosines are, whatever validation says."""
    flow = _trained(DEFAULT.changed(seed=seed), data, name).flow
    return {"re-ranked in any case": Fitted(flow.transform, replace(fit_reranker(flow, data), strength=1.0))}


METHODS: Mapping[str, Method] = {
    "raw": raw,
    "centred": less_mean,
    "lda": lda,
    "nca": nca,
    "linear": linear_map,
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
    "no-shift": changed("without mean shift", start="read"),
    "drawn": changed("drawn start", start="drawn"),
    "steps-0": step_zero,
    "steps-2": changed("2 steps", steps=2),
    "steps-5": changed("5 steps", steps=5),
    "steps-10": changed("10 steps", steps=10),
    "rerank": rescored,
    "reranked": always_rescored,
}
"""`default` with one thing taken away or another in its place."""
RECIPES: Mapping[str, Recipe] = {"reference": REFERENCE, **dict.fromkeys(("default", "linear", *ABLATIONS), DEFAULT)}
"""What an outcome depends on beside data and seed: another recipe makes it anew."""


def _trained(recipe: Recipe, data: TrainingSet, name: str) -> TrainResult:
    if name:
        return kept_training(name, recipe, data)
    trainer = Trainer(recipe, data)
    for _ in trainer.fit():
        pass
    return trainer.result()
