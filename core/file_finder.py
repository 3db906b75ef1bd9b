"""The files of a source by the paths that people write of them."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence

from core.errors import SourceError
from core.listing import ListedFile, leads_outside


class FileFinder:
    """Files by the paths that people write. Only listed files are ever found, so no path can lead outside."""

    def __init__(self, files: Sequence[ListedFile], base: str, written: Iterable[str] = ()) -> None:
        """`written` are all paths that will be asked for: a file that one of them names is nobody else's."""
        self.base = _same(base)
        several = {name for name, times in Counter(_same(file.name) for file in files).items() if times > 1}
        self.by_path = {name: file for file in files if (name := _same(file.name)) not in several}
        self.by_name: dict[str, list[ListedFile]] = {}
        for file in files:
            self.by_name.setdefault(_same(file.name.rpartition("/")[2]), []).append(file)
        self.elsewhere: list[ListedFile] = []
        self._named = {found.name for path in written if (found := self._at(path)) is not None}

    def _at(self, path: str) -> ListedFile | None:
        return self.by_path.get(self.base + _same(path)) or self.by_path.get(self.base + _plain(path))

    def find(self, path: str) -> ListedFile:
        """The file at that path or, failing that, the only one of that name. Raises SourceError when there is none."""
        if (file := self._at(path)) is not None:
            return file
        plain = _plain(path)
        if leads_outside(plain):
            raise SourceError("the path points outside the source; write it relative to the source's folder")
        namesakes = self.by_name.get(plain.rpartition("/")[2], [])
        if not namesakes or (len(namesakes) == 1 and namesakes[0].name in self._named):
            raise SourceError("there is no such file in the source")
        places = some(list(dict.fromkeys(file.shown for file in namesakes)))
        if len({file.name for file in namesakes}) < len(namesakes):
            raise SourceError(f"several files came without the folders that tell them apart: {places}; give a folder")
        if len(namesakes) > 1:
            raise SourceError(f"there are several files of that name: {places}; write the folder, too")
        self.elsewhere.append(namesakes[0])
        return namesakes[0]


def _plain(path: str) -> str:
    return _same(path.replace("\\", "/").removeprefix("./"))


def _same(name: str) -> str:
    """One spelling for names that look the same: some systems write é as one character, some as two."""
    return unicodedata.normalize("NFC", name)


def some(names: Sequence[str], most: int = 5) -> str:
    """The first few of `names` as words, and how many more there are."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more
