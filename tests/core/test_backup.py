"""Backups made while the library is in use, put back elsewhere, and libraries deleted for good."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from core.backup import restore_backup
from core.errors import LibraryError, Stopped
from core.library import Library
from core.removal import remove_library
from core.search import Query
from tests.conftest import FakeEncoder, picture, png
from tests.core.test_ingest import ingest


def test_a_restored_library_is_the_one_that_was_backed_up(
    library: Library, encoder: FakeEncoder, folder_of: Callable[..., Path], tmp_path: Path
) -> None:
    ingest(library, folder_of({"ear-left": 4, "throat": 3}))
    assert library.backup(tmp_path / "kept" / "backup.zip") == 7
    ingest(library, folder_of({"vc-open": 2}, name="later", seed=50))

    restore_backup(tmp_path / "kept" / "backup.zip", tmp_path / "again")

    again = Library.open(tmp_path / "again", encoder=encoder)
    assert again.info().labels == {"ear-left": 4, "throat": 3}
    assert again.verify().ok
    asked = Query(images=(png(picture(2)),), top_k=3)
    assert again.search(asked).hits[0].case.case_id == library.search(asked).hits[0].case.case_id
    again.close()


def test_a_backup_is_never_written_over_another_file(library: Library, tmp_path: Path) -> None:
    (tmp_path / "taken.zip").write_bytes(b"somebody's")
    with pytest.raises(LibraryError, match="already a file"):
        library.backup(tmp_path / "taken.zip")
    assert (tmp_path / "taken.zip").read_bytes() == b"somebody's"


def test_a_name_with_no_room_for_the_part_beside_it_is_refused_in_words(library: Library, tmp_path: Path) -> None:
    with pytest.raises(LibraryError, match="cannot write the backup"):
        library.backup(tmp_path / ("x" * 250))


@pytest.mark.parametrize("name", ["../outside.txt", "/tmp/outside.txt", "images\\..\\..\\outside.txt"])
def test_what_is_no_backup_is_refused_and_leaves_nothing(library: Library, tmp_path: Path, name: str) -> None:
    library.backup(tmp_path / "backup.zip")
    with zipfile.ZipFile(tmp_path / "backup.zip", "a") as archive:
        archive.writestr(name, "climbs out")
    with pytest.raises(LibraryError, match="no backup"):
        restore_backup(tmp_path / "backup.zip", tmp_path / "again")
    (tmp_path / "text.zip").write_text("no archive")
    with pytest.raises(LibraryError, match="cannot be restored"):
        restore_backup(tmp_path / "text.zip", tmp_path / "again")
    assert not (tmp_path / "again").exists()
    assert not (tmp_path / "outside.txt").exists()


def test_a_backup_from_memory_is_restored_under_another_name(
    library: Library, encoder: FakeEncoder, folder_of: Callable[..., Path], tmp_path: Path
) -> None:
    ingest(library, folder_of({"ear-left": 2}))
    library.backup(tmp_path / "backup.zip")
    restore_backup(io.BytesIO((tmp_path / "backup.zip").read_bytes()), tmp_path / "again", name="Ward")
    again = Library.open(tmp_path / "again", encoder=encoder)
    assert (again.name, again.info().cases) == ("Ward", 2)
    again.close()


def test_a_backup_without_a_whole_catalogue_or_stopped_half_way_leaves_nothing(
    library: Library, tmp_path: Path
) -> None:
    library.backup(tmp_path / "backup.zip")
    with zipfile.ZipFile(tmp_path / "damaged.zip", "w") as archive:
        archive.writestr("catalog.db", "no catalogue")
    before = sorted(tmp_path.iterdir())
    with pytest.raises(LibraryError, match="cannot be read: it is damaged, or of a newer version"):
        restore_backup(tmp_path / "damaged.zip", tmp_path / "again")

    def stop(done: int, total: int) -> None:
        raise Stopped("by somebody")

    with pytest.raises(Stopped):
        restore_backup(tmp_path / "backup.zip", tmp_path / "again", stop)
    assert sorted(tmp_path.iterdir()) == before


def test_a_library_made_meanwhile_in_the_same_place_is_left_alone(library: Library, tmp_path: Path) -> None:
    library.backup(tmp_path / "backup.zip")
    mine = tmp_path / "again" / "mine.txt"

    def meanwhile(done: int, total: int) -> None:
        mine.parent.mkdir(exist_ok=True)
        mine.write_text("somebody's")

    with pytest.raises(LibraryError, match="already in use"):
        restore_backup(tmp_path / "backup.zip", tmp_path / "again", meanwhile)
    assert mine.read_text() == "somebody's"


def test_a_library_is_restored_only_where_nothing_is(library: Library, tmp_path: Path) -> None:
    library.backup(tmp_path / "backup.zip")
    with pytest.raises(LibraryError, match="already in use"):
        restore_backup(tmp_path / "backup.zip", library.root)


def test_a_deleted_library_is_gone_with_everything_in_it(
    library: Library, folder_of: Callable[..., Path], tmp_path: Path
) -> None:
    ingest(library, folder_of({"ear-left": 2}))
    library.close()
    remove_library(library.root)
    assert not library.root.exists()
    assert [path.name for path in tmp_path.iterdir()] == ["source"]
    with pytest.raises(LibraryError, match="nothing was deleted"):
        remove_library(tmp_path / "source")
    assert (tmp_path / "source").is_dir()
