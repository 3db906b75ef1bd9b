"""Embeddings of mirrored images, which are images of the mirrored class: a left ear in a mirror is a right one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from core.case import Case
from core.catalog import Catalog
from core.encoder_spec import Encoder
from core.errors import EntError
from core.imaging import Limits, load_image, mirror
from core.store import ImageStore
from core.vectors import MIRROR

if TYPE_CHECKING:
    import torch

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class MirrorReport:
    """How many mirror embeddings were made just now, how many were there already, and how many images failed."""

    made: int
    known: int
    failed: int


class MirrorMaker:
    """Encodes the mirror images of stored cases and keeps their embeddings in the catalogue, batch by batch."""

    def __init__(
        self, catalog: Catalog, store: ImageStore, encoder: Encoder, limits: Limits, *, workers: int, batch_size: int
    ) -> None:
        self.catalog, self.store, self.encoder, self.limits = catalog, store, encoder, limits
        self.workers, self.batch_size = workers, batch_size

    def make(self, cases: Sequence[Case], on_progress: Progress = lambda done, total: None) -> MirrorReport:
        """Make what is missing for those of `cases` whose class has a mirror image; for the holder of the lock.

        May be interrupted at any moment: what was made stays, and the rest is made next time.
        """
        mirrored = self.catalog.taxonomy.by_name
        wanted = [case for case in cases if case.label and mirrored[case.label].mirror is not None]
        known = self.catalog.vectors.known(MIRROR, [case.case_id for case in wanted])
        todo = [case for case in wanted if case.case_id not in known]
        made = failed = 0
        with ThreadPoolExecutor(self.workers, thread_name_prefix="mirror") as pool:
            for start in range(0, len(todo), self.batch_size):
                batch = todo[start : start + self.batch_size]
                stored = self._store(batch, list(pool.map(self._prepare, batch)))
                made, failed = made + stored, failed + len(batch) - stored
                on_progress(start + len(batch), len(todo))
        return MirrorReport(made, len(known), failed)

    def _prepare(self, case: Case) -> torch.Tensor | None:
        with suppress(EntError):  # verify names what is wrong with a stored image; here it has no mirror image
            data = self.store.image(case.sha256, case.extension)
            return self.encoder.preprocess(mirror(load_image(data, self.limits).rgb))
        return None

    def _store(self, batch: Sequence[Case], pixels: Sequence[torch.Tensor | None]) -> int:
        import torch

        ready = [(case.case_id, p) for case, p in zip(batch, pixels, strict=True) if p is not None]
        if not ready:
            return 0
        embeddings = self.encoder.encode_batch(torch.stack([p for _, p in ready]))
        finite = np.flatnonzero(np.isfinite(embeddings).all(axis=1))
        ids = [ready[row][0] for row in finite]
        with self.catalog.engine.begin() as connection:
            self.catalog.vectors.put(connection, MIRROR, ids, embeddings[finite])
        return len(ids)
