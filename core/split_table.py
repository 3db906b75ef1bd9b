"""Which split each case is in, and which of these splits were made here."""

from __future__ import annotations

from collections.abc import Mapping

import sqlalchemy as sa

from core.schema import cases, made_splits, next_generation

PAGE = 500


class SplitTable:
    """Splits in the catalogue. A case's own split, which it came with, is never changed here."""

    def __init__(self, engine: sa.Engine) -> None:
        self.engine = engine

    def made(self) -> set[str]:
        """The ids of the cases whose split was made here."""
        with self.engine.connect() as connection:
            if not sa.inspect(connection).has_table(made_splits.name):
                return set()  # a library from before splits were made
            return set(connection.execute(sa.select(made_splits.c.case_id)).scalars())

    def put(self, splits: Mapping[str, str]) -> None:
        """Set the split of these cases, all at once, and remember that it was made here."""
        made_splits.create(self.engine, checkfirst=True)
        rows = list(splits.items())
        with self.engine.begin() as connection:
            generation = next_generation(connection)
            for start in range(0, len(rows), PAGE):
                page = dict(rows[start : start + PAGE])
                chosen = sa.case(page, value=cases.c.case_id)
                which = cases.c.case_id.in_(list(page))
                connection.execute(sa.update(cases).where(which).values(split=chosen, generation=generation))
                connection.execute(sa.delete(made_splits).where(made_splits.c.case_id.in_(list(page))))
                connection.execute(sa.insert(made_splits), [{"case_id": case_id} for case_id in page])
