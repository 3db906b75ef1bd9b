"""Mends the files of a library from what is left of it; the index has `core.indexer`."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

from core.catalog import Catalog
from core.errors import EntError
from core.imaging import Limits, load_image, thumbnail
from core.store import ImageStore


def sweep(catalog: Catalog, store: ImageStore) -> int:
    """Clear away files that belong to no case, which a killed import leaves behind; how many there were."""
    kept = catalog.cases_kept()
    images = {store.image_path(sha256, extension) for sha256, extension in kept}
    return store.sweep(images | {store.thumbnail_path(sha256) for sha256, _ in kept})


def restore_thumbnails(
    catalog: Catalog, store: ImageStore, limits: Limits, on_progress: Callable[[int, int], None]
) -> None:
    """Make the thumbnails that are missing; a case whose original is gone as well is left for verify to name."""
    kept = catalog.cases_kept()
    for done, (sha256, extension) in enumerate(kept, 1):
        if not store.thumbnail_path(sha256).is_file():
            with suppress(EntError):
                data = store.image(sha256, extension)
                store.put(sha256, extension, data, thumbnail(load_image(data, limits).rgb))
        on_progress(done, len(kept))
