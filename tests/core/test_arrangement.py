"""Orders of cases: beside naive definitions of them, and fast enough for a page."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from core.arrangement import Arrangement, arrange, narrowed, shuffled
from core.errors import QueryError
from core.filters import Filters
from core.library import Library
from core.sources import open_source
from core.typicality import centrality, class_sums, typicality
from core.vectors import PLAIN
from tests.core.test_catalog import new_case


@pytest.fixture
def filled(library: Library, folder_of: Callable[..., Path]) -> Library:
    with open_source(folder_of({"ear-left": 6, "throat": 5, "vc-open": 1}), library.taxonomy) as source:
        library.ingest(source)
    return library


def naive_centrality(vectors: np.ndarray, classes: list[int]) -> list[float]:
    found = []
    for row, own in enumerate(classes):
        others = [v for other, v in enumerate(vectors) if other != row and classes[other] == own]
        if not others:
            found.append(np.nan)
            continue
        centre = np.mean(others, axis=0)
        found.append(float(vectors[row] @ centre / np.linalg.norm(centre)))
    return found


def test_centrality_is_the_cosine_to_the_mean_of_the_others() -> None:
    rng = np.random.default_rng(3)
    vectors = rng.normal(size=(40, 16)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    classes = [*rng.integers(0, 4, 39).tolist(), 4]
    sums, sizes = class_sums(vectors, np.array(classes), 6), np.bincount(classes, minlength=6)

    assert centrality(vectors, np.array(classes), sums, sizes) == pytest.approx(
        naive_centrality(vectors, classes), abs=1e-6, nan_ok=True
    )


def test_typicality_is_a_rank_within_the_class() -> None:
    central = np.array([0.9, 0.1, 0.5, 0.3, 0.2, np.nan])
    assert typicality(central, np.array([0, 0, 0, 1, 1, 2])) == pytest.approx(
        [5 / 6, 1 / 6, 1 / 2, 3 / 4, 1 / 4, 1 / 2]
    )


def test_typical_comes_first_and_unusual_is_the_other_end(filled: Library) -> None:
    cases = filled.catalog.cases(order="oldest")
    vectors = filled.catalog.vectors.get(PLAIN, [case.case_id for case in cases])
    naive = naive_centrality(vectors, [filled.taxonomy.labels.index(case.label) for case in cases])
    own = {case.case_id: value for case, value in zip(cases, naive, strict=True) if case.label == "throat"}

    order = arrange(filled.catalog, Arrangement("typical"))

    assert sorted(order) == sorted(case.case_id for case in cases)
    throats = narrowed(filled.catalog, order, Filters(label=("throat",)))
    assert throats == tuple(sorted(own, key=own.__getitem__, reverse=True))
    assert arrange(filled.catalog, Arrangement("unusual")) == order[::-1]


def test_similar_goes_by_the_cosine_and_begins_with_the_case_itself(filled: Library) -> None:
    ids = filled.catalog.ids()
    vectors = filled.catalog.vectors.get(PLAIN, ids)
    by_cosine = [ids[row] for row in np.argsort(-(vectors @ vectors[4]))]

    assert list(arrange(filled.catalog, Arrangement("similar", case_id=ids[4]))) == by_cosine
    assert by_cosine[0] == ids[4]
    with pytest.raises(QueryError, match="nope"):
        arrange(filled.catalog, Arrangement("similar", case_id="nope"))


def test_chance_has_a_seed_and_a_new_case_disturbs_nobody(filled: Library) -> None:
    one, again, other = (arrange(filled.catalog, Arrangement("random", seed)) for seed in (1, 1, 2))
    assert one == again != other
    assert sorted(one) == sorted(other)
    assert [case for case in shuffled([*one, "new"], 1) if case != "new"] == list(one)


@pytest.mark.parametrize("order", ["newest", "oldest", "label"])
def test_orders_of_the_catalogue_are_the_catalogues_own(filled: Library, order: str) -> None:
    assert list(arrange(filled.catalog, Arrangement(order))) == [c.case_id for c in filled.catalog.cases(order=order)]


def test_an_empty_library_has_every_order(library: Library) -> None:
    assert arrange(library.catalog, Arrangement("typical")) == arrange(library.catalog, Arrangement("random")) == ()


@pytest.mark.slow
def test_twenty_thousand_cases_are_put_in_order_in_seconds(library: Library) -> None:
    labels = library.taxonomy.labels
    library.catalog.add([new_case(number, labels[number % len(labels)]) for number in range(1, 20_001)])
    started = time.perf_counter()
    order = arrange(library.catalog, Arrangement("typical"))
    assert len(order) == 20_000
    assert time.perf_counter() - started < 20  # about one on a free machine
