"""The results of a search on one page of A4: the query, what was found, how it was asked. The only use of fpdf."""

from __future__ import annotations

import io
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from fpdf import FPDF
from fpdf.enums import XPos, YPos
from PIL import Image, ImageOps

from core import NOTICE, __version__
from core.likeness import in_hundred
from core.search import SearchHit
from core.taxonomy import Taxonomy

SHOWN = 12
"""Results on the page, in rows of four."""
ACROSS = 4
PICTURES = 3
"""Pictures of the query that are shown."""
MARGIN, WIDTH = 14.0, 182.0
GAP = 4.0
CELL = (WIDTH - (ACROSS - 1) * GAP) / ACROSS
TALL = 0.75 * CELL
"""All lengths in millimetres."""
BLACK, GREY = 0, 105


@dataclass(frozen=True)
class Found:
    """One result as it is printed: its thumbnail as an image file, and where its similarity stands, if anywhere."""

    hit: SearchHit
    thumbnail: bytes | None
    standing: float | None


@dataclass(frozen=True)
class Sheet:
    """What the page says; `pictures` are image files. `words`: what was asked for in words. `of`: how many results."""

    title: str
    made_at: str
    pictures: Sequence[bytes]
    words: str
    settings: Sequence[tuple[str, str]]
    evidence: Sequence[str]
    found: Sequence[Found]
    of: int


def results_pdf(sheet: Sheet, taxonomy: Taxonomy) -> bytes:
    """The page as a PDF file; text that its fonts do not have is written without accents."""
    pdf = FPDF(format="A4")
    pdf.set_auto_page_break(False)
    pdf.set_margins(MARGIN, MARGIN)
    pdf.c_margin = 0
    pdf.set_title(_latin(sheet.title))
    pdf.set_producer(f"ENT case browser {__version__}")
    pdf.add_page()
    _line(pdf, sheet.title, 15, bold=True)
    _line(pdf, f"{sheet.made_at}. {NOTICE}", 9, GREY)
    pdf.ln(3)
    _query(pdf, sheet)
    top = pdf.get_y()
    for at, found in enumerate(sheet.found[:SHOWN]):
        row, column = divmod(at, ACROSS)
        _result(pdf, found, taxonomy, MARGIN + column * (CELL + GAP), top + row * (TALL + 22))
    pdf.set_xy(MARGIN, 280)
    shown = min(len(sheet.found), SHOWN)
    meaning = "Above: how many of 100 pairs of one class in this library are less alike. "
    placed = any(found.standing is not None for found in sheet.found)
    _line(pdf, f"{shown} of {sheet.of} results. Classes are dataset labels. {meaning if placed else ''}", 8, GREY)
    _line(pdf, f"{NOTICE} ENT case browser {__version__}.", 8, GREY)
    return bytes(pdf.output())


def _query(pdf: FPDF, sheet: Sheet) -> None:
    """The query's pictures at the left, how it was asked and what the neighbours say at the right."""
    top = pdf.get_y()
    pictures = sheet.pictures[:PICTURES]
    wide = CELL if len(pictures) < 2 else CELL / 1.5
    for at, picture in enumerate(pictures):
        _image(pdf, picture, MARGIN + at * (wide + 2), top, wide)
    pdf.set_left_margin(MARGIN + (len(pictures) * (wide + 2) + 3 if pictures else 0))
    pdf.set_y(top)
    if sheet.words:
        _line(pdf, f'Asked for: "{sheet.words}"', 10, bold=True)
    for name, value in sheet.settings:
        _line(pdf, f"{name}: {value}", 9)
    for said in sheet.evidence:
        _line(pdf, said, 9, GREY)
    pdf.set_left_margin(MARGIN)
    pdf.set_xy(MARGIN, max(pdf.get_y(), top + (TALL if pictures else 0)) + 6)


def _result(pdf: FPDF, found: Found, taxonomy: Taxonomy, x: float, y: float) -> None:
    hit, case = found.hit, found.hit.case
    if found.thumbnail is not None:
        _image(pdf, found.thumbnail, x, y, CELL)
    pdf.set_left_margin(x)
    pdf.set_xy(x, y + TALL + 0.8)
    title = taxonomy[case.label].title if case.label else "Not labelled"
    _line(pdf, f"{hit.rank}  {title}", 9.5, bold=True, width=CELL)
    if case.finding:
        _line(pdf, case.finding, 8.5, width=CELL)
    place = "" if found.standing is None else f", above {in_hundred(found.standing)} of 100"
    _line(pdf, f"cosine {hit.similarity:.2f}{place}", 8, GREY, width=CELL)
    _line(pdf, f"case {case.case_id}" + (", identical" if hit.identical else ""), 8, GREY, width=CELL)
    pdf.set_left_margin(MARGIN)


def _image(pdf: FPDF, data: bytes, x: float, y: float, width: float) -> None:
    """A picture on black in a frame of 4 to 3, as JPEG: a tenth of the bytes of what fpdf would make of it."""
    with Image.open(io.BytesIO(data)) as image:
        rgb = ImageOps.contain(image.convert("RGB"), (400, 300))
    frame = Image.new("RGB", (400, 300))
    frame.paste(rgb, ((400 - rgb.width) // 2, (300 - rgb.height) // 2))
    file = io.BytesIO()
    frame.save(file, "JPEG", quality=88)
    pdf.image(file, x, y, width, 0.75 * width)


def _line(pdf: FPDF, text: str, size: float, grey: int = BLACK, *, bold: bool = False, width: float = 0) -> None:
    """One line, cut off with an ellipsis where it is too long."""
    pdf.set_font("Helvetica", "B" if bold else "", size)
    pdf.set_text_color(grey)
    room = width or pdf.w - MARGIN - pdf.get_x()
    shown = said = _latin(" ".join(text.split()))
    while shown and pdf.get_string_width(shown) > room:
        said = said[:-1]
        shown = f"{said.rstrip()}..."
    pdf.cell(width or None, 0.47 * size, shown, new_x=XPos.LMARGIN, new_y=YPos.NEXT)


def _latin(text: str) -> str:
    """The text in the letters that the fonts of every PDF reader have: other ones lose their accents, or become ?."""
    kept = []
    for letter in text.replace("đ", "d").replace("Đ", "D"):
        if letter.encode("latin-1", "ignore"):
            kept.append(letter)
        else:
            bare = unicodedata.normalize("NFKD", letter).encode("ascii", "ignore").decode()
            kept.append(bare or ("" if unicodedata.combining(letter) else "?"))
    return "".join(kept)
