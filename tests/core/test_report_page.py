"""The page of an evaluation: whole, self-contained, and safe against text from people."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from core.calibration import Bin, Reliability
from core.chart import Bar, bar_chart, heat_map, reliability_curve
from core.evaluate import evaluate
from core.evaluation import LEAVE_ONE_OUT, OTHER_PATIENTS
from core.flow import Flow
from core.library import Library
from core.manifest import CaseFacts
from core.page import Markup, table
from core.report_page import report_page
from core.sources import Source, SourceItem
from core.vector_field import VectorField
from tests.conftest import DIMENSION, FakeEncoder, picture, png
from tests.core.test_ingest import ingest

VOID = {"meta", "img", "br"}


class Balanced(HTMLParser):
    """Fails on an element that is closed but not open; `open` must be empty at the end."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.sources: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.sources += [value or "" for name, value in attrs if name in ("src", "href", "srcset")]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        pass

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.fixture
def page_and_library(tmp_path: Path, encoder: FakeEncoder, folder_of: Callable[..., Path]) -> tuple[str, Library]:
    library = Library.create(tmp_path / "library", name="<script>alert(1)</script> & co", encoder=encoder)
    ingest(library, folder_of({"ear-left": 5, "ear-right": 5, "throat": 5}))
    evaluation = evaluate(
        library,
        flow=Flow(VectorField(dim=DIMENSION), flow_id="a-flow"),
        baselines={"<b>": lambda cases: np.ones((len(cases), 2), dtype=np.float32)},
    )
    worst = evaluation.protocols[LEAVE_ONE_OUT].spaces["after"].worst
    pictures = {o.case.case_id: library.thumbnail_bytes(o.case) for o in worst}
    return report_page(evaluation, pictures), library


def test_the_page_is_whole_and_asks_nothing_of_others(page_and_library: tuple[str, Library]) -> None:
    text, _ = page_and_library
    parser = Balanced()
    parser.feed(text)
    parser.close()
    assert parser.open == []
    assert parser.sources
    assert all(source.startswith("data:image/webp;base64,") for source in parser.sources)
    assert not re.search(r"https?://|@import|url\(", text)
    assert "default-src 'none'" in text
    assert len(text) < 500_000


def test_names_of_people_are_text(page_and_library: tuple[str, Library]) -> None:
    text, library = page_and_library
    assert "<script" not in text
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; co" in text
    assert "&lt;b&gt;" in text
    library.close()


def test_the_page_shows_what_was_found(page_and_library: tuple[str, Library]) -> None:
    text, _ = page_and_library
    for said in ("CLIP score", "flow matching score", "step 0", "laterality errors", "not for diagnosis", "mAP@R"):
        assert said in text
    assert text.count("<svg") == 5  # overall, by class, by region, two confusions


def test_the_spaces_are_explained_where_they_are_first_seen(page_and_library: tuple[str, Library]) -> None:
    text, _ = page_and_library
    first = text[: text.index("<h2>Leave one out</h2>")]
    assert "step 0: one application of the vector field at t = 0" in first
    assert "nowrap" not in text  # a table is never wider than the page for words that could be wrapped


def test_where_patients_are_known_the_page_leads_with_other_patients(
    library: Library, folder_of: Callable[..., Path]
) -> None:
    items = tuple(
        SourceItem(f"{label}-{n}.png", CaseFacts(label, patient=f"p{n % 3}"), partial(png, picture(10 * row + n)))
        for row, label in enumerate(("ear-left", "throat"))
        for n in range(6)
    )
    library.ingest(Source("made", items))
    evaluation = evaluate(library)
    text = report_page(evaluation, {})

    assert evaluation.lead == OTHER_PATIENTS
    assert text.index("class Recall@1 among images of other patients") < text.index("CLIP score")
    assert text.index("<h2>Other patients only</h2>") < text.index("<h2>Leave one out</h2>")
    assert "Recall@1 by class, other patients only" in text


def test_a_reliability_curve_stands_where_there_is_a_re_ranking(page_and_library: tuple[str, Library]) -> None:
    text, library = page_and_library
    assert "Reliability of the class evidence" not in text
    evaluation = evaluate(library)
    found = Reliability((Bin(30, 0.75, 0.5), Bin(10, 0.95, 1.0)), 0.2)
    text = report_page(replace(evaluation, calibration=found, seen=7), {})
    assert "Expected calibration error 0.200 on 40 queries" in text
    assert "trained on 7 of these queries" in text
    assert "30 queries: probability 0.75, right 0.50" in text


def test_dots_of_a_reliability_curve_lie_where_they_say() -> None:
    drawn = reliability_curve(Reliability((Bin(4, 0.5, 1.0),), 0.5))
    assert 'cx="200.0" cy="16.0" r="12.0"' in drawn  # 60 + 0.5 x 280, and 16 + 0 x 280: the dot is within the drawing
    assert "probability of the likeliest class" in drawn


def test_bars_are_as_long_as_their_values() -> None:
    drawn = bar_chart({"one": {"a": Bar(0.5, 0.25, 0.75), "b": Bar(1.0)}}, "title")
    assert 'width="230.0"' in drawn
    assert 'width="460.0"' in drawn
    assert "M345.0 " in drawn  # 230 + 0.25 x 460
    assert "0.500 [0.25, 0.75]" in drawn
    assert drawn.count("whisker") == 1


def test_cells_are_as_dark_as_their_part_of_the_row() -> None:
    drawn = heat_map(("a", "b"), ((3, 1), (0, 0)), "title")
    assert "a taken for b: 1 of 4" in drawn
    assert 'fill-opacity="0.75"' in drawn
    assert 'fill-opacity="0.00"' in drawn


def test_cells_of_a_table_are_escaped_unless_they_are_markup() -> None:
    assert "<td>&lt;i&gt;</td><td><i>x</i></td>" in table(["a", "b"], [["<i>", Markup("<i>x</i>")]])


def test_a_class_of_which_there_is_none_to_find_is_told_from_one_that_is_never_found(
    library: Library, folder_of: Callable[..., Path]
) -> None:
    ingest(library, folder_of({"ear-left": 5, "ear-right": 5, "throat": 1}))
    text = report_page(evaluate(library), {})
    row = text[text.index("throat (1)") :]
    assert 0 < row.index("none to find") < row.index("</svg>")
    assert "throat (1), " not in text  # no bar of it
    assert "ear-left (5), before the flow: " in text
