"""Embedding map: where every case lies among the others, before the flow, along it and after it."""

from pages.ui import libraries, map_page, map_selection

library = libraries.require("Embedding map")
view = map_page.view(library)
map_page.show_state(library, view)
map_page.show_maps(library, view)
map_selection.show(library, view)
