"""Search: words or an image in, the most similar cases out, with what they say about the class."""

from pages.ui import answer, compare_tray, libraries, query_keeping, query_view, result_view, search_options

library = libraries.require("Search")
library.warm()
if query_view.is_empty(library):
    query_view.ask(library)
else:
    query_view.words()
    aside, main = query_view.columns()
    with main:
        options = search_options.choose(library)
    with aside:
        query_view.show(library, mirrored=options.side == "mirror")
    with main:
        found = answer.search(library, options)
        result_view.show_hits(library, found)
    with aside:
        result_view.show_evidence(library, found)
        query_keeping.show(library, len(found.result.identical))
compare_tray.show_if_open(library, query_view.pinned(library))
