"""Charts as SVG text, to stand in a page that asks nothing of any other host."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape

from core.calibration import Reliability
from core.page import LIGHT, Markup

NAMES, PLOT, VALUES = 230, 460, 150
"""Pixels for the names on the left, the bars, and the numbers on the right."""
LONGEST = 34
"""Letters of a name that find room there; the rest is cut off."""
BAR, GAP, AXIS = 15, 12, 22
CELL, SQUARE, MARGIN, TOP = 46, 280, 60, 16

COLOURS = len(LIGHT)


@dataclass(frozen=True)
class Bar:
    """A value in [0, 1], and the interval it lies in where that is known."""

    value: float
    low: float | None = None
    high: float | None = None


def bar_chart(rows: Mapping[str, Mapping[str, Bar]], title: str, empty: str = "") -> Markup:
    """Horizontal bars from 0 to 1: `rows[group][series]`; the colour says which series, a whisker the interval.

    `empty` is said in place of the bars of a group that has none.
    """
    series = list(dict.fromkeys(name for bars in rows.values() for name in bars))
    height = AXIS + sum(GAP + BAR * max(1, len(bars)) for bars in rows.values())
    parts = [_axis(height)]
    y = AXIS + GAP / 2
    for group, bars in rows.items():
        middle = y + BAR * max(1, len(bars)) / 2
        parts.append(f'<text class="end" x="{NAMES - 10}" y="{middle}">{_name(group)}</text>')
        if not bars:
            parts.append(f'<text class="quiet" x="{NAMES + 12}" y="{middle}">{escape(empty)}</text>')
            y += BAR
        for name, bar in bars.items():
            parts.append(_bar(y, bar, series.index(name) % COLOURS, f"{group}, {name}"))
            y += BAR
        y += GAP
    return Markup(f"{_legend(series)}{_svg(NAMES + PLOT + VALUES, height, title, parts)}")


def heat_map(labels: Sequence[str], counts: Sequence[Sequence[int]], title: str) -> Markup:
    """Counts as a square of cells, rows against columns; the darker, the larger a part of its row."""
    head, parts = 90, []
    for i, label in enumerate(labels):
        at = CELL * (i + 0.5)
        turn = f"translate({NAMES + at} {head - 8}) rotate(-40)"
        parts.append(f'<text transform="{turn}">{_name(label)}</text>')
        parts.append(f'<text class="end" x="{NAMES - 10}" y="{head + at}">{_name(label)}</text>')
        parts += [_cell(labels, counts[i], i, j, head) for j in range(len(labels))]
    size = CELL * len(labels)
    return Markup(_svg(NAMES + size + 80, head + size + 4, title, parts))


def reliability_curve(found: Reliability) -> Markup:
    """Share of right ones (up) against the probability claimed (right), a dot a bin; the line is perfect belief."""
    most = max((entry.count for entry in found.bins), default=1)
    bottom, middle = TOP + SQUARE, MARGIN + SQUARE / 2
    turn = f"translate(10 {TOP + SQUARE / 2}) rotate(-90)"
    parts = [
        f'<path class="grid" d="M{MARGIN} {bottom}L{MARGIN + SQUARE} {TOP}" fill="none"/>',
        f'<text class="mid quiet" x="{middle}" y="{bottom + 40}">probability of the likeliest class</text>',
        f'<text class="mid quiet" transform="{turn}">share that is of it</text>',
    ]
    for tick in (0.0, 0.25, 0.5, 0.75, 1.0):
        x, y = MARGIN + SQUARE * tick, bottom - SQUARE * tick
        parts.append(f'<text class="mid quiet" x="{x}" y="{bottom + 18}">{tick:g}</text>')
        parts.append(f'<text class="end quiet" x="{MARGIN - 10}" y="{y}">{tick:g}</text>')
        parts.append(f'<path class="grid" d="M{MARGIN} {y}H{MARGIN + SQUARE}"/>')
    for entry in found.bins:
        x, y = MARGIN + SQUARE * entry.confidence, bottom - SQUARE * entry.accuracy
        said = f"{entry.count} queries: probability {entry.confidence:.2f}, right {entry.accuracy:.2f}"
        radius = 4 + 8 * (entry.count / most) ** 0.5
        parts.append(f'<g><title>{said}</title><circle class="s0" cx="{x:.1f}" cy="{y:.1f}" r="{radius:.1f}"/></g>')
    return Markup(_svg(MARGIN + SQUARE + TOP, bottom + 52, "Reliability curve", parts))


def _name(text: str) -> str:
    if len(text) <= LONGEST:
        return escape(text)
    return f"<title>{escape(text)}</title>{escape(text[: LONGEST - 1])}&hellip;"


def _axis(height: float) -> str:
    lines = []
    for tick in (0.0, 0.25, 0.5, 0.75, 1.0):
        x = NAMES + PLOT * tick
        lines.append(f'<line class="grid" x1="{x}" x2="{x}" y1="{AXIS}" y2="{height}"/>')
        lines.append(f'<text class="mid quiet" x="{x}" y="{AXIS / 2}">{tick:g}</text>')
    return "".join(lines)


def _bar(y: float, bar: Bar, colour: int, said: str) -> str:
    middle, known = y + BAR / 2, bar.low is not None and bar.high is not None
    interval = f" [{bar.low:.2f}, {bar.high:.2f}]" if known else ""
    shape = f'<rect class="s{colour}" x="{NAMES}" y="{y + 1}" width="{PLOT * bar.value:.1f}" height="{BAR - 2}"/>'
    if known:
        low, high = (f"{NAMES + PLOT * (end or 0.0):.1f}" for end in (bar.low, bar.high))
        shape += f'<path class="whisker" d="M{low} {middle}H{high}M{low} {middle - 3}v6M{high} {middle - 3}v6"/>'
    number = f'<text x="{NAMES + PLOT + 12}" y="{middle}">{bar.value:.3f}{interval}</text>'
    return f"<g><title>{escape(said)}: {bar.value:.3f}{interval}</title>{shape}{number}</g>"


def _cell(labels: Sequence[str], row: Sequence[int], i: int, j: int, head: int) -> str:
    share = row[j] / max(1, sum(row))
    x, y, kind = NAMES + CELL * j, head + CELL * i, "right" if i == j else "wrong"
    strong = "mid strong" if share > 0.45 else "mid"
    text = f'<text class="{strong}" x="{x + CELL / 2}" y="{y + CELL / 2}">{row[j]}</text>' if row[j] else ""
    said = f"{escape(labels[i])} taken for {escape(labels[j])}: {row[j]} of {sum(row)}"
    box = f'x="{x + 1}" y="{y + 1}" width="{CELL - 2}" height="{CELL - 2}"'
    return (
        f'<g><title>{said}</title><rect {box} fill="none" stroke="var(--line)"/>'
        f'<rect class="{kind}" {box} fill-opacity="{share:.2f}"/>{text}</g>'
    )


def _legend(series: Sequence[str]) -> str:
    keys = (f'<span><i class="key k{i % COLOURS}"></i>{escape(name)}</span>' for i, name in enumerate(series))
    return f'<p class="legend">{"".join(keys)}</p>'


def _svg(width: float, height: float, title: str, parts: Sequence[str]) -> str:
    box = f'width="{width:g}" height="{height:g}" viewBox="0 0 {width:g} {height:g}"'
    return f'<svg role="img" aria-label="{escape(title)}" {box}>{"".join(parts)}</svg>'
