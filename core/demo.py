"""The bundled demo: synthetic images, taken in once into a library of their own to try everything on.

The demo is a folder (ENT_DEMO, data/demo as shipped) with images, manifest.csv, `demo.json` and, so that it opens in
seconds, the images' embeddings. Those are used where they fit, pixel for pixel and for the very encoder; otherwise the
images are encoded. `python -m training demo` makes such a folder. A library made of it keeps `demo.json`, which says
on every page that what it shows is synthetic, and whether all of it has been taken in.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.errors import LibraryError, SourceError
from core.lock import FileGuard
from core.settings import get_settings

if TYPE_CHECKING:  # these bring torch, which the first page does not wait for
    from core.ingest_report import IngestProgress
    from core.library import Library

FACTS, EMBEDDINGS, CATALOG = "demo.json", "embeddings.safetensors", "catalog.db"
FOLDER = "demo-synthetic"
"""Name of the demo library's folder among the libraries."""


@dataclass(frozen=True)
class Demo:
    """A demo folder: what its library is called, the name of the encoder it is bound to, how many images there are."""

    folder: Path
    name: str
    encoder: str
    images: int

    def write(self) -> None:
        """Say in the folder what it is."""
        _write(self.folder, {name: value for name, value in asdict(self).items() if name != "folder"})


def bundled() -> Demo | None:
    """The demo in the folder that the settings name; None where there is none."""
    folder = get_settings().demo
    facts = _read(folder)
    try:
        return None if facts is None else Demo(folder, str(facts["name"]), str(facts["encoder"]), int(facts["images"]))
    except (KeyError, TypeError, ValueError):
        return None


def default_root() -> Path:
    """Where the demo library lies unless another folder is asked for."""
    return get_settings().libraries / FOLDER


def is_demo(root: Path) -> bool:
    """Whether the library in `root` was made of a demo: what it shows is synthetic."""
    return _read(root) is not None


def is_whole(root: Path) -> bool:
    """Whether the demo library in `root` has been made to the end."""
    return bool((_read(root) or {}).get("whole"))


def open_demo(
    root: Path,
    demo: Demo | None = None,
    *,
    on_progress: Callable[[IngestProgress], None] = lambda progress: None,
    on_wait: Callable[[str], None] = lambda said: None,
) -> Library:
    """The demo library in `root`, made first where it is not there yet, or not whole: what was stored stays.

    Safe to be interrupted, run again, and run by several at once. Raises LibraryError when there is no demo to make
    it of, or `root` is something else; EncoderError when its encoder is not to be had.
    """
    from core.library import Library

    demo = demo or bundled()
    if not is_whole(root):
        if demo is None:
            raise LibraryError(f"there is no demo in {get_settings().demo}; make one with python -m training demo")
        _begin(demo, root)
    library = Library.open(root)
    if demo is not None and not is_whole(root):
        try:
            _take_in(demo, library, on_progress, on_wait)
        except BaseException:
            library.close()
            raise
    return library


def _begin(demo: Demo, root: Path) -> None:
    """An empty library of the demo's encoder that says what it is, there at once or not at all."""
    from core.library import Library

    part = root.with_name(f".{root.name}.part")
    try:
        root.parent.mkdir(parents=True, exist_ok=True)
        with FileGuard(root.with_name(f".{root.name}.lock")):
            if (root / CATALOG).is_file() and is_demo(root):
                return
            if root.exists() and (not root.is_dir() or any(root.iterdir())):
                raise LibraryError(f"{root} is something else than the demo library; name another folder")
            shutil.rmtree(part, ignore_errors=True)  # left by one who was cut short
            Library.create(part, name=demo.name, encoder=demo.encoder).close()
            _write(part, {"name": demo.name, "images": demo.images, "whole": False})
            part.replace(root)
    except OSError as error:
        raise LibraryError(f"cannot make a library at {root}: {error.strerror}; choose another folder") from error


def _take_in(
    demo: Demo, library: Library, on_progress: Callable[[IngestProgress], None], on_wait: Callable[[str], None]
) -> None:
    from core.demo_flow import put_to_use
    from core.embedding_file import load_embeddings
    from core.sources import open_source

    known = load_embeddings(demo.folder / EMBEDDINGS, library.encoder.spec.fingerprint)
    with open_source(demo.folder, library.taxonomy, limits=library.limits) as source:
        images = replace(source, embeddings=known)
        report = library.ingest(images, on_progress=on_progress, on_wait=on_wait)
    if report.failed:
        first = report.failures[0]
        raise SourceError(f"the demo in {demo.folder} is damaged ({first.path}: {first.reason}); restore that folder")
    put_to_use(demo.folder, library, on_wait)
    _write(library.root, {"name": demo.name, "images": demo.images, "whole": True})


def _read(folder: Path) -> dict[str, Any] | None:
    """What a demo folder, or a library made of one, says of itself."""
    try:
        facts = json.loads((folder / FACTS).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return facts if isinstance(facts, dict) else None


def _write(folder: Path, facts: dict[str, Any]) -> None:
    part = folder / f"{FACTS}.part"
    part.write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")
    part.replace(folder / FACTS)
