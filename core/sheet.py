"""The page of a search's results, gathered from a library: pictures, settings, evidence."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from core import sides
from core.catalog import Catalog
from core.closeness import NOTHING_CLOSE
from core.errors import EntError
from core.evidence import few_said
from core.filters import DATES, FIELDS
from core.imaging import load_image, thumbnail
from core.library import Library
from core.query import Query
from core.result_sheet import SHOWN, Found, Sheet
from core.result_table import About, Standing
from core.search import SearchHit, SearchResult
from core.store import ImageStore

SPACES = {"before": "before the flow", "after": "after the flow"}


def sheet_of(library: Library, query: Query, result: SearchResult, standing: Standing, doubt: str = "") -> Sheet:
    """The page for all hits of `result`; the pictures of the query are made small first."""
    images = [thumbnail(load_image(data, library.limits).rgb, 512) for data in query.images]
    return gather(library.catalog, library.store, query, result, result.hits, images, standing, doubt)


def gather(
    catalog: Catalog,
    store: ImageStore,
    query: Query,
    result: SearchResult,
    hits: Sequence[SearchHit],
    images: Sequence[bytes],
    standing: Standing,
    doubt: str = "",
    folded: int = 0,
) -> Sheet:
    """The page for those of the hits that are to be shown; `images` are the pictures of the query from outside.

    `doubt` is what is to be known before they are trusted, as `core.closeness` says it. `folded`: how many further
    results are folded into the hits.
    """
    state = catalog.state()
    stored = [small for case in catalog.cases_by_id(query.cases) if (small := _thumbnail(store, case.sha256))]
    found = [Found(hit, _thumbnail(store, hit.case.sha256), standing(hit.similarity)) for hit in hits[:SHOWN]]
    settings = [
        ("Library", f"{state.name}, encoder {state.encoder.name}"),
        *_settings(query, result, state.active_flow),
    ]
    if folded:
        also = f"{folded} further frame{'s' * (folded != 1)} of the same"
        settings.append(("Folded", f"{len(hits)} cards hold {also}, so ranks skip"))
    evidence = [*([doubt] if doubt else []), *_evidence(catalog, result)]
    facts = ("; ".join(query.texts), settings, evidence, found, len(hits))
    return Sheet("Similar cases", _now(), [*images, *stored], *facts)


def about(catalog: Catalog, query: Query, result: SearchResult, names: Sequence[str]) -> About:
    """What a table of the results says of the search; `names` are those of the pictures from outside."""
    state = catalog.state()
    asked = [*(f"words: {text}" for text in query.texts), *(f"image: {name}" for name in names)]
    asked += [f"case: {case_id}" for case_id in query.cases]
    _, *how = _settings(query, result, None)  # the order is another one in each ranking: a row says its own
    said = "; ".join(f"{name}: {value}" for name, value in how)
    library = f"{state.name}, encoder {state.encoder.name}"
    return About("; ".join(asked), said, library, state.active_flow or "", _now())


def _now() -> str:
    return datetime.now().astimezone().strftime("%Y-%m-%d %H:%M %Z")


def _settings(query: Query, result: SearchResult, flow: str | None) -> list[tuple[str, str]]:
    order = "class evidence and cosine similarity" if result.reranked else "cosine similarity"
    space = SPACES[result.space] + (f" {flow}" if result.space == "after" and flow else "")
    said = [("Order", f"{order} of embeddings {space}")]
    chosen = {field: [value or "none" for value in getattr(query.filters, field)] for field in FIELDS}
    terms = [f"{field} {' or '.join(values)}" for field, values in chosen.items() if values]
    terms += [f"{name} {day}" for name in DATES if (day := getattr(query.filters, name))]
    if terms:
        said.append(("Only", ", ".join(terms)))
    if query.region:
        said.append(("Part of the image", query.region.said))
    if query.more or query.less:
        said.append(("Refined", f"{len(query.more)} marked as more like it, {len(query.less)} as less"))
    ways = {"mirror image": query.mirror, "same side": query.same_side, "other patients": query.other_patients}
    if any(ways.values()):
        said.append(("Searched", ", ".join(way for way, asked in ways.items() if asked)))
    if query.side:
        said.append(("Side that the query shows", query.side))
    return said


def _evidence(catalog: Catalog, result: SearchResult) -> list[str]:
    asked = result.evidence.neighbours
    if result.meaningless:
        return ["None of these words is known to this encoder; the order means nothing."]
    if not asked:
        return ["No labelled case among the neighbours."]
    counts = (f"{count} {catalog.taxonomy[label].title}" for label, count in result.evidence.counts.items())
    side = sides.said(result.side, result.evidence)
    said = [f"Of the {asked} nearest labelled cases: {', '.join(counts)}"]
    said += [words for words in (NOTHING_CLOSE if result.far else few_said(result.evidence),) if words]
    said += [f"Side {side}"] if side else []
    return said if result.side.agreed else [*said, "They disagree on the side."]


def _thumbnail(store: ImageStore, sha256: str) -> bytes | None:
    try:
        return store.thumbnail(sha256)
    except (EntError, OSError):  # verify names what is wrong with a stored image
        return None
