"""One line about an evaluation says no more than its figures, and not less than matters."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from core.bootstrap import PairedTest
from core.evaluate import evaluate
from core.evaluation import AFTER, SpaceReport
from core.flow import Flow
from core.library import Library
from core.vector_field import VectorField
from core.verdict import in_a_sentence
from tests.conftest import DIMENSION
from tests.core.test_ingest import ingest

SAME, DOWN, LUCK = PairedTest(0.0, None, 1.0), PairedTest(-0.06, None, 0.004), PairedTest(-0.06, None, 0.2)


def test_it_tells_of_what_the_nearest_neighbour_does_not(library: Library, folder_of: Callable[..., Path]) -> None:
    ingest(library, folder_of({"ear-left": 5, "ear-right": 5}))
    evaluation = evaluate(library, flow=Flow(VectorField(dim=DIMENSION), flow_id="a-flow"))
    report = evaluation.protocols[evaluation.lead]
    after = report.spaces[AFTER]

    def sentence(spaces: Mapping[str, SpaceReport], level: str) -> str:
        protocols = {**evaluation.protocols, evaluation.lead: replace(report, spaces=spaces)}
        return in_a_sentence(replace(evaluation, protocols=protocols), evaluation.lead, level)

    def told(**tests: PairedTest) -> str:
        scores = replace(after.levels["class"], tests={"recall@1": SAME, "recall@5": SAME, "map@r": SAME, **tests})
        spaces = {**report.spaces, AFTER: replace(after, levels={**after.levels, "class": scores})}
        return sentence(spaces, "class")

    assert told().endswith("no difference.")
    assert told(**{"map@r": DOWN}).endswith("no difference. Beyond chance, mAP@R is 0.06 lower.")
    assert told(**{"map@r": LUCK}).endswith("no difference.")
    assert told(**{"recall@1": DOWN, "map@r": DOWN}).endswith("worse, and not by chance (p < 0.01).")
    plain = {name: space for name, space in report.spaces.items() if name != AFTER}
    assert sentence(plain, "region").endswith("of 10 queries (leave one out), by the embeddings as they are.")
