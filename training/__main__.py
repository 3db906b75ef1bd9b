"""`python -m training`: make models, and measure what the project claims."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.console import Console
from rich.table import Table

from core.console import Progress
from core.encoder_spec import Encoder
from core.errors import EntError
from core.settings import ROOT
from training.bench.timing import Latency

app = typer.Typer(help=__doc__, no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
bench = typer.Typer(help="Measure; compare ratios within one run.", no_args_is_help=True)
app.add_typer(bench, name="bench")

MODEL = "ViT-B-32-quickgelu"
DEMO = ROOT / "data" / "demo"
Weights = Annotated[Path | None, typer.Option(help="weights of ViT-B/32; random ones of the same form otherwise")]
Seed = Annotated[int, typer.Option(help="random seed")]
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
) -> None:
    """Render synthetic endoscopic pictures of the seven ENT classes, with captions and made-up patients."""
    from training.phantoms.dataset import write_dataset
    from training.phantoms.sheet import write_sheet

    if out is None and sheet is None:
        raise typer.BadParameter("give a folder OUT, or --sheet FILE, or both")
    if out is not None:
        print(f"wrote {write_dataset(out, per_class, seed, size, form)} synthetic images to {out}")
    if sheet is not None:
        write_sheet(sheet, seed)
        print(f"wrote a contact sheet to {sheet}")


@app.command("evaluate")
def evaluate_command(
    lib: Lib,
    split: Annotated[
        Literal["test", "val", "train", "all"] | None, typer.Option(help="test where there is one, else all")
    ] = None,
    flow: Annotated[
        str | None, typer.Option(metavar="ID", help="a flow of the library; the active one otherwise")
    ] = None,
    baselines: Annotated[bool, typer.Option("--baselines", help="beside 8x8 thumbnails and random weights")] = False,
    report: Annotated[Path | None, typer.Option(metavar="FILE", help="also write an HTML page with plots")] = None,
    pictures: Annotated[bool, typer.Option(help="show the worst queries' pictures in that page")] = True,
    as_json: Json = False,
) -> None:
    """How well a library finds what is alike: before, at and after the flow, with intervals, tests and confusions."""
    from training.evaluate_command import Wanted, run

    run(lib, Wanted(split, flow, baselines, report, pictures), as_json)


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
    from core.settings import get_settings
    from training.pretrain.config import PretrainConfig
    from training.pretrain.run import run

    given = {"steps": steps, "images": images}
    config = PretrainConfig(seed=seed, **{name: value for name, value in given.items() if value is not None})
    with Progress("rendering", "images") as rendering, Progress("training", "steps") as training:
        cache = get_settings().cache / "pretrain"
        record = run(
            out, config, cache, resume, on_render=rendering, on_event=lambda event: training(event.step, event.steps)
        )
    print(f"wrote {out}; on phantoms of unseen patients:")
    for name, value in record["phantoms"].items():
        print(f"  {name.replace('_', ' '):16} {value}")


@app.command("split")
def split_command(
    lib: Lib, seed: Seed = 0, again: Annotated[bool, typer.Option("--again", help="make anew what was made")] = False
) -> None:
    """Deal the cases out to training, validation and test: patients and near-duplicates kept together."""
    from training.train import split

    split(lib, seed, again)


@app.command("train")
def train_command(
    lib: Lib,
    recipe: Annotated[str, typer.Option(help="default, or reference: the published settings")] = "default",
    epochs: Annotated[int | None, typer.Option(min=1, help="at most so many; the recipe's own otherwise")] = None,
    resume: Annotated[str | None, typer.Option(metavar="ID", help="go on with a training that was stopped")] = None,
    seed: Annotated[int | None, typer.Option(help="random seed of split (where none is made yet) and training")] = None,
) -> None:
    """Train a flow on a library. Interrupt at will: the best so far is kept, and --resume ID goes on."""
    from training.train import train

    train(lib, recipe, epochs, resume, seed)


@app.command("demo")
def demo_command(
    out: Annotated[Path, typer.Argument(help="new folder, or that of a demo, which it replaces")] = DEMO,
    per_class: Annotated[int, typer.Option(help="images of each of the seven classes")] = 100,
    seed: Seed = 0,
    size: Annotated[int, typer.Option(help="height of the frames in pixels, 48 to 512")] = 256,
    encoder: Annotated[str, typer.Option(help="the encoder its library is bound to")] = "ent-mini",
) -> None:
    """Make the demo that opens on first start: images, manifest, and their embeddings by the bundled encoder."""
    from training.demo import write_demo

    made = write_demo(out, per_class, seed, size, encoder)
    megabytes = sum(file.stat().st_size for file in out.rglob("*") if file.is_file()) / 1e6
    print(f"wrote {made.images} synthetic images with their embeddings to {out}: {megabytes:.1f} MB")


@bench.command("index")
def bench_index(
    cases: int = 20_000,
    dimension: int = 512,
    queries: int = 200,
    seed: Seed = 0,
    spread: Annotated[float, typer.Option(help="how far a patient's images lie apart; frames of a video: 0.02")] = 0.4,
) -> None:
    """Recall@10 and latency of the index under every kind of filter, beside exact scans."""
    from training.bench.index import run

    table = Table("filter", "cases", "recall@10", "index p50/p95 ms", "NumPy scan", "faiss flat", box=None)
    for row in run(cases, dimension, queries, seed, spread):
        faiss = "not installed" if row.faiss is None else _show(row.faiss)
        table.add_row(row.what, str(row.cases), f"{row.recall:.4f}", _show(row.index), _show(row.numpy), faiss)
    Console(width=120).print(f"{cases} clustered vectors of {dimension} numbers, {queries} queries", table)


@bench.command("flow")
def bench_flow(
    kind: Annotated[list[str] | None, typer.Option(help="thumbnail, untrained, ent-mini, digits, ...; all")] = None,
    method: Annotated[list[str] | None, typer.Option(help="raw, lda, nca, linear, reference, default; all")] = None,
    seeds: Annotated[int, typer.Option(min=1, help="splits, and trainings on them")] = 5,
    per_class: Annotated[int, typer.Option(min=10, help="phantoms of each class")] = 200,
) -> None:
    """Recall@1 of test images among training images, of the flow and of what it is compared with."""
    from training.bench.flow.report import run

    run(kind, method, seeds, per_class)


@bench.command("flow-speed")
def bench_flow_speed(images: int = 700, dimension: int = 512, rounds: int = 3, seed: Seed = 0) -> None:
    """Epochs beside a plain loop (targets: reference not slower, default 3 times faster); RK4 beside its products."""
    from training.bench.flow.speed import applying_speed, training_speed

    for count, target in ((10_000, 1.25), (1, 1.5)):
        found = applying_speed(count, dimension, rounds if count > 1 else 100 * rounds, seed)
        print(f"{count} embeddings, p50/p95 ms: flow {_show(found.flow)}, products {_show(found.products)}, ", end="")
        print(f"torchdiffeq {_show(found.torchdiffeq)}; ", end="")
        print(f"flow / products = {found.flow.p50 / found.products.p50:.2f} (target: at most {target})")
    speed = training_speed(images, dimension, rounds, seed)
    print(f"an epoch of {images} images, s: plain loop {speed.plain:.2f}, ", end="")
    print(f"reference {speed.reference:.2f}, default {speed.default:.2f}; ", end="")
    print(
        f"plain / reference = {speed.plain / speed.reference:.2f}, plain / default = {speed.plain / speed.default:.2f}"
    )


@bench.command("ingest")
def bench_ingest(images: Path | None = None, count: int = 192, rounds: int = 2, weights: Weights = None) -> None:
    """Images a second of an import, beside decoding and encoding alone (target: at least 0.85 of it)."""
    from training.bench.ingest import run

    with _vit_b_32(weights) as encoder:
        result = run(encoder, images, count, rounds)
    print(f"decode + encode alone {result.decode_encode:.2f} images/s; import {result.ingest:.2f} images/s")
    print(f"import / decode + encode = {result.share:.3f}")


@bench.command("search")
def bench_search(cases: int = 20_000, queries: int = 40, seed: Seed = 0, weights: Weights = None) -> None:
    """Milliseconds of a whole search, beside one forward pass of the encoder (target: at most 1.3 of it)."""
    from training.bench.search import run

    with _vit_b_32(weights) as encoder:
        result = run(encoder, cases, queries, seed)
    print(f"{cases} cases, {queries} queries; p50/p95 ms: forward pass {_show(result.forward)}")
    print(f"search before the flow {_show(result.before)}, after it {_show(result.after)}")
    print(f"search / forward pass = {result.ratio_before:.3f} before the flow, {result.ratio_after:.3f} after it")


@contextmanager
def _vit_b_32(weights: Path | None) -> Iterator[Encoder]:
    from core.encoder import CLIPEncoder, describe
    from training.random_weights import write_random_weights

    with tempfile.TemporaryDirectory() as folder:
        if weights is None:
            weights = Path(folder) / "random.safetensors"
            write_random_weights(weights, MODEL, seed=0)
        yield CLIPEncoder(*describe("clip-vit-b-32", weights))


def _show(latency: Latency) -> str:
    return f"{latency.p50:.2f} / {latency.p95:.2f}"


def main() -> None:
    """Run a command; an expected error becomes one line on standard error and exit status 2."""
    try:
        app()
    except (EntError, RuntimeError) as error:  # open_clip says RuntimeError of an unknown model
        sys.stderr.write(f"error: {error}\n")
        sys.exit(2)


if __name__ == "__main__":
    main()
