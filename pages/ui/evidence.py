"""Distributions over classes as bars in the classes' colours: what neighbours say, what a library holds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import streamlit as st

from core.closeness import NOTHING_CLOSE
from core.evidence import few_said
from core.sides import said
from core.taxonomy import Taxonomy
from pages.ui import frame, palette
from pages.ui.text import count, escaped

if TYPE_CHECKING:
    from core.evidence import Evidence
    from core.sides import Side


def show_evidence(evidence: Evidence, taxonomy: Taxonomy, *, far: bool = False) -> None:
    """How many of the nearest labelled cases are of which class, in words and bars; no class stands out if `far`."""
    total = evidence.neighbours
    if not total:
        frame.quiet("None of the nearest cases has a label, so they say nothing about the class.")
        return
    counts = evidence.counts
    bars = _bars(counts, total, taxonomy, f"of {total}")
    if far:
        frame.quiet(NOTHING_CLOSE)
        st.html(f'<div style="opacity:0.55">{bars}</div>')
        return
    st.html(_headline(evidence, taxonomy) + bars)
    if few := few_said(evidence):
        frame.quiet(few)


def show_side(side: Side, evidence: Evidence, *, mirrored: bool) -> None:
    """Which side the query is taken as, and a warning where its neighbours disagree on that."""
    if words := said(side, evidence):
        frame.quiet(f"{'Mirrored, the query is t' if mirrored else 'T'}{words[1:]}.")
    if not side.agreed:
        st.warning("These neighbours disagree on the side. Look twice.", icon=":material/swap_horiz:")


def show_counts(counts: Mapping[str, int], taxonomy: Taxonomy) -> None:
    """How many cases of each class there are."""
    st.html(_bars(counts, max(counts.values(), default=1), taxonomy, ""))


def _headline(evidence: Evidence, taxonomy: Taxonomy) -> str:
    counts, total = evidence.judged, sum(evidence.judged.values())
    most = max(counts.values())
    first, *others = (palette.title_of(taxonomy, label) for label, n in counts.items() if n == most)
    whom = f"the {total} nearest" if total < evidence.neighbours else count(total, "neighbour")
    words = f"{most} of {whom}: {first}"
    if others:
        words = f"A tie: {', '.join([first, *others[:-1]])} and {others[-1]}, {most} of {total} each"
    elif 2 * most <= total:
        words = f"No majority: {most} of {total} are {first}"
    return f'<div class="ent-case-title" style="margin-bottom:0.7rem">{escaped(words)}</div>'


def _bars(counts: Mapping[str, int], whole: int, taxonomy: Taxonomy, unit: str) -> str:
    rows = (
        _bar(palette.title_of(taxonomy, k), palette.colour_of(taxonomy, k).css, n, whole, unit)
        for k, n in counts.items()
    )
    return f'<ul class="ent-bars">{"".join(rows)}</ul>'


def _bar(title: str, colour: str, n: int, whole: int, unit: str) -> str:
    return (
        f'<li><div class="row"><span>{frame.swatch(colour)}{escaped(title)}</span>'
        f'<span class="n">{n} {escaped(unit)}</span></div><div class="track" aria-hidden="true">'
        f'<i style="width:{100 * n / max(whole, 1):.1f}%;background:{escaped(colour)}"></i></div></li>'
    )
