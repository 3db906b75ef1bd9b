"""Makes the map of a library: reads its embeddings, carries them along the flow, lays them out, measures them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from core.catalog import Catalog, now
from core.embedding_map import EmbeddingMap, key_of, save_map
from core.errors import QueryError
from core.flow import Flow, FlowConfig
from core.flows import FlowStore
from core.nearest import Rows, nearest
from core.placement import Anchors
from core.projection import FEWEST, lay_out
from core.selection import ACTIVE
from core.separation import NEIGHBOURS, Separation, separation
from core.vectors import PLAIN, Matrix

INTERVALS = 10
"""Parts of the flow's time between the states that are mapped."""
FITTED = 10_000
"""Most cases that are laid out together; the others are placed between their neighbours among these."""
CHUNK = 2048
FEWEST_TESTED = 20
"""Test cases below which figures of them alone would say nothing."""

Told = Callable[[int, int], None]


def make_map(
    root: Path, catalog: Catalog, flows: FlowStore, seed: int = 0, on_progress: Told = lambda done, total: None
) -> EmbeddingMap:
    """Make and store the map of the library at `root`, along its active flow where it has one.

    Raises QueryError where there are too few cases.
    """
    flow_id = catalog.active_flow
    key = key_of(root, flow_id)
    ids, x_0 = _embeddings(catalog)
    if len(ids) < FEWEST:
        raise QueryError(f"a map needs at least {FEWEST} cases, this library has {len(ids)}; import more first")
    track = Track(flows.get(flow_id) if flow_id else None)
    fitted = _sample(len(ids), seed)
    rest = np.setdiff1d(np.arange(len(ids)), fitted)
    telling = _Telling(on_progress, len(rest))
    states = track.states(x_0[fitted])
    layout = lay_out(states, seed, telling.laid_out)
    positions = np.empty((len(states), len(ids), 2), np.float32)
    positions[:, fitted] = layout
    x_1 = np.empty_like(x_0)
    x_1[fitted] = states[-1]
    for start in range(0, len(rest), CHUNK):
        rows = rest[start : start + CHUNK]
        moved = track.states(x_0[rows])
        x_1[rows] = moved[-1]
        for step, (x, reference) in enumerate(zip(moved, states, strict=True)):
            positions[step, rows] = Anchors.find(x, reference).place(layout[step])
        telling.placed(start + len(rows))
    spaces = {"before": x_0, "after": x_1} if flow_id else {"before": x_0}
    neighbours, figures = _measure(catalog, ids, spaces, seed, telling.measured)
    times = np.array(track.times, np.float32)
    made = EmbeddingMap(flow_id, now(), seed, len(fitted), ids, times, positions, neighbours, figures)
    save_map(root, key, made)
    telling.done()
    return made


class Track:
    """The states that embeddings pass through: itself alone without a flow, at eleven times with one."""

    def __init__(self, flow: Flow | None) -> None:
        self.flow = flow
        self.times = (0.0,) if flow is None else tuple(i / INTERVALS for i in range(INTERVALS + 1))
        if flow is not None:
            config = flow.config
            fine = FlowConfig(INTERVALS * -(-config.steps // INTERVALS), config.t_0, config.t_1)
            self._fine, self._every = Flow(flow.field, fine), fine.steps // INTERVALS

    def states(self, x_0: Matrix) -> Matrix:
        """(S, B, D), L2-normalised, of embeddings (B, D); the last is just what searches through the flow compare."""
        if self.flow is None:
            return x_0[None]
        states = self._fine.trajectory(x_0)[:: self._every].copy()
        states /= np.maximum(np.linalg.norm(states, axis=2, keepdims=True), 1e-12)
        states[-1] = self.flow.transform(x_0)
        return states


class _Telling:
    """One count for all of it, in parts of a hundred: laying out, placing, measuring."""

    LAID_OUT, MEASURED = 55, 15

    def __init__(self, tell: Told, rest: int) -> None:
        self._tell, self._rest = tell, rest
        self._laid_out = self.LAID_OUT if rest else 100 - self.MEASURED

    def laid_out(self, done: int, total: int) -> None:
        self._tell(self._laid_out * done // total, 100)

    def placed(self, done: int) -> None:
        share = (100 - self.MEASURED - self._laid_out) * done // self._rest
        self._tell(self._laid_out + share, 100)

    def measured(self, done: int, total: int) -> None:
        self._tell(100 - self.MEASURED + (self.MEASURED - 1) * done // total, 100)

    def done(self) -> None:
        self._tell(100, 100)


def _embeddings(catalog: Catalog) -> tuple[tuple[str, ...], Matrix]:
    chunks = list(catalog.vectors.chunks(PLAIN, [ACTIVE]))
    if not chunks:
        return (), np.empty((0, 0), np.float32)
    return tuple(i for chunk in chunks for i in chunk.case_ids), np.concatenate([chunk.vectors for chunk in chunks])


def _sample(count: int, seed: int) -> Rows:
    if count <= FITTED:
        return np.arange(count)
    return np.sort(np.random.default_rng(seed).choice(count, FITTED, replace=False))


def _measure(
    catalog: Catalog, ids: tuple[str, ...], spaces: dict[str, Matrix], seed: int, on_progress: Told
) -> tuple[Rows, dict[str, Separation]]:
    """The nearest labelled case of each (S', N), and the separation of classes and regions in each space."""
    cases = {case.case_id: case for case in catalog.cases()}
    labelled = np.array([row for row, i in enumerate(ids) if i in cases and cases[i].label], np.int64)
    own = np.full((len(spaces), len(ids)), -1, np.int64)
    figures: dict[str, Separation] = {}
    tested = np.array([row for row in labelled if cases[ids[row]].split == "test"], np.int64)
    scopes = {"all": labelled} | ({"test": tested} if len(tested) >= FEWEST_TESTED else {})
    for number, (space, x) in enumerate(spaces.items()):
        for scope, rows in scopes.items():
            if len(rows) < 2:
                continue
            found = [cases[ids[row]] for row in rows]
            patients = _groups([case.patient for case in found])
            neighbours, _ = nearest(x[rows], x[rows], NEIGHBOURS, patients)
            if scope == "all":
                own[number, rows] = np.where(neighbours[:, 0] < 0, -1, rows[neighbours[:, 0]])
            labels = [case.label or "" for case in found]
            regions = [catalog.taxonomy.by_name[label].region for label in labels]
            figures[f"{space} class {scope}"] = separation(x[rows], labels, neighbours, patients, seed)
            figures[f"{space} region {scope}"] = separation(x[rows], regions, neighbours, patients, seed)
        on_progress(number + 1, len(spaces))
    return own, figures


def _groups(patients: list[str | None]) -> Rows:
    """A number for each patient, and one of its own for each case whose patient is not known."""
    numbers: dict[str, int] = {}
    return np.array(
        [numbers.setdefault(patient or f"\0{row}", len(numbers)) for row, patient in enumerate(patients)], np.int64
    )
