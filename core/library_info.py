"""What a library is and holds, in numbers and names."""

from __future__ import annotations

from dataclasses import dataclass

from core.catalog import Catalog


@dataclass(frozen=True)
class LibraryInfo:
    """What a library is and holds. `labels` counts the active cases of each class."""

    name: str
    cases: int
    labels: dict[str, int]
    unlabelled: int
    encoder: str
    dimension: int
    active_flow: str | None
    generation: int


def library_info(catalog: Catalog) -> LibraryInfo:
    """What the library of that catalogue is and holds just now."""
    state, labels = catalog.state(), catalog.facets("label")
    unlabelled = labels.pop("", 0)
    return LibraryInfo(
        name=state.name,
        cases=sum(labels.values()) + unlabelled,
        labels=labels,
        unlabelled=unlabelled,
        encoder=state.encoder.name,
        dimension=state.encoder.dimension,
        active_flow=state.active_flow,
        generation=state.generation,
    )
