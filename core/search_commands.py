"""`python -m core search`: the most similar cases, and what their neighbourhood says."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer
from rich.table import Table

from core import console
from core.console import Progress, say
from core.errors import EntError
from core.settings import get_settings

if TYPE_CHECKING:  # these bring torch, which takes seconds that --help should not
    from core.closeness import Closeness
    from core.filters import Filters
    from core.library import Library
    from core.query import Query
    from core.result_table import Standing
    from core.search import SearchHit, SearchResult
    from core.taxonomy import Taxonomy

Ids = list[str] | None
MOST_NAMED = 20
"""Values of a field that are named where the one asked for is not among them."""


def search(
    lib: Annotated[Path, typer.Argument(metavar="LIB", help="the library's folder", show_default=False)],
    image: Annotated[list[Path] | None, typer.Argument(metavar="IMAGE", help="one or several: their mean")] = None,
    case: Annotated[Ids, typer.Option(metavar="ID", help="a stored case to search with")] = None,
    text: Annotated[Ids, typer.Option(metavar="WORDS", help="words to search with, in quotes")] = None,
    top_k: Annotated[int, typer.Option(help="how many results")] = 10,
    where: Annotated[
        Ids, typer.Option(metavar="FIELD=VALUE", help="label, region, side, split, finding, patient, since, until")
    ] = None,
    space: Annotated[Literal["before", "after"] | None, typer.Option(help="before or after the flow")] = None,
    rerank: Annotated[bool | None, typer.Option(help="weigh class evidence in; by itself where that helps")] = None,
    more: Annotated[Ids, typer.Option(metavar="ID", help="a case to move the query towards")] = None,
    less: Annotated[Ids, typer.Option(metavar="ID", help="a case to move the query away from")] = None,
    mirror: Annotated[bool, typer.Option("--mirror", help="search with the mirror image")] = False,
    same_side: Annotated[bool, typer.Option("--same-side", help="only cases of the query's own side")] = False,
    side: Annotated[str | None, typer.Option(metavar="left|right", help="the side the query shows, if known")] = None,
    box: Annotated[str | None, typer.Option(metavar="X0,Y0,X1,Y1", help="only that part, each from 0 to 1")] = None,
    other_patients: Annotated[bool, typer.Option("--other-patients", help="none of the query's own patient")] = False,
    csv: Annotated[Path | None, typer.Option("--csv", metavar="FILE", help="write all results as a table")] = None,
    pdf: Annotated[Path | None, typer.Option("--pdf", metavar="FILE", help="write one page with pictures")] = None,
    weights: Annotated[Path | None, typer.Option(help="the encoder's weights: a file, or a folder with one")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="one JSON object on standard output, nothing else")] = False,
) -> None:
    """Show the cases most similar to images, stored cases or words, and what class their neighbourhood is of."""
    from core.filters import Filters
    from core.query import Query
    from core.region import Region

    images = tuple(_read(path) for path in image or ())
    library = console.open_library(lib, weights)
    query = Query(
        images=images,
        cases=tuple(case or ()),
        texts=tuple(text or ()),
        top_k=top_k,
        filters=Filters.parse(where or [], library.taxonomy),
        space=space,
        rerank=rerank,
        more=tuple(more or ()),
        less=tuple(less or ()),
        mirror=mirror,
        region=None if box is None else Region.parse(box),
        same_side=same_side,
        side=side,
        other_patients=other_patients,
    )
    if images or text:
        with Progress("downloading weights", unit="bytes") as progress:
            library.encoder.load(progress)
    result = library.search(query)
    standing, closeness = library.yardstick.standing_in(result), library.yardstick.closeness(result)
    names = [*(path.name for path in image or ()), *(f"case {case_id}" for case_id in query.cases)]
    doubt = closeness.said(names, in_part=box is not None)
    _export(library, query, result, standing, names, doubt, csv, pdf)
    if as_json:
        console.print_json(search_json(result, standing, closeness))
    else:
        show_search(result, library.taxonomy, standing)
        _say_more(library, query, result, doubt)
    library.close()


def _say_more(library: Library, query: Query, result: SearchResult, doubt: str) -> None:
    from core.closeness import PARTS
    from core.encoder_spec import ONLY_DRAWINGS

    unheard_of = () if result.hits else _unheard_of(library, query.filters)
    drawn = len(query.images) > len(result.identical) and library.encoder.spec.only_drawings
    for words in (doubt, ONLY_DRAWINGS if drawn else "", PARTS if query.region else "", *unheard_of):
        if words:
            say(words[0].lower() + words[1:])


def _export(
    library: Library,
    query: Query,
    result: SearchResult,
    standing: Standing,
    names: list[str],
    doubt: str,
    csv: Path | None,
    pdf: Path | None,
) -> None:
    from core.result_sheet import results_pdf
    from core.result_table import Ranking, results_csv
    from core.sheet import about, sheet_of

    if csv is not None:
        said = about(library.catalog, query, result, names[: len(query.images)])
        _write(csv, results_csv([Ranking.whole(result, standing)], library.taxonomy, said).encode())
    if pdf is not None:
        _write(pdf, results_pdf(sheet_of(library, query, result, standing, doubt), library.taxonomy))


def _unheard_of(library: Library, filters: Filters) -> Iterator[str]:
    """What `filters` ask for and no case of the library has, with what there is instead."""
    fields: tuple[Literal["finding", "split", "patient"], ...] = ("finding", "split", "patient")
    for field in fields:
        known = [value for value in library.catalog.facets(field) if value]
        for value in getattr(filters, field):
            if value and value not in known:
                others = f"; known: {', '.join(known[:MOST_NAMED])}" if known else ""
                more = f" and {len(known) - MOST_NAMED} more" if len(known) > MOST_NAMED else ""
                yield f"no case of this library has the {field} {value!r}{others}{more}"


def search_json(result: SearchResult, standing: Standing, closeness: Closeness) -> dict[str, Any]:
    """A search result as the JSON object of `search --json`; `standing` is the share of same-class pairs less alike.

    `close`: all pictures of the query have a close match. `close_each` says so of every one, images first, then cases;
    `close_together` of several together (null where that is not asked, or nothing tells).
    """
    evidence = {"evidence": dict(result.evidence.shares), "neighbours": result.evidence.neighbours}
    rest: dict[str, Any] = {"identical": list(result.identical), "space": result.space, "reranked": result.reranked}
    rest |= {"side": result.side.side, "side_from": result.side.told_by, "close": closeness.close}
    rest |= {"close_each": list(closeness.pictures), "close_together": closeness.together}
    rest |= {"far": result.far, "judged": dict(result.evidence.judged)}
    rest |= {"unknown_words": list(result.unknown_words), "meaningless": result.meaningless}
    hits = [{**_hit_json(hit), "standing": standing(hit.similarity)} for hit in result.hits]
    return {"hits": hits, **evidence, "milliseconds": asdict(result.milliseconds), **rest}


def _hit_json(hit: SearchHit) -> dict[str, Any]:
    return {
        "rank": hit.rank,
        "case_id": hit.case.case_id,
        "label": hit.case.label,
        "similarity": round(hit.similarity, 6),
        "filename": hit.case.filename,
        "identical": hit.identical,
    }


def _table(result: SearchResult, taxonomy: Taxonomy, standing: Standing) -> Table:
    from core.likeness import in_hundred
    from core.sides import contradicts

    paths = [PurePosixPath(hit.case.filename) for hit in result.hits]
    alike = len({path.parent for path in paths}) == 1  # a folder that all are in would take the place of their names
    shares = [standing(hit.similarity) for hit in result.hits]
    above = [] if shares.count(None) == len(shares) else ["above"]
    table = Table("rank", "similarity", *above, "dataset label", "case", "file", box=None, pad_edge=False)
    for hit, path, share in zip(result.hits, paths, shares, strict=True):
        title = taxonomy[hit.case.label].title if hit.case.label else "unlabelled"
        title += " (other side)" if contradicts(hit.case.label, result.side.side, taxonomy) else ""
        file = (path.name if alike else str(path)) + (" (the query's own picture)" if hit.identical else "")
        stands = ["" if share is None else f"{in_hundred(share)} of 100"] if above else []
        table.add_row(str(hit.rank), f"{hit.similarity:.2f}", *stands, title, hit.case.case_id, file)
    return table


def show_search(result: SearchResult, taxonomy: Taxonomy, standing: Standing) -> None:
    """A search result for people."""
    from core.closeness import NOTHING_CLOSE
    from core.evidence import few_said
    from core.sides import said as side_said

    if result.hits:
        console.out().print(_table(result, taxonomy, standing), markup=False, highlight=False)
    else:
        say("no case to show: none passes these filters, or the library is empty")
    asked = result.evidence.neighbours
    said = ", ".join(f"{count} {taxonomy[label].title}" for label, count in result.evidence.counts.items())
    if result.meaningless:
        say("none of these words is known to this encoder; the order means nothing")
    else:
        say(f"of the {asked} nearest labelled cases: {said}" if asked else "no labelled case to compare with")
        for words in (NOTHING_CLOSE if result.far else few_said(result.evidence),):
            if words and asked:
                say(words[0].lower() + words[1:])
    if side := side_said(result.side, result.evidence):
        say(f"side of the query {side}")
    if result.unknown_words and not result.meaningless:
        words = ", ".join(map(repr, result.unknown_words))
        say(f"the encoder has never read {words}: that part of the query says nothing to it")
    if result.hits and standing(result.hits[0].similarity) is not None:
        say("above: how many of 100 pairs of one class, and of different patients, in this library are less alike")
    if not result.side.agreed:
        say("they disagree on the side: look twice before you take one for granted")
    order = ", in the order of similarity and class evidence together" if result.reranked else ""
    say(f"cosine similarity {result.space} the flow{order}; {result.milliseconds.total:.0f} ms")


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(get_settings().max_bytes + 1)  # one byte too many is enough to be refused
    except OSError as error:
        raise EntError(f"cannot read {path}: {error.strerror}; give an image file") from error


def _write(path: Path, data: bytes) -> None:
    try:
        path.write_bytes(data)
    except OSError as error:
        raise EntError(f"cannot write {path}: {error.strerror}; choose another file") from error
