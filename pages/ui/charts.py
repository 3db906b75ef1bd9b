"""Charts in the style of the app, light and dark: few lines, no frame, the colours of the palette."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import streamlit as st

from pages.ui.palette import SERIES, Colour

if TYPE_CHECKING:
    import plotly.graph_objects as go

CONFIG = {"displayModeBar": False, "displaylogo": False, "responsive": True}
FEW = 40
"""Points of a line below which each is drawn and named."""
GRID = Colour("#d9dfe2", "#333e43")


def is_dark() -> bool:
    """Whether the browser of this session shows the dark theme."""
    return st.context.theme.type == "dark"


def hex_of(colour: Colour) -> str:
    """The colour for a chart, which unlike CSS does not follow the theme by itself."""
    return colour.dark if is_dark() else colour.light


def lines(
    series: Mapping[str, Sequence[float | None]],
    title: str,
    *,
    mark: int | None = None,
    unit: str = "epoch",
    between: tuple[float, float] | None = None,
) -> go.Figure:
    """One line a series over 1, 2, 3 ...; `mark` is a point of that axis to point out, `between` the ends of y."""
    import plotly.graph_objects as go

    figure = go.Figure()
    for number, (name, values) in enumerate(series.items()):
        colour = hex_of(SERIES[number])
        figure.add_scatter(
            x=list(range(1, len(values) + 1)),
            y=list(values),
            name=name,
            mode="lines+markers" if len(values) < FEW else "lines",
            line={"color": colour, "width": 2},
            marker={"size": 5},
            hovertemplate="%{y:.3f}",
        )
    if mark is not None:
        figure.add_vline(x=mark, line={"color": hex_of(GRID), "width": 2, "dash": "dot"})
    figure.update_layout(_layout(title, legend=len(series) > 1), hovermode="x unified")
    most = max((len(values) for values in series.values()), default=1)
    ends = [0.5, most + 0.5] if most < FEW else [0, most * 1.02]
    figure.update_xaxes(title_text=unit, range=ends, showgrid=False, zeroline=False)
    if most < FEW:
        figure.update_xaxes(tick0=1, dtick=1 + most // 10)
    figure.update_yaxes(gridcolor=hex_of(GRID), zeroline=False, range=between)
    return figure


def show(figure: go.Figure, *, key: str, alt: str) -> None:
    """Draw a chart; `alt` says in words what it shows."""
    st.plotly_chart(figure, key=key, config=CONFIG, alt=alt)


def _layout(title: str, *, legend: bool, height: int = 230) -> dict[str, Any]:
    return {
        "title": {"text": title, "font": {"size": 13}, "x": 0, "xanchor": "left", "y": 0.97, "yanchor": "top"},
        "height": height,
        "margin": {"l": 8, "r": 8, "t": 34 if title else 8, "b": 8},
        "showlegend": legend,
        "legend": {"orientation": "h", "x": 1, "xanchor": "right", "y": 1.02, "yanchor": "bottom"},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "font": {"size": 12},
        "dragmode": False,
    }
