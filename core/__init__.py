"""The engine of the ENT case browser: encoder, flow, index and library, without any user interface."""

__version__ = "0.1.0"

NOTICE = "Research and education, not for diagnosis."
"""Said on every page and in every export."""
