"""What can go wrong, as one small tree. Every message names the value, what was expected and what to do next."""


class EntError(Exception):
    """Base of every error that the engine raises on purpose; its text is fit to be shown to a person."""


class Stopped(EntError):
    """Work ended before its end because it was asked to; what was there before still is."""


class ImageError(EntError):
    """These bytes are not an image that can be taken in: unreadable, truncated, too large, too small."""


class SourceError(EntError):
    """An import source (folder, ZIP or manifest) cannot be used as a whole."""


class TaxonomyError(EntError):
    """A taxonomy is not well formed, or a label is not in it."""


class EncoderError(EntError):
    """An encoder cannot be had: unknown name, no weights, weights of another form."""


class EncoderMismatch(EncoderError):
    """A library is bound to one encoder and was opened with another."""


class CheckpointError(EntError):
    """A file of flow weights cannot be read, or does not hold a vector field."""


class LibraryError(EntError):
    """A library folder cannot be made, opened or written."""


class LibraryBusy(LibraryError):
    """Somebody else is writing to the library and the caller chose not to wait."""


class IndexUnavailable(LibraryError):
    """The vector index cannot answer just now; it is derived and can be rebuilt."""


class QueryError(EntError):
    """A search cannot be answered as asked: unknown filter, unknown case, nothing to search with."""


class TrainingError(EntError):
    """A flow cannot be trained as asked: too few cases, unknown recipe, a loss that is not finite."""


def first_line(error: BaseException | None) -> str:
    """What an error of somebody else's code says, short enough to stand inside a sentence of ours."""
    return str(error).strip().split("\n")[0][:200] or type(error).__name__
