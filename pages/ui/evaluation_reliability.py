"""How far the class evidence behind the re-ranking can be believed: a curve whose dots open their queries."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from core.behind import bins
from core.evaluation import RERANKED
from pages.ui import evaluation_pick, frame
from pages.ui.evaluation_choice import View
from pages.ui.evaluation_pick import Pick
from pages.ui.evaluation_words import tenth
from pages.ui.palette import SERIES
from pages.ui.text import count

if TYPE_CHECKING:
    from core.calibration import Reliability

HERE = Path(__file__).parent
KEY = "evaluation_reliability"

_component = st.components.v2.component(
    "ent_reliability",
    html='<svg role="group"></svg><p class="told" aria-hidden="true"></p>',
    css=(HERE / "evaluation_reliability.css").read_text(encoding="utf-8"),
    js=(HERE / "evaluation_reliability.js").read_text(encoding="utf-8"),
)


def show(view: View) -> None:
    """The reliability curve with its expected calibration error; nothing without a re-ranking."""
    found = view.evaluation.calibration
    if found is None:
        return
    st.subheader("Can the class evidence be believed", anchor=False)
    frame.quiet(
        "Of the queries whose likeliest class gets a probability near p, a share p should be of that class: the dotted "
        f"line. Expected calibration error {found.ece:.2f}; larger dots stand for more queries."
    )
    chosen, data = evaluation_pick.picked(), curve(found, bins(view.evaluation))
    known = {dot["pick"] for dot in data["dots"] if dot["pick"]}

    def _picked() -> None:
        pick = getattr(st.session_state.get(KEY), "pick", None)
        if pick in known:
            evaluation_pick.pick(pick)

    _component(key=KEY, data=data | {"picked": chosen.text if chosen else ""}, on_pick_change=_picked)


def curve(found: Reliability, places: tuple[int, ...]) -> dict[str, object]:
    """What is drawn: a dot a bin, which can be picked where `places` says which tenth each bin is."""
    most = max((entry.count for entry in found.bins), default=1)
    opens = len(places) == len(found.bins)
    dots = [
        {
            "x": entry.confidence,
            "y": entry.accuracy,
            "size": (entry.count / most) ** 0.5,
            "pick": Pick("bin", RERANKED, str(places[number])).text if opens else "",
            "said": f"Probability {tenth(places[number]) if opens else format(entry.confidence, '.2f')}: right for "
            f"{round(entry.accuracy * entry.count)} of {count(entry.count, 'query', 'queries')}",
        }
        for number, entry in enumerate(found.bins)
    ]
    return {
        "dots": dots,
        "label": f"Reliability curve with an expected calibration error of {found.ece:.2f}",
        "x": "probability given to the likeliest class",
        "y": "share that was right",
        "colour": SERIES[0].css,
        "hint": "Point at a dot, or pick one to see its queries." if opens else "",
    }
