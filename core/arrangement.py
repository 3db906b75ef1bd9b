"""The orders that cases can be looked through in: by time, class, typicality or likeness, or shuffled."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from core.catalog import Catalog, Order
from core.errors import QueryError
from core.filters import EVERYTHING, Filters
from core.selection import ACTIVE
from core.typicality import Ints, centrality, class_sums, typicality
from core.vectors import PLAIN

By = Literal["newest", "oldest", "label", "typical", "unusual", "similar", "random"]


@dataclass(frozen=True)
class Arrangement:
    """An order of cases; `random` has a seed, `similar` the case that the others are compared with."""

    by: By = "newest"
    seed: int = 1
    case_id: str = ""

    @property
    def stored(self) -> Order | None:
        """The same order as the catalogue knows it, None where it has to be computed."""
        return self.by if self.by in get_args(Order) else None  # type: ignore[return-value]


def arrange(catalog: Catalog, arrangement: Arrangement) -> tuple[str, ...]:
    """The ids of all active cases in that order. Raises QueryError when `similar` is to a case that is not there.

    `typical` and `unusual` go by `core.typicality` on the embeddings before the flow; `similar` by cosine similarity
    of the embeddings that a search compares, after the flow where one is active and has reached that case.
    """
    if arrangement.stored is not None:
        return catalog.ids(order=arrangement.stored)
    if arrangement.by == "random":
        return shuffled(catalog.ids(order="oldest"), arrangement.seed)
    if arrangement.by == "similar":
        return _similar_first(catalog, arrangement.case_id)
    typical = _typical_first(catalog)
    return typical if arrangement.by == "typical" else typical[::-1]


def narrowed(catalog: Catalog, case_ids: Sequence[str], filters: Filters = EVERYTHING) -> tuple[str, ...]:
    """Those of `case_ids` that pass `filters`, in their order."""
    if not filters:
        return tuple(case_ids)
    kept = set(catalog.ids(filters))
    return tuple(case_id for case_id in case_ids if case_id in kept)


def shuffled(case_ids: Sequence[str], seed: int) -> tuple[str, ...]:
    """The ids in an order of chance, another for every seed; cases that are added leave that of the others as it is."""
    return tuple(sorted(case_ids, key=lambda case_id: hashlib.blake2b(f"{seed} {case_id}".encode()).digest()))


def compared_in(catalog: Catalog, case_id: str) -> str | None:
    """The view of the embeddings in which others are compared with this case; None where it has no embedding.

    One that came while a flow is active is in the view before the flow at first, and follows.
    """
    views = dict.fromkeys((catalog.active_flow or PLAIN, PLAIN))
    return next((view for view in views if len(catalog.vectors.get(view, [case_id]))), None)


def _typical_first(catalog: Catalog) -> tuple[str, ...]:
    """In two passes over the stored embeddings, so that memory does not grow with them."""
    place = {label: number for number, label in enumerate((*catalog.taxonomy.labels, None))}
    dimension = catalog.state().encoder.dimension
    sums, sizes = np.zeros((len(place), dimension)), np.zeros(len(place), np.int64)
    for chunk in catalog.vectors.chunks(PLAIN, [ACTIVE]):
        classes = np.array([place[label] for label in chunk.labels], np.int64)
        sums += class_sums(chunk.vectors, classes, len(place))
        sizes += np.bincount(classes, minlength=len(place))
    ids: list[str] = []
    found, members = [np.zeros(0)], [np.zeros(0, np.int64)]
    for chunk in catalog.vectors.chunks(PLAIN, [ACTIVE]):
        classes = np.array([place[label] for label in chunk.labels], np.int64)
        ids.extend(chunk.case_ids)
        found.append(centrality(chunk.vectors, classes, sums, sizes))
        members.append(classes)
    return _by_typicality(ids, np.concatenate(found), np.concatenate(members))


def _by_typicality(ids: Sequence[str], central: np.ndarray, classes: Ints) -> tuple[str, ...]:
    return tuple(ids[row] for row in np.argsort(-typicality(central, classes), kind="stable"))


def _similar_first(catalog: Catalog, case_id: str) -> tuple[str, ...]:
    view = compared_in(catalog, case_id)
    one = catalog.vectors.get(view or PLAIN, [case_id])
    if view is None or not len(one):
        raise QueryError(f"there is no case {case_id!r} in this library to compare the others with")
    ids: list[str] = []
    found = [np.zeros(0, np.float32)]
    for chunk in catalog.vectors.chunks(view, [ACTIVE]):
        ids.extend(chunk.case_ids)
        found.append(chunk.vectors @ one[0])
    ids += set(catalog.ids()).difference(ids)  # those that the flow was not applied to yet
    found.append(np.full(len(ids) - sum(map(len, found)), -2, np.float32))
    return tuple(ids[row] for row in np.argsort(-np.concatenate(found), kind="stable"))
