"""Class and finding of cases as people correct them, each change recorded with what was there before."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from core.schema import audit, cases, next_generation

ACTION = "relabel"
Values = Mapping[str, str | None]
"""Columns of a case that people may correct ("label", "finding"), each with its value; None: it has none."""


@dataclass(frozen=True)
class LabelChange:
    """One recorded change: the columns it changed, each before and after. `at` is UTC; `who` None is unknown.

    `undoes` is the number of the change that this one took back.
    """

    seq: int
    case_id: str
    at: str
    who: str | None
    old: Values
    new: Values
    undoes: int | None


class LabelTable:
    """Labels in the catalogue, and the record of their changes, to which rows are only ever added."""

    def __init__(self, engine: sa.Engine) -> None:
        self.engine = engine

    def change(self, case_id: str, values: Values, at: str, undoes: int | None = None) -> LabelChange | None:
        """Set columns of a case and record it, in one transaction; None when it has these values already.

        For the holder of the writer's lock; the case must be there.
        """
        audit.create(self.engine, checkfirst=True)  # a library from before changes were recorded has none
        columns = [cases.c[name] for name in values]
        with self.engine.begin() as connection:
            row = connection.execute(sa.select(*columns).where(cases.c.case_id == case_id)).mappings().one()
            old = {name: row[name] for name in values if row[name] != values[name]}
            if not old:
                return None
            new = {name: values[name] for name in old}
            generation = next_generation(connection)
            which = cases.c.case_id == case_id
            connection.execute(sa.update(cases).where(which).values(**new, generation=generation))
            record = {"at": at, "action": ACTION, "case_id": case_id, "old": old, "new": new, "undoes": undoes}
            seq = connection.execute(sa.insert(audit).values(record)).inserted_primary_key
        return LabelChange(int(seq[0]) if seq else 0, case_id, at, None, old, new, undoes)

    def history(self, case_id: str) -> tuple[LabelChange, ...]:
        """Every change of a case's labels, the latest first."""
        columns: list[sa.ColumnElement[Any]] = [audit.c[name] for name in LabelChange.__dataclass_fields__]
        query = sa.select(*columns).where(audit.c.case_id == case_id, audit.c.action == ACTION)
        with self.engine.connect() as connection:
            if not sa.inspect(connection).has_table(audit.name):
                return ()
            rows = connection.execute(query.order_by(audit.c.seq.desc()))
            return tuple(LabelChange(**row._mapping) for row in rows)
