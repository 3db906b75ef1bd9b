"""Gallery: all cases by class, narrowed by filters, page by page."""

from pages.ui import gallery_selection, gallery_view, libraries

library = libraries.require("Gallery")
filters = gallery_view.choose_filters(library)
view = gallery_view.choose_view(library, filters)
gallery_view.show_cases(library, filters, view)
gallery_view.show_pages(view)
gallery_selection.show_bar(library)
