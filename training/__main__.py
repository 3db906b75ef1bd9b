"""`python -m training`: make models, and measure what the project claims."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any, Literal

import typer
from rich.console import Console
from rich.table import Table

from core import terminal
from core.console import Progress
from core.settings import get_settings
from training.bench.commands import MODEL, Seed, bench

app = typer.Typer(help=__doc__, no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
app.add_typer(bench, name="bench")

DemoFolder = Annotated[Path | None, typer.Argument(help="folder of the demo; ENT_DEMO, or data/demo, otherwise")]
Lib = Annotated[Path, typer.Argument(metavar="LIB", help="the library's folder", show_default=False)]
Json = Annotated[bool, typer.Option("--json", help="one JSON object on standard output and nothing else there")]


@app.command("random-weights")
def random_weights_command(out: Path, model: str = MODEL, seed: Seed = 0) -> None:
    """Write random weights of a CLIP model's true form, for trying the app where none can be downloaded."""
    from training.random_weights import write_random_weights

    write_random_weights(out, model, seed)
    print(f"wrote {out}: random weights of {model}; what they rank means nothing")


@app.command("phantoms")
def phantoms_command(
    out: Annotated[Path | None, typer.Argument(help="new folder for images, manifest and README")] = None,
    per_class: Annotated[int, typer.Option(help="images of each of the seven classes")] = 100,
    seed: Seed = 0,
    size: Annotated[int, typer.Option(help="height of the frames in pixels, 48 to 512")] = 256,
    form: Annotated[Literal["jpeg", "webp"], typer.Option("--format", help="as a camera's JPEG, or smaller")] = "jpeg",
    sheet: Annotated[Path | None, typer.Option(help="also, or only, write a contact sheet (JPEG) to this file")] = None,
    beside: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="real images for the sheet, which then lies elsewhere")
    ] = None,
) -> None:
    """Render synthetic endoscopic pictures of the seven ENT classes, with captions and made-up patients."""
    from training.phantoms.dataset import write_dataset
    from training.phantoms.sheet import write_sheet

    if out is None and sheet is None:
        raise typer.BadParameter("give a folder OUT, or --sheet FILE, or both")
    if beside is not None and sheet is None:
        raise typer.BadParameter("--beside FOLDER is for a sheet; give --sheet FILE too")
    if out is not None:
        print(f"wrote {write_dataset(out, per_class, seed, size, form)} synthetic images to {out}")
    if sheet is not None:
        write_sheet(sheet, seed, beside)
        print(f"wrote a contact sheet to {sheet}")


@app.command("evaluate")
def evaluate_command(
    lib: Lib,
    split: Annotated[
        Literal["test", "val", "train", "all"] | None, typer.Option(help="test where there is one, else all")
    ] = None,
    flow: Annotated[
        str | None, typer.Option(metavar="ID", help="a flow of the library, or none; the active one otherwise")
    ] = None,
    baselines: Annotated[
        bool, typer.Option("--baselines", help="beside LDA, NCA, a linear map, thumbnails and random weights")
    ] = False,
    report: Annotated[Path | None, typer.Option(metavar="FILE", help="also write an HTML page with plots")] = None,
    pictures: Annotated[bool, typer.Option(help="show the worst queries' pictures in that page")] = True,
    keep: Annotated[bool, typer.Option("--keep", help="keep it in the library, where the app shows it")] = False,
    as_json: Json = False,
) -> None:
    """How well a library finds what is alike: before, at and after the flow, with intervals, tests and confusions."""
    from training.evaluate_command import Wanted, run

    run(lib, Wanted(split, flow, baselines, report, pictures, keep), as_json)


@app.command("words")
def words_command(
    lib: Lib,
    top: Annotated[int, typer.Option(min=1, help="how many nearest images to look at")] = 5,
    as_json: Json = False,
) -> None:
    """How over-represented each class is among the images nearest to its name in words."""
    from training.words_command import run

    run(lib, top, as_json)


