"""A whole search, image bytes to ranked cases, beside the encoder's own forward pass, in one run."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch

from core.catalog import Catalog
from core.encoder_spec import Encoder
from core.flow import Flow
from core.imaging import load_image
from core.library import Library
from core.search import Query
from core.store import CATALOG
from core.taxonomy import ENT
from core.vector_field import VectorField
from training.bench.synthetic import cloud, fill, pictures
from training.bench.timing import Latency, timed_in_turn


@dataclass(frozen=True)
class SearchBench:
    """Milliseconds of one forward pass, of a search before the flow, and of one after it; ratios of the medians."""

    cases: int
    forward: Latency
    before: Latency
    after: Latency

    @property
    def ratio_before(self) -> float:
        return self.before.p50 / self.forward.p50

    @property
    def ratio_after(self) -> float:
        return self.after.p50 / self.forward.p50


def run(encoder: Encoder, count: int, queries: int, seed: int) -> SearchBench:
    """Search a library of `count` made-up cases with `queries` made-up pictures, without and with a flow."""
    encoder.load()
    dimension = encoder.spec.dimension
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "library"
        root.mkdir()
        catalog = Catalog.create(root / CATALOG, "bench", encoder.spec, ENT)
        fill(catalog, cloud(count, dimension, seed))
        catalog.close()
        library = Library.open(root, encoder=encoder)
        images = [path.read_bytes() for path in pictures(Path(folder) / "queries", 2 * (queries + 1), seed)]
        images, others = images[1::2], images[::2]  # a picture that was asked with is not encoded again
        tensors = [encoder.preprocess(load_image(image).rgb)[None] for image in images]
        flow = Flow(VectorField(dim=dimension), flow_id="bench")
        library.flows.put(flow)
        library.activate("bench")
        calls: dict[str, Callable[[tuple[torch.Tensor, bytes, bytes]], object]] = {
            "forward": lambda query: encoder.encode_batch(query[0]),
            "before": lambda query: library.search(Query((query[1],), space="before")),
            "after": lambda query: library.search(Query((query[2],), space="after")),
        }
        warm_up, *asked = zip(tensors, images, others, strict=True)
        latencies = timed_in_turn(calls, asked, warm_up)
        library.close()
    return SearchBench(count, **latencies)
