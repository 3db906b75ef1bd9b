"""`python -m core`: make, fill, search and look after a library from the command line."""

from __future__ import annotations

import os
import shlex
import signal
import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from core import console, flow_commands
from core.console import Progress, say, say_aside
from core.errors import EntError
from core.settings import get_settings

app = typer.Typer(
    help="Make, fill, search and look after a library of endoscopic images.",
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

Lib = Annotated[Path, typer.Argument(metavar="LIB", help="the library's folder", show_default=False)]
Json = Annotated[bool, typer.Option("--json", help="one JSON object on standard output and nothing else there")]
Weights = Annotated[Path | None, typer.Option(help="the encoder's weights: a file, or a folder that holds one")]
Where = Annotated[
    list[str] | None, typer.Option(metavar="FIELD=VALUE", help="label, region, side, split, finding, patient")
]


@app.command()
def create(
    lib: Lib,
    encoder: Annotated[str, typer.Option(help="clip-vit-b-32, model/tag, hf-hub:org/repo or local-dir:FOLDER")] = "",
    weights: Weights = None,
    taxonomy: Annotated[Path | None, typer.Option(help="a JSON file of classes in place of the ENT ones")] = None,
    name: Annotated[str | None, typer.Option(help="what the library is called; its folder's name otherwise")] = None,
) -> None:
    """Make an empty library, bound to one encoder."""
    from core.library import DEFAULT_ENCODER, Library
    from core.taxonomy import ENT, Taxonomy

    classes = ENT if taxonomy is None else Taxonomy.from_file(taxonomy)
    with Progress("downloading weights", unit="bytes") as progress:
        library = Library.create(
            lib, name=name, encoder=encoder or DEFAULT_ENCODER, weights=weights, taxonomy=classes, on_progress=progress
        )
    info = library.info()
    say(f"made {lib}: {len(classes.classes)} classes, encoder {info.encoder} ({info.dimension} numbers an image)")
    library.close()


@app.command()
def ingest(
    lib: Lib,
    source: Annotated[
        Path, typer.Argument(metavar="SOURCE", help="folder, ZIP, manifest or image", show_default=False)
    ],
    manifest: Annotated[Path | None, typer.Option(help="CSV or JSON with path, label, finding, patient_id ...")] = None,
    workers: Annotated[int | None, typer.Option(min=1, max=64, help="threads that decode images")] = None,
    weights: Weights = None,
    as_json: Json = False,
) -> None:
    """Take in images: by folder of class, by manifest, or one by one. Interrupt at will; run again to go on."""
    from core.sources import open_source

    library = _open(lib, weights)
    should_stop = _stop_on_interrupt()
    with (
        open_source(source, library.taxonomy, manifest=manifest, limits=library.limits) as images,
        Progress("importing", unit="images") as progress,
    ):
        report = library.ingest(
            images, workers=workers, on_progress=progress.ingest, should_stop=should_stop, on_wait=progress.note
        )
    if as_json:
        console.print_json(console.ingest_json(report))
    else:
        console.show_ingest(report)
    library.close()


@app.command()
def search(
    lib: Lib,
    image: Annotated[list[Path] | None, typer.Argument(metavar="IMAGE", help="one or several: their mean")] = None,
    case: Annotated[list[str] | None, typer.Option(metavar="ID", help="a stored case to search with")] = None,
    text: Annotated[list[str] | None, typer.Option(metavar="WORDS", help="words to search with, in quotes")] = None,
    top_k: Annotated[int, typer.Option(help="how many results")] = 10,
    where: Where = None,
    space: Annotated[Literal["before", "after"] | None, typer.Option(help="before or after the flow")] = None,
    rerank: Annotated[bool | None, typer.Option(help="weigh class evidence in; by itself where that helps")] = None,
    weights: Weights = None,
    as_json: Json = False,
) -> None:
    """Show the cases most similar to images, stored cases or words, and what class their neighbourhood is of."""
    from core.filters import Filters
    from core.search import Query

    images = tuple(_read(path) for path in image or ())
    library = _open(lib, weights)
    filters = Filters.parse(where or [], library.taxonomy)
    if images or text:
        with Progress("downloading weights", unit="bytes") as progress:
            library.encoder.load(progress)
    result = library.search(Query(images, tuple(case or ()), tuple(text or ()), top_k, filters, space, rerank))
    if as_json:
        console.print_json(console.search_json(result))
    else:
        console.show_search(result, library.taxonomy)
    library.close()


@app.command()
def demo(
    folder: Annotated[
        Path | None, typer.Argument(help="among the app's libraries otherwise", show_default=False)
    ] = None,
) -> None:
    """Make the demo library of synthetic images, go on where that was cut short, or make it of a newer release."""
    from core.demo import default_root, open_demo

    root = folder or default_root()
    with Progress("making the demo library", unit="images") as progress:
        library = open_demo(root, on_progress=progress.ingest, on_wait=progress.note)
    facts = library.info()
    say(f"{facts.name}: {facts.cases} cases, all of them synthetic, in {root}")
    say(f'try: python -m core search {shlex.quote(str(root))} --text "left eardrum with a perforation"')
    library.close()


@app.command()
def info(lib: Lib, as_json: Json = False) -> None:
    """Say what a library is and holds."""
    library = _open(lib)
    facts = asdict(library.info())
    if as_json:
        console.print_json(facts)
    else:
        console.show_info(facts)
    library.close()


@app.command()
def verify(lib: Lib, as_json: Json = False) -> None:
    """Check a library from end to end; exit status 1 when something is wrong."""
    library = _open(lib)
    with Progress("checking", unit="images and vectors") as progress:
        report = library.verify(progress, say_aside)
    if as_json:
        console.print_json(asdict(report))
    else:
        console.show_verify(report)
    library.close()
    raise typer.Exit(0 if report.ok else 1)


@app.command()
def repair(lib: Lib) -> None:
    """Make anew what is derived: thumbnails and index."""
    library = _open(lib)
    with Progress("repairing", unit="images and vectors") as progress:
        library.repair(progress, progress.note)
    say(f"repaired {lib}; verify checks it")
    library.close()


@app.command()
def export(
    lib: Lib,
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="an empty or new folder", show_default=False)],
    where: Where = None,
) -> None:
    """Write images and a manifest to a folder that anyone can read and any library can take in."""
    from core.export import export as export_cases
    from core.filters import Filters

    library = _open(lib)
    with Progress("exporting", unit="images") as progress:
        filters = Filters.parse(where or [], library.taxonomy)
        count = export_cases(library.catalog, library.store, folder, filters, progress)
    say(f"wrote {count} cases to {folder}")
    library.close()


