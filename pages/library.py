"""Library: make or open one, import images into it, see what it holds, check it."""

import streamlit as st

from pages.ui import import_form, libraries, library_forms, library_view, unreachable

st.title("Library", anchor=False)
library_view.show_jobs(on_made=library_forms.forget_made)
unreachable.show()
library = libraries.in_use_or_none()
if library is None:
    library_forms.first_steps()
else:
    main, aside = st.columns([8, 5], gap="large")
    with main:
        import_form.show(library)
        library_forms.more(expanded=library.synthetic)
    with aside:
        library_view.show(library)
