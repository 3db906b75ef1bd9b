"""The long work of looking after a library: checking, mending, backing up, deleting. No page code in here."""

from __future__ import annotations

from pathlib import Path
from typing import IO, TYPE_CHECKING

from pages.ui import library_list, resources
from pages.ui.jobs import Job, Step
from pages.ui.resources import OpenLibrary
from pages.ui.tasks import BACKUP, REMOVE, REPAIR, RESTORE, VERIFY, make, start, telling, waiting

if TYPE_CHECKING:
    from core.verify import VerifyReport


def verify(library: OpenLibrary) -> Job:
    """Compare everything the library holds with everything else."""
    return start(VERIFY, "Check of the library", library.library_id, lambda job: _verify(job, library))


def repair(library: OpenLibrary) -> Job:
    """Make anew what is derived from the catalogue and the images."""

    def work(job: Job) -> VerifyReport:
        library.engine.repair(telling(job, "Making thumbnails and the index anew"), waiting(job), job.should_stop)
        return _verify(job, library)

    return start(REPAIR, "Repair of the library", library.library_id, work)


def back_up(library: OpenLibrary, path: Path) -> Job:
    """Write the library to one file; the result is that file."""

    def work(job: Job) -> Path:
        library.engine.backup(path, telling(job, "Writing the backup"))
        return path

    return start(BACKUP, f"Backup to {path.name}", library.library_id, work)


def restore(backup: Path | IO[bytes], name: str, folder: Path, asked_in: str = "") -> Job:
    """Make a library of that name from a backup, a file here or from the browser; its folder is the result."""
    file = Path(str(backup.name)).name

    def work(job: Job) -> Path:
        from core.backup import restore_backup

        restore_backup(backup, folder, telling(job, "Putting the backup back"), name=name)
        return folder

    return make(RESTORE, f"{name}, from the backup {file}", asked_in, work)


def remove(library: OpenLibrary, name: str) -> Job:
    """Delete the library of that name for good; the result is its folder. What else runs on it is returned instead."""

    def work(job: Job) -> Path:
        from core.removal import remove_library

        with library_list.left_out() as leave_out:

            def let_go() -> None:
                job.report(Step("Deleting images and catalogue"))
                leave_out(library.library_id)
                resources.close_library(library)

            job.report(Step("Deleting the library"))
            remove_library(library.root, waiting(job), job.should_stop, let_go)
        return library.root

    return start(REMOVE, f"Deletion of {name}", library.library_id, work)


def _verify(job: Job, library: OpenLibrary) -> VerifyReport:
    tell = telling(job, "Comparing catalogue, images and index")
    return library.engine.verify(tell, waiting(job), job.should_stop)
