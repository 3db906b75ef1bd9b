"""Triplets against a naive re-derivation, and for taxonomies of every shape."""

from __future__ import annotations

import numpy as np
import pytest

from core import triplets as triplets_module
from core.taxonomy import ENT, AnatomyClass, Taxonomy
from core.triplets import incompatibility, mine_triplets
from core.vectors import Matrix


def embeddings(count: int, dim: int = 8, seed: int = 0) -> Matrix:
    x = np.random.default_rng(seed).standard_normal((count, dim)).astype(np.float32)
    return np.asarray(x / np.linalg.norm(x, axis=1, keepdims=True), np.float32)


def naive(x: Matrix, labels: list[str], taxonomy: Taxonomy) -> list[tuple[int, int, int]]:
    """Image by image and class by class, as one would explain it."""
    found = []
    for i, label in enumerate(labels):
        wanted = [other for other in taxonomy[label].incompatible if other in labels and other != label]
        wanted = wanted or [other for other in taxonomy.labels if other != label]
        best: dict[str, tuple[float, int]] = {}
        for j, other in enumerate(labels):
            kind = "positive" if other == label else "negative" if other in wanted else ""
            similarity = float(x[i].astype(np.float64) @ x[j].astype(np.float64))
            if j != i and kind and similarity > best.get(kind, (-2.0, -1))[0]:
                best[kind] = (similarity, j)
        if len(best) == 2:
            found.append((i, best["positive"][1], best["negative"][1]))
    return found


def numbered(labels: list[str], taxonomy: Taxonomy) -> np.ndarray:
    return np.array([taxonomy.labels.index(label) for label in labels], np.int64)


CUSTOM = Taxonomy(
    "custom",
    (
        AnatomyClass("a", "A", "r", incompatible=("b",)),
        AnatomyClass("b", "B", "r", incompatible=("a", "d")),
        AnatomyClass("c", "C", "r"),  # told apart from nothing in particular
        AnatomyClass("d", "D", "s", incompatible=("d",)),  # only from itself: as good as none
    ),
)


@pytest.mark.parametrize("taxonomy", [ENT, CUSTOM])
@pytest.mark.parametrize("chunk", [3, 2048])
def test_triplets_equal_a_naive_search(taxonomy: Taxonomy, chunk: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(triplets_module, "CHUNK", chunk)
    labels = np.random.default_rng(1).choice(taxonomy.labels, 60).tolist()
    x = embeddings(60)
    found = mine_triplets(x, numbered(labels, taxonomy), incompatibility(taxonomy))
    assert list(zip(found.anchors, found.positives, found.negatives, strict=True)) == naive(x, labels, taxonomy)
    assert {*found.anchors.tolist(), *found.alone.tolist()} == set(range(60))


def test_the_only_image_of_a_class_is_no_anchor_but_may_be_a_negative() -> None:
    labels = ["ear-left", "ear-right", "ear-right", "throat"]
    found = mine_triplets(embeddings(4), numbered(labels, ENT), incompatibility(ENT))
    assert found.anchors.tolist() == [1, 2]
    assert found.negatives.tolist() == [0, 0]
    assert found.alone.tolist() == [0, 3]


def test_an_absent_incompatible_class_is_replaced_by_all_others() -> None:
    labels = ["nose-left", "nose-left", "throat", "vc-open"]
    found = mine_triplets(embeddings(4), numbered(labels, ENT), incompatibility(ENT))
    assert found.anchors.tolist() == [0, 1]
    assert set(found.negatives.tolist()) <= {2, 3}


def test_one_class_alone_gives_no_triplets() -> None:
    found = mine_triplets(embeddings(3), numbered(["throat"] * 3, ENT), incompatibility(ENT))
    assert len(found) == 0
    assert found.alone.tolist() == [0, 1, 2]


def test_incompatibility_follows_the_taxonomy() -> None:
    matrix = incompatibility(ENT)
    for i, one in enumerate(ENT.classes):
        assert {ENT.labels[j] for j in np.flatnonzero(matrix[i])} == set(one.incompatible)