@app.command("pretrain")
def pretrain_command(
    out: Annotated[Path, typer.Argument(help="new folder for the encoder")],
    seed: Seed = 0,
    steps: Annotated[int | None, typer.Option(min=1, help="batches; fewer make a quick, worse encoder")] = None,
    images: Annotated[int | None, typer.Option(min=7, help="phantoms rendered to train on")] = None,
    resume: Annotated[bool, typer.Option(help="go on with the run of these settings that was cut short")] = False,
) -> None:
    """Train ent-mini, the bundled encoder, on phantoms."""
    from training.pretrain.config import PretrainConfig
    from training.pretrain.run import run

    given = {"steps": steps, "images": images}
    config = PretrainConfig(seed=seed, **{name: value for name, value in given.items() if value is not None})
    with Progress("rendering", "images") as rendering, Progress("training", "steps") as training:
        cache = get_settings().cache / "pretrain"
        record = run(
            out, config, cache, resume, on_render=rendering, on_event=lambda event: training(event.step, event.steps)
        )
    print(f"wrote {out}")
    _show_figures(record["phantoms"])


@app.command("figures")
def figures_command(
    encoder: Annotated[str, typer.Argument(help="an encoder's name, or local-dir:FOLDER")] = "ent-mini",
    per_class: Annotated[int, typer.Option(min=2, help="fresh phantoms of each class")] = 100,
) -> None:
    """How good an encoder is on phantoms of patients it has never seen."""
    from core.encoder import CLIPEncoder, describe
    from training.pretrain.figures import measure

    _show_figures(asdict(measure(CLIPEncoder(*describe(encoder)), per_class)))


def _show_figures(figures: dict[str, Any]) -> None:
    table = Table("nearest neighbour right", "leave one out", "other patients", box=None)
    for name, share in figures["leave_one_out"].items():
        table.add_row(name.replace("_", " "), f"{share:.3f}", f"{figures['other_patients'][name]:.3f}")
    Console(width=120).print(f"{figures['images']} phantoms of unseen patients", table)


@app.command("split")
def split_command(
    lib: Lib, seed: Seed = 0, again: Annotated[bool, typer.Option("--again", help="make anew what was made")] = False
) -> None:
    """Deal the cases out to training, validation and test: patients and near-duplicates kept together."""
    from training.split_command import split

    split(lib, seed, again)


@app.command("train")
def train_command(
    lib: Lib,
    recipe: Annotated[str, typer.Option(help="default, or reference: the published settings")] = "default",
    epochs: Annotated[
        int | None, typer.Option(min=1, help="at most so many; of a resumed one the new end, and the rate goes by it")
    ] = None,
    resume: Annotated[str | None, typer.Option(metavar="ID", help="go on with a training that was stopped")] = None,
    seed: Annotated[int | None, typer.Option(help="random seed of split (where none is made yet) and training")] = None,
    rate: Annotated[float | None, typer.Option(help="learning rate; the recipe's own otherwise")] = None,
    batch: Annotated[int | None, typer.Option(min=2, help="images (reference: triplets) in a step")] = None,
    steps: Annotated[int | None, typer.Option(min=1, help="RK4 steps from t = 0 to 1")] = None,
    as_json: Json = False,
) -> None:
    """Train a flow on a library. Interrupt at will: the best so far is kept, and --resume ID goes on."""
    from training.train import Wanted, train

    train(lib, Wanted(recipe, epochs, seed, rate, batch, steps, resume), as_json)


@app.command("demo")
def demo_command(
    out: DemoFolder = None,
    per_class: Annotated[int, typer.Option(help="images of each of the seven classes")] = 100,
    seed: Seed = 0,
    size: Annotated[int, typer.Option(help="height of the frames in pixels, 48 to 512")] = 256,
    encoder: Annotated[str, typer.Option(help="the encoder its library is bound to")] = "ent-mini",
) -> None:
    """Make the demo that opens on first start: images, manifest, and their embeddings by the bundled encoder.

    It takes the place of the demo that is there, with its flow: `demo-flow` makes another one.
    """
    from training.demo import write_demo

    made = write_demo(out or get_settings().demo, per_class, seed, size, encoder)
    megabytes = sum(file.stat().st_size for file in made.folder.rglob("*") if file.is_file()) / 1e6
    print(f"wrote {made.images} synthetic images with their embeddings to {made.folder}: {megabytes:.1f} MB")
    print("it has no flow yet: python -m training demo-flow" + (f" {out}" if out else ""))


@app.command("demo-flow")
def demo_flow_command(
    demo: DemoFolder = None,
    seed: Seed = 0,
) -> None:
    """Train the flow that comes with the demo, on the demo; it is searched through from the first start."""
    from training.demo_flow_command import run

    run(demo or get_settings().demo, seed)


def main() -> None:
    """Run a command."""
    terminal.run(app)


if __name__ == "__main__":
    main()
