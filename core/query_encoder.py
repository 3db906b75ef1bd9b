"""The pictures and words of a query, as embeddings; what was encoded just now is not encoded again."""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass, replace

import numpy as np
from PIL import Image

from core.case import Case
from core.catalog import Catalog
from core.encoder_spec import Encoder, words_of
from core.errors import QueryError
from core.imaging import Limits, SafeImage, load_image, mirror
from core.query import Query
from core.region import Region
from core.store import ImageStore
from core.timings import Clock
from core.vectors import MIRROR, PLAIN, Matrix

KEPT = 64
"""Embeddings of queries held in memory: a filter, a mark or another space asks the same picture again."""


@dataclass(frozen=True)
class Asked:
    """A query's parts before the flow: one row a picture (Q, D), one a text (T, D) or None; its cases as they are.

    `whole` (Q, D) are its pictures without regard to a region.
    `identical` are the stored cases with exactly the pixels of one of its images, `unknown` the words that say nothing
    to the encoder; where those are all its words, `words` is None beside pictures, and `meaningless` true without.
    """

    pictures: Matrix
    whole: Matrix
    words: Matrix | None
    cases: tuple[Case, ...]
    identical: tuple[str, ...]
    unknown: tuple[str, ...]
    meaningless: bool


class QueryEncoder:
    """Encodes what queries ask with; safe to share between threads."""

    def __init__(self, catalog: Catalog, store: ImageStore, encoder: Encoder, limits: Limits) -> None:
        self.catalog, self.store, self.encoder, self.limits = catalog, store, encoder, limits
        self._known: OrderedDict[tuple[object, ...], Matrix] = OrderedDict()
        self._lock = threading.Lock()

    def __call__(self, query: Query, clock: Clock) -> Asked:
        """Its parts; `clock` gets laps for decoding and encoding. Raises QueryError, ImageError or EncoderError."""
        cases = self._cases(query.cases)
        images = [load_image(data, self.limits) for data in query.images]
        found = (self.catalog.by_pixels(image.pixel_sha256) for image in images)
        identical = tuple(dict.fromkeys(case_id for case_id in found if case_id is not None))
        clock.lap("decode")
        pictures = self._of_pictures(images, cases, query)
        whole = pictures if query.region is None else self._of_pictures(images, cases, replace(query, region=None))
        words = self.encoder.encode_texts(query.texts) if query.texts else None
        unknown = self.encoder.unknown_words(query.texts) if query.texts else ()
        clock.lap("encode")
        unread = bool(unknown) and set(words_of(query.texts)) <= set(unknown)
        alone = unread and not (len(pictures) or query.more or query.less)
        return Asked(pictures, whole, None if unread and len(pictures) else words, cases, identical, unknown, alone)

    def _of_pictures(self, images: list[SafeImage], cases: tuple[Case, ...], query: Query) -> Matrix:
        rows = self._of_images(images, query) + [self._of_case(case, query) for case in cases]
        return np.stack(rows) if rows else np.empty((0, self.encoder.spec.dimension), np.float32)

    def _cases(self, case_ids: tuple[str, ...]) -> tuple[Case, ...]:
        cases = tuple(self.catalog.cases_by_id(case_ids))
        known = self.catalog.vectors.known(PLAIN, case_ids)
        if missing := [case_id for case_id in case_ids if case_id not in known]:
            raise QueryError(f"there is no case {', '.join(missing)} with an embedding in this library")
        return cases

    def _of_images(self, images: list[SafeImage], query: Query) -> list[Matrix]:
        wanted = {(image.pixel_sha256, query.mirror, query.region): image for image in images}
        vectors = {key: known for key in wanted if (known := self._recall(key)) is not None}
        new = [key for key in wanted if key not in vectors]
        if new:
            parts = [shown(wanted[key].rgb, query.region, query.mirror) for key in new]
            for key, vector in zip(new, self.encoder.encode_images(parts), strict=True):
                vectors[key] = vector
                self._keep(key, vector)
        return [vectors[(image.pixel_sha256, query.mirror, query.region)] for image in images]

    def _of_case(self, case: Case, query: Query) -> Matrix:
        """The stored embedding where it is of what is asked for, one made of the stored image otherwise."""
        if query.region is None:
            view = MIRROR if query.mirror else PLAIN
            if case.case_id in (known := self.catalog.vectors.known(view, [case.case_id])):
                return known[case.case_id]
        image = load_image(self.store.image(case.sha256, case.extension), self.limits)
        return self._of_images([image], query)[0]

    def _recall(self, key: tuple[object, ...]) -> Matrix | None:
        with self._lock:
            if key in self._known:
                self._known.move_to_end(key)
            return self._known.get(key)

    def _keep(self, key: tuple[object, ...], vector: Matrix) -> None:
        with self._lock:
            self._known[key] = vector
            while len(self._known) > KEPT:
                self._known.popitem(last=False)


def shown(rgb: Image.Image, region: Region | None, mirrored: bool) -> Image.Image:
    """What of a picture is searched with."""
    part = rgb if region is None else region.crop(rgb)
    return mirror(part) if mirrored else part
