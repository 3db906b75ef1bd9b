"""Neighbours before and after the flow, beside what two searches and two dot products say."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from core.flow import Flow
from core.library import Library
from core.neighbourhood import movements, neighbourhood, share_moved_less
from core.sources import open_source
from core.vector_field import VectorField
from core.vectors import PLAIN
from tests.conftest import DIMENSION


@pytest.fixture
def filled(library: Library, folder_of: Callable[..., Path]) -> Library:
    with open_source(folder_of({"ear-left": 9, "throat": 9}), library.taxonomy) as source:
        library.ingest(source)
    return library


def nearest(library: Library, view: str, case_id: str) -> list[str]:
    ids = [other for other in library.catalog.ids() if other != case_id]
    similarity = library.catalog.vectors.get(view, ids) @ library.catalog.vectors.get(view, [case_id])[0]
    return [ids[row] for row in np.argsort(-similarity)[:5]]


def test_without_a_flow_there_is_nothing_after_it(filled: Library) -> None:
    case_id = filled.catalog.ids()[0]
    found = neighbourhood(filled, case_id, 5)
    assert [hit.case.case_id for hit in found.before] == nearest(filled, PLAIN, case_id)
    assert (found.after, found.moved, found.gained, found.lost) == (None, None, frozenset(), frozenset())
    assert share_moved_less(0.5, movements(filled.catalog)) == 0.5


def test_gained_lost_and_moved_are_what_the_stored_embeddings_say(filled: Library) -> None:
    torch.manual_seed(1)
    filled.flows.put(Flow(VectorField(dim=DIMENSION), flow_id="f" * 12, name="test"))
    filled.activate("f" * 12)
    ids = filled.catalog.ids()
    before, after = nearest(filled, PLAIN, ids[0]), nearest(filled, "f" * 12, ids[0])

    found = neighbourhood(filled, ids[0], 5)

    assert [hit.case.case_id for hit in found.before] == before
    assert [hit.case.case_id for hit in found.after or ()] == after
    assert found.gained == set(after) - set(before)
    assert found.lost == set(before) - set(after)
    pairs = filled.catalog.vectors.get(PLAIN, ids), filled.catalog.vectors.get("f" * 12, ids)
    cosines = (pairs[0] * pairs[1]).sum(axis=1)
    assert found.moved == pytest.approx(cosines[0], abs=1e-5)
    assert movements(filled.catalog) == pytest.approx(np.sort(cosines), abs=1e-5)
    share = share_moved_less(float(cosines[0]), movements(filled.catalog))
    assert share == pytest.approx((cosines > cosines[0] + 1e-6).mean(), abs=1.5 / len(ids))
