"""The shell around every page: navigation, sidebar, the page itself, and the case drawer over it."""

from pathlib import Path

import streamlit as st

from core.errors import EntError
from pages.ui import (
    case_dialog,
    current_query,
    first_start,
    focus_key,
    frame,
    index_job,
    libraries,
    server,
    sidebar,
    state,
    url_state,
)
from pages.ui.page_end import PageEnd
from pages.ui.text import markdown

# icons stand in the sidebar only: as page icons they would be fetched from another host for the browser's tab
PAGES = {
    ":material/image_search:": st.Page("../search.py", title="Search", default=True),
    ":material/grid_view:": st.Page("../gallery.py", title="Gallery"),
    ":material/scatter_plot:": st.Page("../embedding_map.py", title="Embedding map"),
    ":material/monitoring:": st.Page("../evaluation.py", title="Evaluation"),
    ":material/model_training:": st.Page("../training.py", title="Training"),
    ":material/inventory_2:": st.Page("../library.py", title="Library"),
}
SEARCH_LINK = '[data-testid="stSidebar"] [data-testid="stPageLink-NavLink"]'

page = st.navigation(list(PAGES.values()), position="hidden")
state.switch_page()
url_state.arrive(page.title)
state.drop_foreign(page.title)
st.set_page_config(f"{page.title} · ENT case browser", Path(__file__).with_name("icon.png"), layout="wide")
frame.style()
first_start.begin()
sidebar.show(PAGES)
ended = False
if not first_start.under_way():
    library = libraries.in_use_or_none()
    index_job.begin(library)
    first_start.notice(library)
    focus_key.show(f".st-key-{current_query.FIELD} input", SEARCH_LINK)
    try:
        page.run()
    except PageEnd:
        ended = True
    except (EntError, OSError) as error:  # the library was taken away, or its disk, while the page was drawn
        st.error(f"This page cannot be shown: {markdown(error)}", icon=":material/error:")
        ended = True
    case_dialog.show_if_open()
server.page_shown()
if ended:
    st.stop()  # not drawn to its end: what its widgets below hold, and say in the URL, is kept
