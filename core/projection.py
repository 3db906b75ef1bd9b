"""Maps of embeddings: points of a plane in which neighbours in the embedding lie side by side (UMAP)."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import numpy.typing as npt

from core.errors import QueryError
from core.nearest import each_its_own, nearest
from core.vectors import Matrix

NEIGHBOURS = 15
MIN_DIST, SPREAD = 0.1, 1.0
FIRST_EPOCHS, FIRST_RATE = 300, 1.0
NEXT_EPOCHS, NEXT_RATE = 30, 0.1
"""Few and short steps: a layout that follows another moves where the embedding has changed, and hardly elsewhere."""
FIRST_COST = 10
"""How many times longer the first layout takes than one that follows."""
EXTENT = 10.0
FEWEST, FEWEST_UMAP = 3, 15

Layout = npt.NDArray[np.float32]
Told = Callable[[int, int], None]


def lay_out(states: Matrix, seed: int = 0, on_progress: Told = lambda done, total: None) -> Layout:
    """Positions (S, N, 2) of the same N cases in S states of their embedding, (S, N, D) with L2-normalised rows.

    The first state is laid out by UMAP from its principal axes. Every further one starts from the layout of the state
    before it, is improved by a few epochs of the same optimisation on its own neighbours, and is then laid over the
    one before without distortion (rotated, mirrored, shifted). So each is a UMAP layout of its own state, and a
    point keeps its place as far as its neighbours keep theirs. Below 15 cases the plane of the first two principal
    axes of all states together is all there is. The same seed gives the same layout on one machine.

    Raises QueryError for fewer than three cases.
    """
    cases = states.shape[1]
    if cases < FEWEST:
        raise QueryError(f"a map needs at least {FEWEST} cases, this library has {cases}; import more first")
    if cases < FEWEST_UMAP:
        return _principal_plane(states.reshape(-1, states.shape[2])).reshape(len(states), cases, 2)
    total, umap, rng = FIRST_COST + len(states) - 1, _umap(), np.random.RandomState(seed)
    on_progress(1, total)
    layout = [_improve(umap, _principal_plane(states[0]), states[0], rng, FIRST_EPOCHS, FIRST_RATE)]
    on_progress(FIRST_COST, total)
    for step, x in enumerate(states[1:], start=1):
        moved = _improve(umap, layout[-1], x, rng, NEXT_EPOCHS, NEXT_RATE)
        layout.append(_laid_over(layout[-1], moved))
        on_progress(FIRST_COST + step, total)
    return np.stack(layout)


def _umap() -> Any:
    with warnings.catch_warnings():  # it warns of an optional part that it does without
        warnings.simplefilter("ignore")
        from umap import layouts, umap_  # ten seconds, which whoever only reads this module's names need not wait
    a, b = umap_.find_ab_params(SPREAD, MIN_DIST)
    return SimpleNamespace(
        graph=umap_.fuzzy_simplicial_set, pace=umap_.make_epochs_per_sample, layouts=layouts, ab=(a, b)
    )


def _improve(umap: Any, start: Layout, x: Matrix, rng: Any, epochs: int, rate: float) -> Layout:
    """UMAP's stochastic gradient descent on the neighbours in `x` (N, D), from the positions `start` (N, 2)."""
    graph = _graph(umap, x, rng)
    graph.data[graph.data < graph.data.max() / max(epochs, 200)] = 0  # edges too weak to be drawn even once
    graph.eliminate_zeros()
    edges = graph.tocoo()
    positions = np.array(start, np.float32, order="C")
    return np.asarray(
        umap.layouts.optimize_layout_euclidean(
            positions,
            positions,
            edges.row,
            edges.col,
            epochs,
            len(x),
            umap.pace(edges.data, epochs),
            *umap.ab,
            rng.randint(-(2**31) + 1, 2**31 - 1, 3).astype(np.int64),
            initial_alpha=rate,
            parallel=False,  # in parallel it is another layout every time
            move_other=True,
        ),
        np.float32,
    )


def _graph(umap: Any, x: Matrix, rng: Any) -> Any:
    """The fuzzy graph of neighbours, from exact ones: approximate search pays off only beyond what is laid out."""
    rows, cosines = nearest(x, x, min(NEIGHBOURS, len(x)) - 1, each_its_own(len(x)))
    own = np.arange(len(x))[:, None]
    # rounded, so that sums in another order do not make another layout
    distances = np.round(np.maximum(1 - cosines, 0), 5)
    indices = np.hstack([own, rows]).astype(np.int32)
    padded = np.hstack([np.zeros_like(own, np.float32), distances]).astype(np.float32)
    graph, _, _ = umap.graph(x, indices.shape[1], rng, "cosine", knn_indices=indices, knn_dists=padded)
    return graph


def _principal_plane(x: Matrix) -> Layout:
    """The projection (N, 2) of `x` (N, D) on its first two principal axes, as wide as `EXTENT` to either side."""
    centred = x.astype(np.float64) - x.mean(axis=0, dtype=np.float64)
    _, axes = np.linalg.eigh(centred.T @ centred)
    plane = centred @ axes[:, -2:][:, ::-1]
    plane *= np.sign(plane[np.abs(plane).argmax(axis=0), [0, 1]]) + (plane.max(axis=0) == plane.min(axis=0))
    return np.asarray(plane * (EXTENT / max(np.abs(plane).max(), 1e-12)), np.float32)


def _laid_over(fixed: Layout, moved: Layout) -> Layout:
    """`moved`, rotated, mirrored and shifted so that its points lie as near as can be to those of `fixed`."""
    centre = moved.mean(axis=0)
    left, _, right = np.linalg.svd((moved - centre).T @ (fixed - fixed.mean(axis=0)))
    return np.asarray((moved - centre) @ (left @ right) + fixed.mean(axis=0), np.float32)
