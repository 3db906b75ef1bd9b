"""Evaluation: how well the library finds what is alike, before and after a flow, and where it fails."""

import streamlit as st

from pages.ui import (
    evaluation_choice,
    evaluation_compare,
    evaluation_headline,
    evaluation_queries,
    evaluation_reliability,
    evaluation_tables,
    libraries,
)

library = libraries.require("Evaluation")
choice = evaluation_choice.choose(library)
view = evaluation_choice.view(library, choice)
if view is not None:
    evaluation_headline.show(view)
    evaluation_compare.show(library, view, choice.other)
    main, aside = st.columns([12, 7], gap="large")
    with main:
        evaluation_tables.show_values(view)
        evaluation_tables.show_confusion(library, view)
        evaluation_tables.show_sides(view)
        evaluation_reliability.show(view)
    with aside:
        evaluation_queries.show(library, view)
