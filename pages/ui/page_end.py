"""How a page ends before its end: with what stands over every page still to come, which `st.stop` would keep away."""


class PageEnd(Exception):
    """The page has said what there is to say; raised by its parts, and for the shell only."""
