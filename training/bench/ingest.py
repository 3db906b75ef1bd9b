"""Throughput of an import beside decoding and encoding alone, turn about in one run."""

from __future__ import annotations

import tempfile
import time
from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import torch

from core.encoder_spec import Encoder
from core.errors import EntError
from core.imaging import load_image
from core.library import Library
from core.settings import get_settings
from core.sources import SourceItem, open_source
from core.taxonomy import ENT
from training.bench.synthetic import pictures

AHEAD = 3


@dataclass(frozen=True)
class IngestResult:
    """Images a second, the best of the rounds for each; `share` is import over decode + encode."""

    decode_encode: float
    ingest: float

    @property
    def share(self) -> float:
        return self.ingest / self.decode_encode


def run(encoder: Encoder, images: Path | None, count: int, rounds: int) -> IngestResult:
    """Import `images` (`count` made-up ones when None) `rounds` times into fresh libraries, and encode them alone.

    `images` is whatever can be imported; files of it that an import refuses count on neither side.
    """
    encoder.load()
    with tempfile.TemporaryDirectory() as folder:
        source = images or Path(folder) / "pictures"
        if images is None:
            list(pictures(source, count))
        alone, imported = [], []
        for number in range(rounds):
            with open_source(source, ENT) as opened:
                alone.append(_decode_and_encode(encoder, opened.items))
            imported.append(_ingest(encoder, source, Path(folder) / f"library-{number}"))
    return IngestResult(max(alone), max(imported))


def _decode_and_encode(encoder: Encoder, items: Sequence[SourceItem]) -> float:
    """What an import cannot do without, done as fast as it is here: decoded ahead in threads, encoded in batches."""
    settings = get_settings()
    window: deque[Future[torch.Tensor | None]] = deque()
    batch: list[torch.Tensor] = []
    waiting, encoded = iter(items), 0
    start = time.perf_counter()
    with ThreadPoolExecutor(settings.workers) as pool:
        while True:
            while len(window) < AHEAD * settings.batch_size and (item := next(waiting, None)) is not None:
                window.append(pool.submit(_prepare, encoder, item))
            if window and (pixels := window.popleft().result()) is not None:
                batch.append(pixels)
            if batch and (len(batch) == settings.batch_size or not window):
                encoder.encode_batch(torch.stack(batch))
                encoded += len(batch)
                batch.clear()
            if not window and not batch:
                break
    return encoded / (time.perf_counter() - start)


def _prepare(encoder: Encoder, item: SourceItem) -> torch.Tensor | None:
    try:
        return encoder.preprocess(load_image(item.read()).rgb)
    except (EntError, OSError):
        return None


def _ingest(encoder: Encoder, source: Path, root: Path) -> float:
    library = Library.create(root, encoder=encoder)
    start = time.perf_counter()
    with open_source(source, library.taxonomy, limits=library.limits) as opened:
        report = library.ingest(opened)
    seconds = time.perf_counter() - start
    library.close()
    return (report.added + report.duplicates) / seconds
