"""One HTML file that needs nothing else: no script, no other host, images within; light and dark."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Sequence
from html import escape

CAUTION = "For research and education, not for diagnosis."
POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
LIGHT = ("#0072b2", "#c44f00", "#00815e", "#b4558b", "#5d6b72", "#877800", "#6a51a3", "#8c3b2a", "#2b8bbf")
DARK = ("#4a9bd6", "#e8703a", "#14b389", "#cc79a7", "#aab6bc", "#f0e442", "#a898dc", "#d49484", "#8accf0")
"""Colours of series, told apart by colour-blind eyes too."""
LAYOUT = """
body { margin: 0; background: var(--page); color: var(--text); font: 15px/1.5 system-ui, sans-serif; }
main { max-width: 1180px; margin: 0 auto; padding: 24px; }
h1 { font-size: 26px; } h2 { font-size: 18px; margin: 36px 0 8px; } footer, .quiet { color: var(--quiet); }
footer { margin-top: 40px; border-top: 1px solid var(--line); padding-top: 8px; }
.wide { overflow-x: auto; } table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { text-align: left; padding: 3px 14px 3px 0; border-bottom: 1px solid var(--line); vertical-align: top; }
figure { margin: 12px 0; } td img { height: 84px; display: block; border-radius: 4px; }
.legend span { margin-right: 16px; } .key { display: inline-block; width: 11px; height: 11px; margin-right: 6px; }
.big b { font-size: 30px; margin-right: 8px; }
svg { max-width: 100%; height: auto; font: 12px system-ui, sans-serif; }
svg text { fill: var(--text); dominant-baseline: central; }
svg .end { text-anchor: end; } svg .mid { text-anchor: middle; } svg .quiet { fill: var(--quiet); }
svg .grid { stroke: var(--line); } svg .whisker { stroke: var(--text); stroke-width: 1.2; }
svg .right { fill: var(--s2); } svg .wrong { fill: var(--s1); } svg .strong { fill: #fff; font-weight: 600; }
"""


class Markup(str):
    """Text that is HTML already, as against text from people and files, which is escaped."""

    __slots__ = ()


def page(title: str, sections: Iterable[Markup]) -> str:
    """A whole page with that title and the caution that it is not for diagnosis."""
    name = escape(title)
    return (
        f'<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><title>{name}</title>'
        '<meta name="viewport" content="width=device-width">'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}"><style>{_style()}</style></head>'
        f"<body><main><h1>{name}</h1>{''.join(sections)}<footer>{CAUTION}</footer></main></body></html>\n"
    )


def section(title: str, *content: str) -> Markup:
    """A part of a page; content that is no Markup becomes a paragraph."""
    parts = (part if isinstance(part, Markup) else f"<p>{escape(part)}</p>" for part in content)
    return Markup(f"<section><h2>{escape(title)}</h2>{''.join(parts)}</section>")


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> Markup:
    """A table; cells that are no Markup are escaped."""
    top = "".join(f"<th>{escape(cell)}</th>" for cell in head)
    body = "".join(f"<tr>{''.join(f'<td>{_text(cell)}</td>' for cell in row)}</tr>" for row in rows)
    return Markup(f'<div class="wide"><table><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table></div>')


def picture(webp: bytes | None, said: str) -> Markup:
    """An image within the page, or its description where there is none."""
    if webp is None:
        return Markup(escape(said))
    data = base64.b64encode(webp).decode("ascii")
    return Markup(f'<img src="data:image/webp;base64,{data}" alt="{escape(said)}">')


def _text(cell: str) -> str:
    return cell if isinstance(cell, Markup) else escape(cell)


def _style() -> str:
    light = _variables(LIGHT, page="#ffffff", text="#1a2226", quiet="#56646b", line="#d9dfe2")
    dark = _variables(DARK, page="#11171a", text="#e3e9eb", quiet="#9fb0b7", line="#333e43")
    own = "".join(f".k{i} {{ background: var(--s{i}); }} svg .s{i} {{ fill: var(--s{i}); }}" for i in range(len(LIGHT)))
    return f":root {{{light}}} @media (prefers-color-scheme: dark) {{ :root {{{dark}}} }} {LAYOUT}{own}"


def _variables(series: Sequence[str], **colours: str) -> str:
    named = {**colours, **{f"s{i}": colour for i, colour in enumerate(series)}}
    return "".join(f"--{name}: {colour};" for name, colour in named.items())
