"""`python -m core`: make, fill, search and look after a library from the command line."""

from __future__ import annotations

import shlex
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from core import care_commands, console, flow_commands, label_command, map_commands, printout, search_commands, terminal
from core.console import Progress, say
from core.errors import EntError

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
    column: Annotated[
        list[str] | None, typer.Option(metavar="KEY=COLUMN", help="what a column of the manifest is: label=Klasse")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="say what would come of it, and store nothing")] = False,
    workers: Annotated[int | None, typer.Option(min=1, max=64, help="threads that decode images")] = None,
    weights: Weights = None,
    as_json: Json = False,
) -> None:
    """Take in images: by folder of class, by manifest, or one by one. Interrupt at will; run again to go on."""
    from core.sources import open_source

    library = _open(lib, weights)
    columns = _pairs(column or [])
    with (
        terminal.interruptible("stopping after the images in hand") as should_stop,
        open_source(source, library.taxonomy, manifest=manifest, columns=columns, limits=library.limits) as images,
        Progress("reading" if dry_run else "importing", unit="images") as progress,
    ):
        if dry_run:
            plan = library.plan(images, workers=workers, on_progress=progress.ingest, should_stop=should_stop)
            progress.close()
            printout.show_plan(plan, as_json)
            library.close()
            return
        report = library.ingest(
            images, workers=workers, on_progress=progress.ingest, should_stop=should_stop, on_wait=progress.note
        )
    if as_json:
        console.print_json(printout.ingest_json(report))
    else:
        printout.show_ingest(report)
    library.close()
    if report.failed and not report.added and not report.duplicates:
        raise typer.Exit(1)  # so that a script does not go on with nothing


@app.command()
def demo(
    folder: Annotated[
        Path | None, typer.Argument(help="among the app's libraries otherwise", show_default=False)
    ] = None,
) -> None:
    """Make the demo library of synthetic images, go on where that was cut short, or make it of a newer release."""
    from core.demo_library import default_root, open_demo

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
        printout.show_info(facts)
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
        report = export_cases(library.catalog, library.store, folder, filters, progress)
    say(f"wrote {report.written} cases to {folder}")
    for lost in report.lost:
        say(f"  left out: {lost}")
    library.close()
    raise typer.Exit(1 if report.lost else 0)


@app.command()
def activate(
    lib: Lib,
    flow: Annotated[str, typer.Argument(metavar="FLOW", help="id, folder or file of a flow; none", show_default=False)],
) -> None:
    """Search through a flow from now on; a file such as vf_model.pth is taken into the library first."""
    library = _open(lib)
    elsewhere = flow != "none" and flow not in library.flows.ids() and Path(flow).exists()
    flow_id = library.flows.add(Path(flow)) if elsewhere else flow
    with Progress("indexing", unit="vectors") as progress:
        library.activate(None if flow_id == "none" else flow_id, progress, progress.note)
    say(f"active flow: {flow_id}")
    library.close()


def _open(lib: Path, weights: Path | None = None) -> Any:
    return console.open_library(lib, weights)


def _pairs(written: list[str]) -> dict[str, str]:
    """KEY=COLUMN pairs as a mapping. Raises EntError for what is no pair."""
    parts = [text.partition("=") for text in written]
    if wrong := [text for text, (key, sign, _) in zip(written, parts, strict=True) if not key or not sign]:
        raise EntError(f"--column {wrong[0]!r} is no KEY=COLUMN; write for instance --column label=Klasse")
    return {key: column for key, _, column in parts}


app.command()(search_commands.search)
app.add_typer(flow_commands.app, name="flows")
for command in care_commands.COMMANDS:
    app.command()(command)
app.command()(label_command.label)
app.command("map")(map_commands.make)


def main() -> None:
    """Run a command."""
    terminal.run(app)


if __name__ == "__main__":
    main()
