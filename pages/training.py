"""Training: the flows of the library; begin one, watch it, compare it, search through it."""

import streamlit as st

from pages.ui import libraries, training_detail, training_form, training_list, training_live

library = libraries.require("Training")
main, aside = st.columns([13, 5], gap="large")
with main:
    training_live.show(library)
    runs = training_list.show(library)
    training_detail.show(library, runs)
with aside:
    training_form.show(library)
