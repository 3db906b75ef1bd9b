"""The form that begins a training: a recipe with good defaults, the rest folded away and explained."""

from __future__ import annotations

from dataclasses import asdict

import streamlit as st

from core.errors import TrainingError
from core.filters import Filters
from core.recipe import RECIPES, Recipe
from core.training_data import lacking
from pages.ui import flow_tasks, frame, state, training_live
from pages.ui.flow_tasks import Wanted
from pages.ui.resources import OpenLibrary
from pages.ui.text import count, markdown, number

RECIPE, CHANGED = "training_recipe", "training_advanced_changed"
TITLES = {"default": "Default", "reference": "Reference"}
SAID = {
    "default": "Ours: begins fitted to the classes, with mirror images, one step. Fast, and better as measured.",
    "reference": "The published procedure, for comparison. Many times slower.",
}


def show(library: OpenLibrary) -> None:
    """The form, or what is missing before anything can be learnt."""
    st.subheader("Train a flow", anchor=False)
    if lacks := lacking(library.facets("label")):
        st.info(f"{lacks[0].upper()}{lacks[1:]}.", icon=":material/label:")
        st.button("Import labelled images", on_click=state.go_to_library_page, icon=":material/arrow_forward:")
        return
    name = st.radio(
        "Recipe",
        list(RECIPES),
        format_func=lambda recipe: TITLES.get(recipe, recipe),
        captions=[SAID.get(recipe, "") for recipe in RECIPES],
        key=RECIPE,
        bind="query-params",
    )
    wanted = _settings(RECIPES[name])
    refused = _refusal(RECIPES[name], wanted)
    if refused:
        st.error(markdown(refused), icon=":material/error:")
    _images(library)
    busy = training_live.busy(library)
    st.button(
        "Start training",
        type="primary",
        icon=":material/play_arrow:",
        key="training_start",
        disabled=busy or bool(refused),
        on_click=_start,
        args=(library, wanted),
        help="One training, activation or deletion at a time." if busy else None,
    )


def _refusal(recipe: Recipe, wanted: Wanted) -> str:
    """Why nothing can be trained with these values, as `core` says it; "" where it can."""
    try:
        recipe.changed(**{name: value for name, value in asdict(wanted).items() if name != "recipe"})
    except TrainingError as error:
        return f"{error}."
    return ""


def _start(library: OpenLibrary, wanted: Wanted) -> None:
    training_live.tell_begun(flow_tasks.train(library, wanted))


def _settings(recipe: Recipe) -> Wanted:
    """The few that matter; those left at the recipe's own value are not named."""
    epochs = st.number_input(
        "Epochs",
        None,
        None,
        recipe.epochs,
        key=f"training_epochs_{recipe.name}",
        persist_state="session",
        help="Passes through the training images, at most: it stops by itself when nothing improves any more.",
    )
    seed = st.number_input(
        "Seed",
        None,
        None,
        recipe.seed,
        key=f"training_seed_{recipe.name}",
        persist_state="session",
        help="Everything random comes from it: the same seed on the same images gives the same flow.",
    )
    usual = {"rate": recipe.learning_rate, "batch": recipe.batch_size, "steps": recipe.steps}
    if any(st.session_state.get(f"training_{name}_{recipe.name}", value) != value for name, value in usual.items()):
        st.session_state[CHANGED] = True  # what was typed must not be at work out of sight
    with st.expander("Advanced", key="training_advanced", expanded=st.session_state.get(CHANGED, False)):
        rate = st.number_input(
            "Learning rate",
            1e-6,
            1.0,
            recipe.learning_rate,
            format="%.1e",
            key=f"training_rate_{recipe.name}",
            persist_state="session",
            help="How far the weights move at a step. Too high and the loss jumps about, too low and it creeps.",
        )
        batch = st.number_input(
            "Images a step" if recipe.batches == "balanced" else "Triplets a step",
            2,
            4096,
            recipe.batch_size,
            key=f"training_batch_{recipe.name}",
            persist_state="session",
            help="What is compared with each other before the weights are moved.",
        )
        steps = st.number_input(
            "Steps of the flow",
            1,
            100,
            recipe.steps,
            key=f"training_steps_{recipe.name}",
            persist_state="session",
            help="How finely the way from t = 0 to 1 is followed (Runge-Kutta). Time grows with it.",
        )
    values = {"epochs": epochs, "seed": seed, "learning_rate": rate, "batch_size": batch, "steps": steps}
    return Wanted(recipe.name, **{name: v for name, v in values.items() if v != getattr(recipe, name)})


def _images(library: OpenLibrary) -> None:
    """What it will learn from."""
    splits = library.facets("split")
    if splits.get("", 0):
        frame.quiet(
            f"{count(splits[''], 'case')} without a split will be dealt out first, 70 % to training and 15 % each to "
            "validation and test; a patient and near-duplicates stay together."
        )
    else:
        labelled = library.facets("split", Filters(label=library.taxonomy.labels))
        shown = {"train": "to learn from", "val": "to validate", "test": "kept aside"}
        frame.quiet(", ".join(f"{number(labelled.get(name, 0))} {words}" for name, words in shown.items()) + ".")
    if unlabelled := library.facets("label").get("", 0):
        frame.quiet(f"{count(unlabelled, 'case')} without a label can teach nothing and will not be used.")
