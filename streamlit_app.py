"""The case browser. Start it with `streamlit run streamlit_app.py`."""

import streamlit as st

from pages.ui import media, server

app = st.App("pages/ui/shell.py", lifespan=server.lifespan, routes=media.routes(), middleware=server.guards())
