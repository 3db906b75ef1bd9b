"""Which cases a question is about, as clauses on the catalogue's tables, for `Catalog` and `VectorTable` to put."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import sqlalchemy as sa

from core.filters import UNLABELLED, Filters
from core.schema import cases, embeddings
from core.taxonomy import Taxonomy

Clause: TypeAlias = sa.ColumnElement[bool]
Clauses: TypeAlias = Sequence[Clause]

ACTIVE: Clause = cases.c.status == "active"
"""Not excluded: what is searched, shown and counted."""


def passing(filters: Filters, taxonomy: Taxonomy) -> list[Clause]:
    """The active cases that pass `filters`. Raises QueryError when a value is not of this taxonomy."""
    clauses = [ACTIVE]
    labels = filters.labels(taxonomy)
    if labels is not None:
        clauses.append(_one_of(cases.c.label, labels))
    if filters.cases:
        clauses.append(cases.c.case_id.in_(filters.cases))
    if filters.since:
        clauses.append(cases.c.exam_date >= filters.since)
    if filters.until:
        clauses.append(cases.c.exam_date <= filters.until)
    others = {field: getattr(filters, field) for field in ("split", "finding", "patient")}
    return clauses + [_one_of(cases.c[field], values) for field, values in others.items() if values]


def changed_since(generation: int) -> Clause:
    """Cases that came or changed after `generation`, the excluded ones too."""
    return cases.c.generation > generation


def lacking(view: str) -> Clause:
    """Cases that have no embedding of that view."""
    return cases.c.case_id.not_in(sa.select(embeddings.c.case_id).where(embeddings.c.view == view))


def _one_of(column: sa.ColumnElement[str | None], values: tuple[str, ...]) -> Clause:
    clause = column.in_([v for v in values if v != UNLABELLED])
    return sa.or_(clause, column.is_(None)) if UNLABELLED in values else clause
