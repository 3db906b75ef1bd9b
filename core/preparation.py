"""Images on their way into a library: read, recognised or decoded, ahead of the encoder and in threads."""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from core.case import Case
from core.catalog import Catalog, now
from core.encoder_spec import Embeddings, Encoder
from core.errors import EntError
from core.imaging import Limits, SafeImage, load_image, thumbnail
from core.listing import SourceFailure
from core.sources import Source, SourceItem

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True)
class Prepared:
    """An image on its way to the encoder; not decoded any more, since many wait at once."""

    case: Case
    source_sha256: str
    data: bytes
    thumbnail: bytes
    pixels: torch.Tensor | None  # (3, H, W); None where nothing is to be encoded
    embedding: Embeddings | None
    notes: tuple[str, ...]


@dataclass(frozen=True)
class Known:
    """A file whose bytes, or whose very pixels, were taken in before."""

    item: SourceItem
    case_id: str
    source_sha256: str


Outcome: TypeAlias = Prepared | Known | SourceFailure


class Preparer:
    """Makes of each item what an import needs of it; a file that is known by its hash is not even decoded.

    Without an encoder nothing is made ready to be encoded: that is for finding out what an import would do.
    """

    def __init__(self, catalog: Catalog, encoder: Encoder | None, limits: Limits) -> None:
        self.catalog, self.encoder, self.limits = catalog, encoder, limits

    def ahead(self, pool: ThreadPoolExecutor, source: Source, most: int) -> Iterator[Outcome]:
        """The outcomes in the order of the source's items, at most `most` of them made before they are asked for."""
        window: deque[Future[Outcome]] = deque()
        try:
            for item in source.items:
                window.append(pool.submit(self.prepare, item, source.embeddings))
                if len(window) >= most:
                    yield window.popleft().result()
            while window:
                yield window.popleft().result()
        finally:
            for future in window:
                future.cancel()

    def prepare(self, item: SourceItem, embeddings: Mapping[str, Embeddings]) -> Outcome:
        """What one item comes to; `embeddings` (D,) by pixel hash need not be made again.

        A file that cannot be taken is a failure with its reason, never an exception.
        """
        try:
            data = item.read()
            source_sha256 = hashlib.sha256(data).hexdigest()
            if (known := self.catalog.by_source(source_sha256)) is not None:
                return Known(item, known, source_sha256)
            image = load_image(data, self.limits)
            if (known := self.catalog.by_pixels(image.pixel_sha256)) is not None:
                return Known(item, known, source_sha256)
            embedding = embeddings.get(image.pixel_sha256)
            pixels = self.encoder.preprocess(image.rgb) if self.encoder and embedding is None else None
            case, small = _case(item, image), thumbnail(image.rgb)
            return Prepared(case, source_sha256, image.data, small, pixels, embedding, image.notes)
        except EntError as error:
            return SourceFailure(item.path, str(error))
        except OSError as error:
            return SourceFailure(item.path, f"cannot be read: {error.strerror or error}")
        except MemoryError:
            return SourceFailure(item.path, "there is not enough memory to decode this image; make it smaller")


def _case(item: SourceItem, image: SafeImage) -> Case:
    facts = item.facts
    return Case(
        case_id=image.pixel_sha256[:16],
        label=facts.label,
        filename=item.path,
        width=image.rgb.width,
        height=image.rgb.height,
        extension=image.extension,
        sha256=image.sha256,
        pixel_sha256=image.pixel_sha256,
        finding=facts.finding,
        patient=facts.patient,
        description=facts.description,
        description_en=facts.description_en,
        exam_date=facts.exam_date,
        split=facts.split,
        added_at=now(),
    )