@app.command()
def activate(
    lib: Lib,
    flow: Annotated[str, typer.Argument(metavar="FLOW", help="id, folder or file of a flow; none", show_default=False)],
) -> None:
    """Search through a flow from now on; a file such as vf_model.pth is taken into the library first."""
    library = _open(lib)
    known = flow == "none" or flow in library.flows.ids()
    flow_id = flow if known else library.flows.add(Path(flow))
    with Progress("indexing", unit="vectors") as progress:
        library.activate(None if flow_id == "none" else flow_id, progress, progress.note)
    say(f"active flow: {flow_id}")
    library.close()


def _open(lib: Path, weights: Path | None = None) -> Any:
    return console.open_library(lib, weights)


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(get_settings().max_bytes + 1)  # one byte too many is enough to be refused
    except OSError as error:
        raise EntError(f"cannot read {path}: {error.strerror}; give an image file") from error


def _stop_on_interrupt() -> Callable[[], bool]:
    """The first Ctrl-C ends the import after the batch in hand; the second at once."""
    asked: list[int] = []

    def ask(number: int, _frame: object) -> None:
        if asked:
            raise KeyboardInterrupt
        asked.append(number)

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, ask)
    return lambda: bool(asked)


app.add_typer(flow_commands.app, name="flows")


def main() -> None:
    """Run a command; an expected error becomes one line on standard error and exit status 2."""
    status: object = 0
    try:
        status = app(sys.argv[1:] or ["--help"], standalone_mode=False)
        sys.stdout.flush()  # here, where a reader that has gone away is no mistake, and not when Python ends
    except EntError as error:
        status = _fail(str(error), error)
    except (KeyboardInterrupt, typer.Abort):
        status = 130
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except Exception as error:
        usage = getattr(error, "format_message", None)  # a mistake in the command line, by typer's own account
        unexpected = f"{type(error).__name__}: {error}; ENT_DEBUG=1 shows where"
        status = _fail(f"{usage()} (see --help)" if usage else unexpected, error)
    sys.exit(status if isinstance(status, int) else 0)


def _fail(message: str, error: Exception) -> int:
    if os.environ.get("ENT_DEBUG", "") not in ("", "0"):
        raise error
    sys.stderr.write("error: " + " ".join(message.split()) + "\n")
    return 2


if __name__ == "__main__":
    main()
