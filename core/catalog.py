"""The system of record of a library: its cases, and the state of what is derived from them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import numpy as np
import sqlalchemy as sa

from core.case import Case, NewCase
from core.encoder_spec import EncoderSpec
from core.errors import LibraryError, QueryError
from core.filters import EVERYTHING, Filters
from core.label_table import LabelTable
from core.schema import FORMAT, METADATA, cases, library, next_generation, open_engine, sources
from core.selection import ACTIVE, changed_since, passing
from core.split_table import SplitTable
from core.taxonomy import Taxonomy
from core.vectors import PLAIN, VectorTable

Order = Literal["newest", "oldest", "label"]


@dataclass(frozen=True)
class State:
    """The one row of the library: what it is, and how far its index has come."""

    name: str
    created_at: str
    encoder: EncoderSpec
    taxonomy: Taxonomy
    active_flow: str | None
    generation: int
    index_epoch: str | None
    index_generation: int
    index_dirty: bool
    index_files: dict[str, int]


@dataclass(frozen=True)
class IndexProgress:
    """How far the index has come: its folder, the generation it reflects, and whether a write to it is under way."""

    epoch: str | None
    generation: int
    indexed: int
    dirty: bool


COLUMNS = [cases.c[name] for name in Case.__dataclass_fields__]


class Catalog:
    """Cases in a SQL database. Reads are safe from any thread and process; writers hold the library's lock."""

    def __init__(self, path: Path) -> None:
        """Open the catalogue file at `path`. Raises LibraryError when there is none, or one of a newer format."""
        if not path.is_file():  # SQLite would make one, in a folder that is somebody's own
            raise LibraryError(
                f"{path.parent} is not a library (it has no {path.name}): check the path, or make one with "
                "python -m core create LIB"
            )
        self.path = path
        self.engine = open_engine(path)
        self.vectors = VectorTable(self.engine)
        self.splits = SplitTable(self.engine)
        self.labels = LabelTable(self.engine)
        self.taxonomy = self.state().taxonomy

    @classmethod
    def create(cls, path: Path, name: str, encoder: EncoderSpec, taxonomy: Taxonomy) -> Catalog:
        """Make an empty catalogue bound to `encoder` and `taxonomy` at `path`, which must not exist."""
        engine = open_engine(path)
        METADATA.create_all(engine)
        row = {
            "id": 1,
            "format": FORMAT,
            "name": name,
            "created_at": now(),
            "encoder": asdict(encoder),
            "taxonomy": taxonomy.to_dict(),
            "generation": 0,
            "index_generation": 0,
            "index_dirty": False,
            "index_files": {},
        }
        with engine.begin() as connection:
            connection.execute(sa.insert(library).values(row))
        engine.dispose()
        return cls(path)

    def close(self) -> None:
        self.engine.dispose()

    def state(self) -> State:
        """The library's row as it is now. Raises LibraryError when the file is no catalogue."""
        try:
            with self.engine.connect() as connection:
                row = connection.execute(sa.select(library)).mappings().one()
        except (sa.exc.DatabaseError, sa.exc.NoResultFound) as error:
            raise LibraryError(f"{self.path} is not a library catalogue, or is damaged; restore a backup") from error
        if row["format"] > FORMAT:
            raise LibraryError(f"{self.path} was written by a newer version (format {row['format']}); update this one")
        facts = {name: row[name] for name in State.__dataclass_fields__}
        facts["encoder"] = EncoderSpec.from_dict(row["encoder"])
        facts["taxonomy"] = Taxonomy.from_dict(row["taxonomy"])
        return State(**facts)

    def update_state(self, **values: Any) -> None:
        """Set columns of the library's row, in one transaction."""
        with self.engine.begin() as connection:
            connection.execute(sa.update(library).values(values))

    def index_progress(self) -> IndexProgress:
        """The part of the state that is read before every search."""
        columns = (library.c.index_epoch, library.c.generation, library.c.index_generation, library.c.index_dirty)
        with self.engine.connect() as connection:
            return IndexProgress(*connection.execute(sa.select(*columns)).one())

    @property
    def active_flow(self) -> str | None:
        """The id of the flow that searches go through; read at every search, so without the rest of the state."""
        with self.engine.connect() as connection:
            active: str | None = connection.execute(sa.select(library.c.active_flow)).scalar_one()
        return active

    def facts(self, case: Case) -> dict[str, str]:
        """What the index keeps beside a vector, for people who open it with other tools; absent facts are left out.

        All that a filter knows; a case's status is not among it, since only active cases are in the index.
        """
        known = self.taxonomy.by_name.get(case.label or "")
        region, side = (known.region, known.side) if known else (None, None)
        places = {"label": case.label, "region": region, "side": side}
        facts = {**places, "split": case.split, "finding": case.finding, "patient": case.patient}
        return {name: value for name, value in facts.items() if value is not None}

    def changed_since(self, generation: int) -> int:
        """How many cases came or changed after `generation`."""
        query = sa.select(sa.func.count()).select_from(cases).where(changed_since(generation))
        with self.engine.connect() as connection:
            return int(connection.execute(query).scalar_one())

    def case(self, case_id: str) -> Case:
        """The case of that id. Raises QueryError when there is none."""
        found = self.cases_by_id([case_id])
        if not found:
            raise QueryError(f"there is no case {case_id!r} in this library")
        return found[0]

    def cases_by_id(self, case_ids: Sequence[str]) -> list[Case]:
        """The cases of those ids in that order; ids that are no case (any more) are left out."""
        if not case_ids:
            return []
        with self.engine.connect() as connection:
            rows = connection.execute(sa.select(*COLUMNS).where(cases.c.case_id.in_(case_ids)))
            found = {row.case_id: Case(**row._mapping) for row in rows}
        return [found[case_id] for case_id in case_ids if case_id in found]

    def cases(
        self, filters: Filters = EVERYTHING, *, offset: int = 0, limit: int | None = None, order: Order = "newest"
    ) -> list[Case]:
        """The active cases that pass `filters`, a page of them when `limit` is given."""
        query = sa.select(*COLUMNS).where(*passing(filters, self.taxonomy))
        query = query.order_by(*_ordering(order)).offset(offset).limit(limit)
        with self.engine.connect() as connection:
            return [Case(**row._mapping) for row in connection.execute(query)]

    def ids(self, filters: Filters = EVERYTHING, order: Order = "newest") -> tuple[str, ...]:
        """The ids of the active cases that pass `filters`."""
        query = sa.select(cases.c.case_id).where(*passing(filters, self.taxonomy)).order_by(*_ordering(order))
        with self.engine.connect() as connection:
            return tuple(connection.execute(query).scalars())

    def columns(self, *names: str, of: Sequence[str] | None = None) -> list[sa.Row[Any]]:
        """These columns alone of every active case, or of those `of` these ids; the oldest first.

        A quarter of what whole cases cost to read.
        """
        query = sa.select(*(cases.c[name] for name in names)).where(ACTIVE).order_by(*_ordering("oldest"))
        query = query if of is None else query.where(cases.c.case_id.in_(of))
        with self.engine.connect() as connection:
            return list(connection.execute(query))

    def count(self, filters: Filters = EVERYTHING) -> int:
        """How many active cases pass `filters`."""
        query = sa.select(sa.func.count()).select_from(cases).where(*passing(filters, self.taxonomy))
        with self.engine.connect() as connection:
            return int(connection.execute(query).scalar_one())

    def facets(
        self, field: Literal["label", "split", "finding", "patient"], filters: Filters = EVERYTHING
    ) -> dict[str, int]:
        """How many of the cases that pass `filters` have each value of `field`; "" counts those without one."""
        column = sa.func.coalesce(cases.c[field], "")
        query = sa.select(column, sa.func.count()).where(*passing(filters, self.taxonomy)).group_by(column)
        with self.engine.connect() as connection:
            counts = {str(value): int(n) for value, n in connection.execute(query)}
        order = self.taxonomy.labels if field == "label" else sorted(counts)
        return {value: counts[value] for value in dict.fromkeys((*order, "")) if value in counts}

    def supply(self, label: str, without: Collection[str], most: int) -> int:
        """How many patients, or cases where none is known, have active cases of `label`; counted up to `most`."""
        who = sa.select(sa.func.coalesce(cases.c.patient, cases.c.case_id)).distinct().limit(most)
        query = who.where(ACTIVE, cases.c.label == label, cases.c.case_id.not_in(tuple(without)))
        with self.engine.connect() as connection:
            return len(connection.execute(query).all())

    def exam_dates(self) -> tuple[str, str] | None:
        """The first and the last date of an examination among the active cases, ISO; None where none is known."""
        dates = sa.func.min(cases.c.exam_date), sa.func.max(cases.c.exam_date)
        with self.engine.connect() as connection:
            first, last = connection.execute(sa.select(*dates).where(*passing(EVERYTHING, self.taxonomy))).one()
        return None if first is None else (str(first), str(last))

    def cases_kept(self) -> list[tuple[str, str]]:
        """(hash, extension) of the image file of every case, the excluded ones too."""
        with self.engine.connect() as connection:
            return [(sha, ext) for sha, ext in connection.execute(sa.select(cases.c.sha256, cases.c.extension))]

    def passing(self, case_ids: Sequence[str], filters: Filters) -> set[str]:
        """Those of `case_ids` that are active cases and pass `filters`."""
        clauses = [*passing(filters, self.taxonomy), cases.c.case_id.in_(case_ids)]
        with self.engine.connect() as connection:
            return set(connection.execute(sa.select(cases.c.case_id).where(*clauses)).scalars())

    def add(self, new: Sequence[NewCase]) -> None:
        """Store cases with their embeddings and sources in one transaction: all of them, or none."""
        with self.engine.begin() as connection:
            generation = next_generation(connection)
            rows = [{**asdict(entry.case), "status": "active", "generation": generation} for entry in new]
            connection.execute(sa.insert(cases), rows)
            connection.execute(
                sa.insert(sources),
                [{"source_sha256": entry.source_sha256, "case_id": entry.case.case_id} for entry in new],
            )
            ids = [entry.case.case_id for entry in new]
            self.vectors.put(connection, PLAIN, ids, np.stack([entry.embedding for entry in new]))

    def add_sources(self, pairs: Sequence[tuple[str, str]]) -> None:
        """Remember (file hash, case id) pairs, so that those files are recognised by their hash alone."""
        new = {sha: case_id for sha, case_id in pairs if self.by_source(sha) is None and self.cases_by_id([case_id])}
        if new:
            rows = [{"source_sha256": sha, "case_id": case_id} for sha, case_id in new.items()]
            with self.engine.begin() as connection:
                connection.execute(sa.insert(sources), rows)

    def optimize(self) -> None:
        """Let the database learn how its values are spread, so that it picks the right index for a filter."""
        with self.engine.begin() as connection:
            connection.exec_driver_sql("ANALYZE")

    def by_source(self, source_sha256: str) -> str | None:
        """The id of the case that a file with this hash was once taken in as."""
        query = sa.select(sources.c.case_id).where(sources.c.source_sha256 == source_sha256)
        with self.engine.connect() as connection:
            return connection.execute(query).scalar_one_or_none()

    def by_pixels(self, pixel_sha256: str) -> str | None:
        """The id of the case with exactly these pixels."""
        query = sa.select(cases.c.case_id).where(cases.c.pixel_sha256 == pixel_sha256)
        with self.engine.connect() as connection:
            return connection.execute(query).scalar_one_or_none()


def now() -> str:
    """This moment in UTC, ISO 8601 to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def _ordering(order: Order) -> tuple[sa.ColumnElement[Any], ...]:
    if order == "label":
        return (sa.func.coalesce(cases.c.label, "~"), cases.c.seq)
    return (cases.c.seq.desc(),) if order == "newest" else (cases.c.seq,)
