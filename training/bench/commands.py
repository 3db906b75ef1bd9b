"""`python -m training bench`: what the project claims of itself, measured again."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from core.console import Progress
from core.encoder_spec import Encoder
from training.bench.timing import Latency

bench = typer.Typer(help="Measure; compare ratios within one run.", no_args_is_help=True)

MODEL = "ViT-B-32-quickgelu"
Weights = Annotated[Path | None, typer.Option(help="weights of ViT-B/32; random ones of the same form otherwise")]
Seed = Annotated[int, typer.Option(help="random seed")]


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


Kinds = Annotated[list[str] | None, typer.Option("--kind", help="ent-mini, blind, untrained, thumbnail, digits, ...")]
Methods = Annotated[list[str] | None, typer.Option("--method", help="some of the rows; all otherwise")]
Seeds = Annotated[int, typer.Option(min=1, help="splits, and trainings on them")]
PerClass = Annotated[int, typer.Option(min=10, help="phantoms of each class: the demo's 100, and fresh ones")]
Kept = Annotated[bool, typer.Option("--kept", help="only what was measured before: nothing is trained")]


@bench.command("flow")
def bench_flow(
    kind: Kinds = None,
    method: Methods = None,
    seeds: Seeds = 5,
    per_class: PerClass = 150,
    kept: Kept = False,
    record: Annotated[list[str] | None, typer.Option(help="a method whose outcome is put among the sources")] = None,
) -> None:
    """Recall@1 of test images among training images, of the flow and of what it is compared with.

    What was measured is kept in the cache folder (ENT_CACHE): interrupt at will, and run again to go on.
    """
    from training.bench.flow.report import run

    run(kind, method, seeds, per_class, kept, record or ())


@bench.command("flow-blind")
def bench_flow_blind() -> None:
    """Train the side-blind encoder of that benchmark anew: what was recorded of it then counts no more."""
    from training.bench.flow.blind import FRAME, WEIGHTS, BlindConfig, save_blind, train_blind
    from training.bench.flow.images import rendered

    with Progress("training", "steps") as show:
        save_blind(train_blind(lambda people: rendered(people, FRAME), BlindConfig(), show), WEIGHTS)


@bench.command("flow-ablation")
def bench_flow_ablation(
    kind: Kinds = None, method: Methods = None, seeds: Seeds = 3, per_class: PerClass = 150, kept: Kept = False
) -> None:
    """The same for the default recipe with one thing taken away, or another in its place."""
    from training.bench.flow.report import ablate

    ablate(kind, method, seeds, per_class, kept)


@bench.command("flow-speed")
def bench_flow_speed(
    images: int = 700,
    dimension: int = 512,
    rounds: int = 3,
    seed: Seed = 0,
    reach: Annotated[str, typer.Option(help="embeddings on which both recipes are trained to the end")] = "blind",
    per_class: PerClass = 150,
) -> None:
    """Epochs beside a plain loop (targets: reference not slower, default 3 times faster); RK4 beside its products.

    Then, of both recipes, how long each takes to the reference run's best validation Recall@1 (target: a sixth); what
    `bench flow` trained before is not trained again.
    """
    from training.bench.flow.report import reach as reach_it
    from training.bench.flow.speed import applying_speed, training_speed

    for count, target in ((10_000, 1.25), (1, 1.5)):
        found = applying_speed(count, dimension, rounds if count > 1 else 100 * rounds, seed)
        print(
            f"{count} embeddings, p50/p95 ms: flow {_show(found.flow)}, torchdiffeq {_show(found.torchdiffeq)}, ",
            end="",
        )
        each = {"products": found.products, "a part a core": found.core_products, "head by head": found.head_products}
        print(", ".join(f"{name} {_show(one)}" for name, one in each.items()), end="; ")
        ratios = ", ".join(f"{name} {found.flow.p50 / one.p50:.2f}" for name, one in each.items())
        print(f"flow / {ratios} (target: at most {target})")
    speed = training_speed(images, dimension, rounds, seed)
    print(f"an epoch of {images} images, s: plain loop {speed.plain:.2f}, ", end="")
    print(f"reference {speed.reference:.2f}, default {speed.default:.2f}; ", end="")
    print(
        f"plain / reference = {speed.plain / speed.reference:.2f}, plain / default = {speed.plain / speed.default:.2f}"
    )
    for words in reach_it(reach, seed, per_class):
        print(words)


@bench.command("near-duplicates")
def bench_near_duplicates(
    images: Annotated[Path | None, typer.Argument(help="a folder of images; phantoms otherwise")] = None,
    per_class: PerClass = 150,
) -> None:
    """How alike frames of a video, images of one patient and of two are to the eye that keeps near-duplicates together.

    And altered copies: re-compressed, made smaller, brighter, without a margin.
    """
    from training.bench.near_duplicates import phantoms, photographs

    for line in phantoms(per_class) if images is None else photographs(images):
        print(line)


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


@bench.command("encoder")
def bench_encoder(rounds: int = 60, weights: Weights = None) -> None:
    """Milliseconds of one image through ent-mini, beside one through ViT-B/32 (target: at most an eighth)."""
    from core.encoder import CLIPEncoder, describe
    from training.bench.encoder import run

    with _vit_b_32(weights) as large:
        speed = run(CLIPEncoder(*describe("ent-mini")), large, rounds)
    print(f"p50/p95 ms: ent-mini {_show(speed.small)}, ViT-B/32 {_show(speed.large)}")
    print(f"ent-mini / ViT-B/32 = {speed.ratio:.3f} (an eighth is 0.125)")


@bench.command("app")
def bench_app(
    cases: int = 20_000,
    rounds: Annotated[int, typer.Option(min=1)] = 7,
    map_only: Annotated[bool, typer.Option("--map-only", help="nothing but the map, as of 50 000 cases")] = False,
) -> None:
    """Seconds a person waits in the app, on the demo, and beside it on a library of many cases.

    The lasso takes 5 000 points of each map, or all where there are fewer; between the maps of the demo and of many
    cases stands that of a library of just so many.
    """
    from training.bench.app_report import run

    for line in run(cases, rounds, map_only):
        print(line)


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
