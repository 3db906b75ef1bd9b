"""Results taken along: a table that spreadsheets read as text, one page with pictures."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from fpdf import FPDF

from core import NOTICE
from core.filters import Filters
from core.folding import Fold
from core.library import Library
from core.query import Query
from core.region import Region
from core.result_sheet import results_pdf
from core.result_table import About, Ranking, results_csv
from core.search import SearchResult
from core.sheet import about, gather, sheet_of
from core.taxonomy import ENT
from tests.conftest import picture, png
from tests.core.test_ingest import ingest

QUERY = Query((png(picture(99)),), top_k=14, more=(), filters=Filters(label=("throat", "")))


@pytest.fixture
def filled(library: Library, folder_of: Callable[..., Path]) -> Library:
    ingest(library, folder_of({"ear-left": 8, "throat": 16}))
    return library


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every line of text that is put on a page."""
    lines: list[str] = []
    cell = FPDF.cell

    def note(self: FPDF, w: float | None, h: float, text: str, **rest: object) -> bool:
        lines.append(text)
        return cell(self, w, h, text, **rest)

    monkeypatch.setattr(FPDF, "cell", note)
    return lines


def with_facts(result: SearchResult, **facts: str) -> SearchResult:
    hits = tuple(replace(hit, case=replace(hit.case, **facts)) for hit in result.hits)
    return replace(result, hits=hits)


def test_the_table_has_every_hit_with_its_numbers(filled: Library) -> None:
    result = filled.search(QUERY)
    rows = list(
        csv.DictReader(
            io.StringIO(results_csv([Ranking.whole(result, lambda similarity: similarity / 2)], ENT, About()))
        )
    )
    assert [row["case_id"] for row in rows] == [hit.case.case_id for hit in result.hits]
    assert len(rows) == 14
    for row, hit in zip(rows, result.hits, strict=True):
        assert float(row["similarity"]) == pytest.approx(hit.similarity, abs=1e-6)
        assert float(row["above_same_class_pairs"]) == pytest.approx(hit.similarity / 2, abs=1e-4)
        assert (row["label"], row["space"], row["reranked"], row["notice"]) == ("throat", "before", "no", NOTICE)


def test_the_table_has_what_is_shown_and_says_what_is_folded_into_what(filled: Library) -> None:
    result = filled.search(QUERY)
    first, second, third = result.hits[:3]
    shown = Ranking(result, (Fold(first, (third,)), Fold(second)))
    rows = list(csv.DictReader(io.StringIO(results_csv([shown, Ranking(result, (Fold(second),))], ENT, About()))))
    assert [row["rank"] for row in rows] == ["1", "3", "2", "2"]
    assert [row["folded_into"] for row in rows] == ["", first.case.case_id, "", ""]


def test_every_row_says_what_was_asked_of_which_library_and_when(filled: Library) -> None:
    query = replace(QUERY, texts=("sore throat 3",), side="left")
    result = filled.search(query)
    said = about(filled.catalog, query, result, ["=scope.png"])
    text = results_csv([Ranking.whole(result)], ENT, replace(said, flow="f" * 12))
    rows = list(csv.DictReader(io.StringIO(text)))
    assert {row["query"] for row in rows} == {"words: sore throat 3; image: =scope.png"}
    assert {row["asked_how"] for row in rows} == {"Only: label throat or none; Side that the query shows: left"}
    assert {row["library"] for row in rows} == {f"{filled.name}, encoder fake"}
    assert {row["flow"] for row in rows} == {""}  # found before it
    assert all(row["searched_at"].startswith("20") for row in rows)
    moved = replace(result, space="after")
    after = csv.DictReader(io.StringIO(results_csv([Ranking.whole(moved)], ENT, replace(said, flow="f" * 12))))
    assert {row["flow"] for row in after} == {"f" * 12}


def test_the_page_says_that_frames_are_folded(filled: Library, written: list[str]) -> None:
    result = filled.search(QUERY)
    facts = (filled.catalog, filled.store, QUERY, result, result.hits[:3], (), lambda similarity: None)
    results_pdf(gather(*facts, folded=11), ENT)
    assert "Folded: 3 cards hold 11 further frames of the same, so ranks skip" in written


@pytest.mark.parametrize("text", ["=HYPERLINK(1)", "+1+1", "-2+3", "@SUM(A1)", "\t=1"])
def test_a_spreadsheet_takes_no_text_for_a_formula(filled: Library, text: str) -> None:
    result = with_facts(filled.search(QUERY), finding=text)
    row = next(csv.DictReader(io.StringIO(results_csv([Ranking.whole(result)], ENT, About()))))
    assert row["finding"] == f"'{text}"


def test_one_page_says_what_was_asked_and_found(filled: Library, written: list[str]) -> None:
    query = replace(QUERY, region=Region(0.1, 0.2, 0.8, 0.9), more=(filled.catalog.cases()[0].case_id,))
    result = with_facts(filled.search(query), finding="Viêm tai giữa, đỏ")
    pdf = results_pdf(sheet_of(filled, query, result, lambda similarity: 0.5), ENT)
    assert pdf.startswith(b"%PDF-")
    assert pdf.count(b"/Type /Page\n") == 1
    assert written[0] == "Similar cases"
    assert written[-2].startswith("12 of 14 results")
    assert written[-2].rstrip().endswith("less alike.")
    assert NOTICE in written[-1]
    assert "Only: label throat or none" in written
    assert "Part of the image: from 10 to 80 % of its width, from 20 to 90 % of its height" in written
    assert "Refined: 1 marked as more like it, 0 as less" in written
    assert written.count("Viêm tai giua, do") == 12
    assert sum(line.startswith("cosine") and line.endswith("above 50 of 100") for line in written) == 12


def test_long_text_stays_within_its_place(filled: Library, written: list[str]) -> None:
    result = with_facts(filled.search(QUERY), finding="a very long finding " * 20)
    results_pdf(sheet_of(filled, QUERY, result, lambda similarity: None), ENT)
    assert max(len(line) for line in written if line.startswith("a very")) < 50
