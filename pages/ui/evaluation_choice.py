"""What to evaluate and how to look at it: flow, split, protocol and level, and the report that is kept of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import streamlit as st

from core.errors import QueryError
from core.evaluation import LEVELS as RELEVANT
from core.evaluation import PROTOCOL_NAMES, PROTOCOLS
from core.filters import Filters
from pages.ui import evaluation_actions, evaluation_pick, flow_tasks, frame, job_panel, picking, resources, state, tasks
from pages.ui.page_end import PageEnd
from pages.ui.resources import OpenLibrary
from pages.ui.text import count, day

if TYPE_CHECKING:
    from core.evaluation import Evaluation, ProtocolReport, SpaceReport, Split
    from core.taxonomy import Taxonomy

FLOW, SPLIT, OTHER = "evaluation_flow", "evaluation_split", "evaluation_other"
PROTOCOL, LEVEL = "evaluation_protocol", "evaluation_level"
NONE = "none"
SPLITS: dict[Split, str] = {"test": "Test", "val": "Validation", "train": "Training", "all": "All cases"}
LEVELS = {"class": "Class", "region": "Region", "finding": "Finding"}
LEAST = 2
MOST_OFFERED = 6
"""Reports that are offered where the one chosen is not there yet, the newest first."""


@dataclass(frozen=True)
class Choice:
    """Whose embeddings (flow None: as they are), which queries, and the flow to set beside, if any."""

    flow: str | None
    split: Split
    other: str | None


@dataclass(frozen=True)
class View:
    """A report, and what of it is looked at; `space` is the one that the details are of.

    `beside` is the report of the flow it is compared with, where it has one by the same protocol.
    """

    evaluation: Evaluation
    protocol: ProtocolReport
    protocol_name: str
    level: str
    space_name: str
    taxonomy: Taxonomy
    beside: Evaluation | None = None

    @property
    def reports(self) -> dict[str, SpaceReport]:
        """Every space and baseline, by name."""
        return {**self.protocol.spaces, **self.protocol.baselines}

    @property
    def space(self) -> SpaceReport:
        """That which the details are of."""
        return self.reports[self.space_name]

    @property
    def name(self) -> str:
        """What tells it from other views of this library: which report of when, and how it is looked at."""
        shown = self.evaluation
        return repr((shown.flow, shown.split, shown.made_at, self.protocol_name, self.level, self.space_name))


def choose(library: OpenLibrary) -> Choice:
    """Flow and split; a library with too few labelled cases ends the page here, with the way on."""
    splits = _splits(library)
    if not splits:
        frame.empty(
            "Too few labelled cases",
            "An evaluation asks for each labelled case whether the nearest other one is of its class. "
            "It needs at least two cases with a label.",
            "Import labelled images",
            state.go_to_library_page,
        )
        raise PageEnd
    flows = _flows(library)
    _keep_known(FLOW, flows)
    _keep_known(SPLIT, splits)
    with st.container(horizontal=True, vertical_alignment="bottom", key="evaluation_bar"):
        bound: dict[str, Any] = {"bind": "query-params", "on_change": _look_elsewhere}
        flow = st.selectbox("Flow", flows, format_func=_flow_title, key=FLOW, width=230, **bound)
        split = st.selectbox("Queries", splits, format_func=SPLITS.get, key=SPLIT, width=150, **bound)
        other = _other(flow, flows)
    return Choice(None if flow == NONE else flow, split, other)


def _other(flow: str, flows: list[str]) -> str | None:
    """The flow to set beside; there must be two for that."""
    others = [name for name in flows if name not in (flow, NONE)]
    if flow == NONE or not others:
        return None
    _keep_known(OTHER, [None, *others])
    return st.selectbox(
        "Compare with",
        others,
        index=None,
        placeholder="no other flow",
        key=OTHER,
        bind="query-params",
        on_change=_compare_elsewhere,
        width=230,
    )


def view(library: OpenLibrary, choice: Choice) -> View | None:
    """The kept report as it is to be looked at; where there is none, or while it is made, the page says so."""
    jobs = flow_tasks.of(library, tasks.EVALUATE)
    job_panel.show([job for job in jobs if job.state in ("running", "failed")][:1])
    busy = any(job.running for job in jobs)
    try:
        stored = resources.evaluation(library, choice.flow, choice.split)
    except QueryError:
        stored = None
    if stored is None:
        if not busy:
            _nothing_yet(library, choice)
        return None
    evaluation = stored.evaluation
    protocols = {name: PROTOCOL_NAMES[name].capitalize() for name in evaluation.protocols}
    _keep_known(PROTOCOL, [evaluation.lead, *protocols])
    with st.container(horizontal=True, vertical_alignment="center", key="evaluation_view"):
        name = st.segmented_control(
            "Protocol",
            list(protocols),
            format_func=protocols.get,
            default=evaluation.lead,
            key=PROTOCOL,
            bind="query-params",
            on_change=_look_elsewhere,
            required=True,
            label_visibility="collapsed",
        )
        report = evaluation.protocols[name]
        levels = list(next(iter(report.spaces.values())).levels)
        _keep_known(LEVEL, levels)
        level = st.segmented_control(
            "Level",
            levels,
            format_func=LEVELS.get,
            default=levels[0],
            key=LEVEL,
            bind="query-params",
            on_change=_look_elsewhere,
            required=True,
            label_visibility="collapsed",
        )
        st.space("stretch")
        evaluation_actions.again(library, choice, busy, outdated=not stored.current)
        evaluation_actions.download(library, choice, evaluation)
    if not stored.current:
        st.info("Cases, labels or splits have changed since this was measured.", icon=":material/history:")
    elif not any(space.found for space in report.spaces.values()):
        st.info("Measured by an earlier version: evaluate again to see the queries behind every figure.")
    spaces = [*report.spaces, *report.baselines]
    space = picking.picked(picking.SPACE)
    shown = space if space in spaces else list(report.spaces)[-1]
    found = View(evaluation, report, name, level, shown, library.taxonomy, _beside(library, choice, name))
    frame.quiet(_said(found))
    return found


def _beside(library: OpenLibrary, choice: Choice, protocol_name: str) -> Evaluation | None:
    try:
        stored = resources.evaluation(library, choice.other, choice.split) if choice.other else None
    except QueryError:  # which is told where the two stand beside each other
        return None
    return stored.evaluation if stored and protocol_name in stored.evaluation.protocols else None


def _compare_elsewhere() -> None:
    """Forget the queries in which two flows differ when another pair is chosen; any others stay."""
    chosen = evaluation_pick.picked()
    if chosen and chosen.kind == "flows":
        evaluation_pick.pick(None)


def _look_elsewhere() -> None:
    """Forget the queries picked in one view when another is chosen, which may have none of them."""
    evaluation_pick.pick(None)


def _said(found: View) -> str:
    evaluation, report = found.evaluation, found.protocol
    parts = [f"{count(report.queries, 'query', 'queries')}: {PROTOCOLS[found.protocol_name]}", RELEVANT[found.level]]
    if report.shared_patients:
        parts.append(f"{report.shared_patients} of them meet images of their own patient")
    if evaluation.caution:
        parts.append(evaluation.caution)
    parts.append(f"95 % intervals over {evaluation.resampled}; measured on {day(evaluation.made_at)}")
    if evaluation.doubt:
        parts.append(evaluation.doubt)
    return ". ".join(part[:1].upper() + part[1:] for part in parts) + "."


def _splits(library: OpenLibrary) -> list[Split]:
    labelled = Filters(label=library.taxonomy.labels)
    counts = library.facets("split", labelled) | {"all": library.count(labelled)}
    return [split for split in SPLITS if counts.get(split, 0) >= LEAST]


def _flows(library: OpenLibrary) -> list[str]:
    """What can be evaluated; first what is shown where nobody has chosen: the active flow, else the latest by name.

    Where none is active and the embeddings as they are have been measured, they stay: a training that ends would else
    seem to have lost what was measured.
    """
    names = flow_tasks.trained(library)
    active = library.catalog.active_flow
    measured = any(flow is None for flow, _ in _kept(library))
    first = active if active in names else NONE if measured or not names else names[-1]
    return list(dict.fromkeys((first, *names, NONE)))


def _kept(library: OpenLibrary) -> tuple[tuple[str | None, Split], ...]:
    from core.report_store import ReportStore

    return ReportStore(library.root).kept()


def _flow_title(name: str) -> str:
    """Says nothing that changes, such as which flow is active: the URL names a flow by this."""
    return "No flow, embeddings as they are" if name == NONE else name


def _keep_known(key: str, options: Sequence[str | None]) -> None:
    """Before a bound widget is drawn: what this session chose is one of `options`, else the first of them.

    A choice that only the URL makes is left to the widget, which reads the URL by itself and may refuse it.
    """
    if key in st.session_state and st.session_state[key] not in options:
        st.session_state[key] = options[0]


def _nothing_yet(library: OpenLibrary, choice: Choice) -> None:
    where = {"test": "test cases", "val": "validation cases", "train": "training cases", "all": "cases"}[choice.split]
    what = f"the flow {choice.flow}" if choice.flow else "the embeddings as they are"
    sure = "intervals and a test of after against before" if choice.flow else "intervals"
    frame.empty(
        "Not measured yet",
        f"Each of the labelled {where} becomes a query: is its nearest neighbour of the same class? For {what}, with "
        f"{sure}.",
        "Evaluate",
        partial(flow_tasks.evaluate, library, choice.flow, choice.split, False),
    )
    _offer_measured(library)


def _offer_measured(library: OpenLibrary) -> None:
    """The ways to what has been measured, which is not what is chosen."""
    flows, splits = _flows(library), _splits(library)
    kept = [(flow or NONE, split) for flow, split in _kept(library) if (flow or NONE) in flows and split in splits]
    if not kept:
        return
    centred: dict[str, Any] = {"horizontal_alignment": "center", "vertical_alignment": "center"}
    with st.container(horizontal=True, gap="small", key="evaluation_measured", **centred):
        frame.quiet("Measured already:", "content")
        for flow, split in kept[:MOST_OFFERED]:
            title = f"{_flow_title(flow)}; {SPLITS[split].lower()}"
            st.button(title, key=f"measured_{flow}_{split}", on_click=_look_at, args=(flow, split))
        if len(kept) > MOST_OFFERED:
            frame.quiet(f"and {len(kept) - MOST_OFFERED} more, by the choices above", "content")


def _look_at(flow: str, split: Split) -> None:
    st.session_state[FLOW], st.session_state[SPLIT] = flow, split
    _look_elsewhere()
