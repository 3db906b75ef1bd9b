"""The commands that look after a library: check, repair, back up, restore, remove."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from core.console import Progress, open_library, print_json, say, say_aside
from core.errors import LibraryError
from core.printout import show_verify

Lib = Annotated[Path, typer.Argument(metavar="LIB", help="the library's folder", show_default=False)]
Json = Annotated[bool, typer.Option("--json", help="one JSON object on standard output and nothing else there")]
BackupFile = Annotated[Path, typer.Argument(metavar="FILE", help="the backup, a ZIP file", show_default=False)]


def verify(lib: Lib, as_json: Json = False) -> None:
    """Check a library from end to end; exit status 1 when something is wrong."""
    library = open_library(lib)
    with Progress("checking", unit="images and vectors") as progress:
        report = library.verify(progress, say_aside)
    if as_json:
        print_json(asdict(report))
    else:
        show_verify(report)
    library.close()
    raise typer.Exit(0 if report.ok else 1)


def repair(lib: Lib) -> None:
    """Make anew what is derived: thumbnails and index."""
    library = open_library(lib)
    with Progress("repairing", unit="images and vectors") as progress:
        library.repair(progress, progress.note)
    say(f"repaired {lib}; verify checks it")
    library.close()


def backup(lib: Lib, file: BackupFile) -> None:
    """Write a library to one file, also while it is in use; its index is left out, being derived."""
    library = open_library(lib)
    with Progress("backing up", unit="files") as progress:
        images = library.backup(file, progress)
    say(f"wrote {images} images and all that is known of them to {file}")
    library.close()


def restore(
    file: BackupFile,
    lib: Lib,
    name: Annotated[str | None, typer.Option(help="another name for the library", show_default=False)] = None,
) -> None:
    """Make a library from its backup, in a new folder; its index is made anew."""
    from core.backup import restore_backup

    with Progress("restoring", unit="files") as progress:
        restore_backup(file, lib, progress, name=name)
    library = open_library(lib)
    say(f"restored {library.info().name} to {lib}: {library.info().cases} cases")
    library.close()


def remove(
    lib: Lib,
    name: Annotated[str, typer.Option(help="the library's name, to be sure that it is this one", show_default=False)],
) -> None:
    """Delete a library for good, with all its images."""
    from core.removal import remove_library

    library = open_library(lib)
    known, cases = library.name, library.info().cases
    library.close()
    if name != known:
        raise LibraryError(f"the library in {lib} is called {known!r}, not {name!r}; nothing was deleted")
    remove_library(lib, say_aside)
    say(f"deleted {known} with {cases} cases")


COMMANDS = (verify, repair, backup, restore, remove)
