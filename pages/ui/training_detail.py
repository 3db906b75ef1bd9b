"""One flow looked at closely: what can be done with it, how it came to be, how good it is, beside another one."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import streamlit as st

from core.recipe import RECIPES
from pages.ui import (
    confirmation,
    evaluation_choice,
    flow_tasks,
    frame,
    pick_table,
    picking,
    state,
    tasks,
    training_curves,
    training_figures,
    training_list,
    training_live,
)
from pages.ui.pick_table import Cell, Column
from pages.ui.resources import OpenLibrary
from pages.ui.text import markdown

if TYPE_CHECKING:
    from core.run_folder import RunSummary

OTHER = "compare_with"


def show(library: OpenLibrary, runs: list[RunSummary]) -> None:
    """The picked flow of the list, if there is one."""
    active = library.catalog.active_flow
    flow_id = training_list.picked(runs, active)
    run = next((run for run in runs if run.flow_id == flow_id), None)
    if run is None:
        return
    st.subheader(markdown(run.flow_id), anchor=False)
    _actions(library, run, run.flow_id == active)
    if run.damaged:
        frame.quiet(f"Its record cannot be read: {run.damaged}. It can be deleted.")
        return
    training_figures.show(library, run)
    if not run.running and run.settings is not None:
        training_curves.show(training_curves.read(library, run.flow_id), f"curve_{run.flow_id}")
        if run.why_kept and run.best:
            frame.quiet(f"Kept: epoch {run.best.number}, {run.why_kept}.")
    _compare(run, runs)


def _actions(library: OpenLibrary, run: RunSummary, active: bool) -> None:
    busy = training_live.busy(library)
    with st.container(horizontal=True, key="flow_actions"):
        if active:
            st.button(
                "Search without it",
                key="flow_off",
                icon=":material/link_off:",
                disabled=busy,
                on_click=flow_tasks.activate,
                args=(library, None),
            )
        else:
            st.button(
                "Activate",
                key="flow_activate",
                type="primary",
                icon=":material/bolt:",
                disabled=busy or not run.usable,
                on_click=flow_tasks.activate,
                args=(library, run.flow_id),
                help="Search through this flow from now on. The index is made anew, then switched at once.",
            )
        if run.usable:
            st.button("Evaluate", icon=":material/monitoring:", key="flow_evaluate", on_click=_evaluate, args=(run,))
        _resume(library, run, busy or active)
        _offer_deletion(library, run.flow_id, busy=busy, active=active)


def _offer_deletion(library: OpenLibrary, flow_id: str, *, busy: bool, active: bool) -> None:
    """Asks once more, for each flow by itself; of the active one there is nothing to confirm."""
    icon = ":material/delete:"
    if active:
        said = "Searches go through this flow: search without it first."
        st.button("Delete", key="flow_delete_active", icon=icon, disabled=True, help=said)
        return
    with confirmation.show("Delete", _deletion(flow_id), icon=icon, disabled=busy):
        st.markdown(f"Delete **{markdown(flow_id)}** for good, with its curve and its reports?")
        sure = f"flow_delete_sure_{flow_id}"
        st.button("Delete it", key=sure, disabled=busy, on_click=_delete, args=(library, flow_id))


def _deletion(flow_id: str) -> str:
    return f"flow_delete_{flow_id}"


def _resume(library: OpenLibrary, run: RunSummary, blocked: bool) -> None:
    """Going on is possible where a training was stopped before its end."""
    if not training_list.resumable(run):
        return
    st.button(
        "Resume",
        key="flow_resume",
        icon=":material/play_arrow:",
        disabled=blocked,
        on_click=training_live.resume,
        args=(library, run.flow_id),
        help="Goes on where it was stopped, and ends with the same weights as if it had not been.",
    )


def _evaluate(run: RunSummary) -> None:
    st.session_state[evaluation_choice.FLOW] = run.flow_id
    state.go_to(state.EVALUATION_PAGE)


def _delete(library: OpenLibrary, flow_id: str) -> None:
    confirmation.close(_deletion(flow_id))
    job = flow_tasks.delete(library, flow_id)
    if job.kind == tasks.DELETE_FLOW:
        training_live.watch_deletion(job, flow_id)
        picking.pick(picking.FLOW, None)


def _compare(run: RunSummary, runs: list[RunSummary]) -> None:
    """What sets this training's settings apart: from the recipe as it comes, or from another training."""
    others = [other.flow_id for other in runs if other.flow_id != run.flow_id and other.settings is not None]
    if run.settings is None:
        frame.quiet("This flow was trained elsewhere; how is not known here.")
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown("**Settings**")
        st.space("stretch")
        other_id = st.selectbox(
            "Compare with",
            others,
            index=None,
            placeholder="Compare with another",
            key=OTHER,
            bind="query-params",
            label_visibility="collapsed",
            width=240,
            disabled=not others,
        )
    other = next((found for found in runs if found.flow_id == other_id), None)
    if other is None:
        _own_settings(run)
    else:
        _side_by_side(run, other)


def _own_settings(run: RunSummary) -> None:
    recipe = asdict(run.settings.recipe) if run.settings else {}
    plain = asdict(RECIPES[recipe["name"]]) if recipe.get("name") in RECIPES else {}
    changed = [(_title(name), value) for name, value in recipe.items() if plain.get(name) != value]
    images = dict(run.settings.images) if run.settings else {}
    frame.facts([("Recipe", recipe.get("name")), *changed, *((f"Images, {name}", n) for name, n in images.items())])
    frame.quiet("Every other setting is the recipe's own." if plain else "A recipe of its own.")
    for note in run.settings.notes if run.settings else ():
        frame.quiet(f"Note: {note}.")


def _side_by_side(run: RunSummary, other: RunSummary) -> None:
    left, right = _facts(run), _facts(other)
    rows = [
        [Cell(_title(name)), Cell(_said(left.get(name))), Cell(_said(right.get(name)))]
        for name in dict.fromkeys((*left, *right))
        if left.get(name) != right.get(name)
    ]
    columns = (Column("What differs"), Column(run.flow_id), Column(other.flow_id))
    pick_table.show(columns, rows, key="flow_compare", label=f"{run.flow_id} beside {other.flow_id}")


def _facts(run: RunSummary) -> dict[str, object]:
    best = {"validation Recall@1": run.best.val_recall, "kept epoch": run.best.number} if run.best else {}
    images = {f"images, {name}": n for name, n in run.settings.images.items()} if run.settings else {}
    return {**best, "epochs made": run.epochs, **images, **(asdict(run.settings.recipe) if run.settings else {})}


def _title(name: str) -> str:
    words = name.replace("_", " ")
    return words[:1].upper() + words[1:]


def _said(value: object) -> str:
    if value is None or value == "":
        return "–"
    return f"{value:.3g}" if isinstance(value, float) else str(value)
