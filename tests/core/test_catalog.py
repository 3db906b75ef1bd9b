"""The system of record: what is stored is found again, all of a batch or none of it."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import sqlalchemy as sa

from core.case import Case, NewCase
from core.catalog import Catalog, now
from core.errors import LibraryError, QueryError
from core.filters import Filters
from core.library import Library
from core.schema import is_out_of_reach
from core.vectors import PLAIN
from tests.conftest import FakeEncoder

DIMENSION = 32


def new_case(number: int, label: str | None = None, **facts: str) -> NewCase:
    """A case with made-up hashes and a random unit embedding."""
    digest = f"{number:064x}"
    case = Case(digest[-16:], label, f"{number}.png", 64, 48, "png", digest, digest, *[None] * 6, now())
    vector = np.random.default_rng(number).normal(size=DIMENSION)
    return NewCase(replace(case, **facts), (vector / np.linalg.norm(vector)).astype(np.float32), digest)


@pytest.fixture
def catalog(library: Library) -> Catalog:
    return library.catalog


def test_what_is_stored_is_found_again(catalog: Catalog) -> None:
    new = [new_case(1, "ear-left", finding="wax"), new_case(2, "throat", patient="p1"), new_case(3)]
    catalog.add(new)
    assert catalog.cases(order="oldest") == [entry.case for entry in new]
    assert catalog.case(new[1].case.case_id) == new[1].case
    assert np.array_equal(catalog.vectors.get(PLAIN, [new[2].case.case_id])[0], new[2].embedding)
    assert catalog.by_source(new[0].source_sha256) == new[0].case.case_id
    assert catalog.by_pixels(new[0].case.pixel_sha256) == new[0].case.case_id


def test_filters_narrow_and_facets_count(catalog: Catalog) -> None:
    catalog.add([new_case(1, "ear-left", finding="wax"), new_case(2, "ear-right"), new_case(3, "throat"), new_case(4)])
    assert catalog.count(Filters(region=("ear",))) == 2
    assert [case.label for case in catalog.cases(Filters(side=("right",)))] == ["ear-right"]
    assert catalog.count(Filters(label=("",))) == 1
    assert catalog.count(Filters(finding=("",), region=("ear",))) == 1
    assert catalog.facets("label") == {"ear-left": 1, "ear-right": 1, "throat": 1, "": 1}
    assert catalog.facets("finding", Filters(region=("ear",))) == {"wax": 1, "": 1}


def test_pages_join_to_the_whole(catalog: Catalog) -> None:
    catalog.add([new_case(number, "throat") for number in range(1, 8)])
    pages = [catalog.cases(offset=offset, limit=3) for offset in (0, 3, 6)]
    assert [len(page) for page in pages] == [3, 3, 1]
    assert [case for page in pages for case in page] == catalog.cases()


def test_a_batch_is_stored_whole_or_not_at_all(catalog: Catalog) -> None:
    catalog.add([new_case(1)])
    before = catalog.index_progress().generation
    with pytest.raises(sa.exc.IntegrityError):
        catalog.add([new_case(2), new_case(1)])
    assert catalog.count() == 1
    assert catalog.index_progress().generation == before


def test_every_write_raises_the_generation(catalog: Catalog) -> None:
    before = catalog.index_progress().generation
    catalog.add([new_case(1)])
    assert catalog.index_progress().generation == before + 1


def test_an_unknown_case_is_named(catalog: Catalog) -> None:
    with pytest.raises(QueryError, match="no case 'nope'"):
        catalog.case("nope")


def test_a_file_that_is_no_catalogue_is_refused(tmp_path) -> None:
    path = tmp_path / "catalog.db"
    path.write_bytes(b"this is not a database, but long enough to be read as one" * 100)
    with pytest.raises(LibraryError, match="not a library catalogue"):
        Catalog(path)


def test_a_folder_without_a_catalogue_is_refused_and_left_as_it_was(tmp_path: Path) -> None:
    (tmp_path / "holiday.jpg").write_bytes(b"mine")
    with pytest.raises(LibraryError, match=r"is not a library .* or make one with python -m core create"):
        Catalog(tmp_path / "catalog.db")
    assert [path.name for path in tmp_path.iterdir()] == ["holiday.jpg"]


def test_a_newer_format_is_refused(library: Library) -> None:
    library.catalog.update_state(format=99)
    with pytest.raises(LibraryError, match="newer version"):
        Catalog(library.catalog.path)


def test_a_catalogue_that_somebody_holds_is_not_called_damaged(tmp_path: Path) -> None:
    path = tmp_path / "held.db"
    holder = sqlite3.connect(path, isolation_level=None)
    holder.execute("CREATE TABLE t (x)")
    holder.execute("BEGIN EXCLUSIVE")
    engine = sa.create_engine(f"sqlite:///{path}", connect_args={"timeout": 0})
    with pytest.raises(sa.exc.OperationalError) as held, engine.connect() as connection:
        connection.execute(sa.text("SELECT x FROM t"))
    holder.execute("ROLLBACK")
    with pytest.raises(sa.exc.OperationalError) as strange, engine.connect() as connection:
        connection.execute(sa.text("SELECT x FROM another"))
    holder.close()
    engine.dispose()
    assert is_out_of_reach(held.value)
    assert not is_out_of_reach(strange.value)
    assert not is_out_of_reach(sa.exc.DatabaseError("", None, sqlite3.DatabaseError("file is not a database")))


def test_a_catalogue_that_is_held_or_cannot_be_written_is_told_from_a_damaged_one(
    tmp_path: Path, encoder: FakeEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.schema.PATIENCE", 0)
    library = Library.create(tmp_path / "library", encoder=encoder)
    library.catalog.engine.dispose()
    holder = sqlite3.connect(library.catalog.path, isolation_level=None)
    holder.execute("PRAGMA locking_mode=EXCLUSIVE")
    holder.execute("BEGIN EXCLUSIVE")
    for use in (library.verify, library.catalog.state, lambda: library.catalog.update_state(name="other")):
        with pytest.raises(LibraryError, match=r"cannot be used just now \(database is locked\)"):
            use()
    holder.close()
    assert library.verify().ok
