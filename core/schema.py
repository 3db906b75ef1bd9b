"""The tables of the catalogue (SQLAlchemy Core, so that SQLite and PostgreSQL both serve)."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import DatabaseError as DatabaseError  # for those who ask without SQL of their own

from core.errors import LibraryError

PATIENCE = 30
"""Seconds to wait for whoever holds the database just now."""
FORMAT = 1
"""Version of the library format; raised when an older program could no longer read what a newer one writes."""

METADATA = sa.MetaData()

library = sa.Table(
    "library",
    METADATA,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("format", sa.Integer, nullable=False),
    sa.Column("name", sa.String, nullable=False),
    sa.Column("created_at", sa.String, nullable=False),
    sa.Column("encoder", sa.JSON, nullable=False),
    sa.Column("taxonomy", sa.JSON, nullable=False),
    sa.Column("active_flow", sa.String),
    sa.Column("generation", sa.Integer, nullable=False),  # raised by every change that a search could see
    sa.Column("index_epoch", sa.String),  # the folder below index/ that is in use
    sa.Column("index_generation", sa.Integer, nullable=False),  # the generation the index reflects
    sa.Column("index_dirty", sa.Boolean, nullable=False),  # a write to the index began and did not end
    sa.Column("index_files", sa.JSON, nullable=False),  # file name -> size after the last clean write
    comment="one row: what the library is, and the state of its index",
)

cases = sa.Table(
    "cases",
    METADATA,
    sa.Column("seq", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("case_id", sa.String(16), nullable=False, unique=True),
    sa.Column("sha256", sa.String(64), nullable=False),  # of the stored file, which it names
    sa.Column("pixel_sha256", sa.String(64), nullable=False, unique=True),
    sa.Column("extension", sa.String(8), nullable=False),
    sa.Column("width", sa.Integer, nullable=False),
    sa.Column("height", sa.Integer, nullable=False),
    sa.Column("filename", sa.String, nullable=False),  # path within its source, as shown to people
    sa.Column("label", sa.String, index=True),
    sa.Column("finding", sa.String, index=True),
    sa.Column("patient", sa.String, index=True),
    sa.Column("description", sa.Text),
    sa.Column("description_en", sa.Text),
    sa.Column("exam_date", sa.String(10)),
    sa.Column("split", sa.String(8), index=True),
    sa.Column("status", sa.String(8), nullable=False),  # active | excluded: only the active are searched
    sa.Column("added_at", sa.String(32), nullable=False),
    sa.Column("generation", sa.Integer, nullable=False, index=True),  # of the case's last change
)

embeddings = sa.Table(
    "embeddings",
    METADATA,
    sa.Column("case_id", sa.ForeignKey("cases.case_id", ondelete="CASCADE"), primary_key=True),
    sa.Column("view", sa.String, primary_key=True),  # plain | mirror | the id of the flow that made it
    sa.Column("vector", sa.LargeBinary, nullable=False),  # float32, little-endian, L2-normalised
)

sources = sa.Table(
    "sources",
    METADATA,
    sa.Column("source_sha256", sa.String(64), primary_key=True),  # of a file as it came in
    sa.Column("case_id", sa.ForeignKey("cases.case_id", ondelete="CASCADE"), nullable=False, index=True),
    comment="every file ever taken in, so that importing it again costs one hash",
)

made_splits = sa.Table(
    "made_splits",
    METADATA,
    sa.Column("case_id", sa.ForeignKey("cases.case_id", ondelete="CASCADE"), primary_key=True),
    comment="the cases whose split was made here, and may be made anew; any other split came with the case",
)

audit = sa.Table(
    "audit",
    METADATA,
    sa.Column("seq", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("at", sa.String(32), nullable=False),
    sa.Column("who", sa.String),  # null: unknown, as long as nobody signs in
    sa.Column("action", sa.String(16), nullable=False),
    sa.Column("case_id", sa.String(16), nullable=False, index=True),  # no foreign key: this outlives the case
    sa.Column("old", sa.JSON, nullable=False),  # column -> value before, of the columns that changed
    sa.Column("new", sa.JSON, nullable=False),
    sa.Column("undoes", sa.Integer),  # seq of the change that this one takes back
    comment="what people changed, and when; rows are only ever added",
)


def next_generation(connection: sa.Connection) -> int:
    """Raise the library's generation, in the transaction of the change that it stands for, and return it."""
    connection.execute(sa.update(library).values(generation=library.c.generation + 1))
    return int(connection.execute(sa.select(library.c.generation)).scalar_one())


def is_out_of_reach(error: Exception) -> bool:
    """Whether a database failed for what lies outside it (locked, not permitted, disk full), not for what is in it."""
    if not isinstance(error, sa.exc.OperationalError):
        return False
    return getattr(error.orig, "sqlite_errorname", "") != "SQLITE_ERROR"  # which is: no such table


def open_engine(path: Path) -> sa.Engine:
    """An engine on the SQLite file at `path`: write-ahead log, durable commits, foreign keys kept.

    What fails for reasons outside the file is raised as LibraryError, in words for people.
    """
    url = sa.URL.create("sqlite", database=str(path))
    engine = sa.create_engine(url, connect_args={"timeout": PATIENCE}, hide_parameters=True)  # they speak of patients

    @sa.event.listens_for(engine, "connect")
    def _configure(connection: Any, _record: Any) -> None:
        with suppress(Exception):  # a file that is no database is reported by the first query, in words
            for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
                connection.execute(f"PRAGMA {pragma}")

    @sa.event.listens_for(engine, "handle_error")
    def _translate(context: sa.engine.ExceptionContext) -> None:
        if context.sqlalchemy_exception is not None and is_out_of_reach(context.sqlalchemy_exception):
            raise LibraryError(
                f"{path} cannot be used just now ({context.original_exception}): look who else uses it, whether you "
                "may read and write it, and whether the disk is full; then try again"
            )

    return engine


def damage(engine: sa.Engine) -> str | None:
    """What is wrong with the database file itself, in SQLite's words; None when nothing is found."""
    with engine.connect() as connection:
        said = connection.execute(sa.text("PRAGMA integrity_check")).scalars().all()
    return None if list(said) == ["ok"] else str(said[0])
