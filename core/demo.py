"""The bundled demo: synthetic images, taken in once into a library of their own to try everything on.

The demo is a folder (ENT_DEMO, data/demo as shipped) with images, manifest.csv, `demo.json` and, so that it opens in
seconds, the images' embeddings. Those are used where they fit, pixel for pixel and for the very encoder; otherwise the
images are encoded. `python -m training demo` makes such a folder. A library made of it keeps `demo.json`, which says
on every page that what it shows is synthetic, of which release of the demo it is, and whether all of that has been
taken in. With another release, one to which nobody has added anything is made anew; what people added is never lost.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from contextlib import closing, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.errors import LibraryError, SourceError
from core.lock import FileGuard, WriterLock
from core.making import WRITING
from core.settings import get_settings
from core.store import CATALOG
from core.swap import aside, put_back, take_place
from core.whole_file import write_whole

if TYPE_CHECKING:  # these bring torch, which the first page does not wait for
    from core.ingest_report import IngestProgress
    from core.library import Library

FACTS, EMBEDDINGS = "demo.json", "embeddings.safetensors"
IMAGES = "images"
FOLDER = "demo-synthetic"
"""Name of the demo library's folder among the libraries."""


@dataclass(frozen=True)
class Demo:
    """A demo folder: what its library is called, the name of the encoder it is bound to, how many images there are.

    `fingerprint` of the encoder that made its embeddings and `digest` of its images tell releases apart; "" where it
    does not say, and then libraries of any release pass for it.
    """

    folder: Path
    name: str
    encoder: str
    images: int
    fingerprint: str = ""
    digest: str = ""

    @property
    def release(self) -> dict[str, str]:
        """What a library made of it keeps, to be told from one of another release."""
        return {name: value for name in ("fingerprint", "digest") if (value := getattr(self, name))}

    def write(self) -> None:
        """Say in the folder what it is."""
        _write(self.folder, {"name": self.name, "encoder": self.encoder, "images": self.images, **self.release})


def bundled() -> Demo | None:
    """The demo in the folder that the settings name; None where there is none."""
    return demo_in(get_settings().demo)


def demo_in(folder: Path) -> Demo | None:
    """The demo in that folder; None where there is none."""
    facts = _read(folder)
    try:
        told = None if facts is None else (str(facts["name"]), str(facts["encoder"]), int(facts["images"]))
    except (KeyError, TypeError, ValueError):
        return None
    if facts is None or told is None:
        return None
    return Demo(folder, *told, str(facts.get("fingerprint", "")), str(facts.get("digest", "")))


def default_root() -> Path:
    """Where the demo library lies unless another folder is asked for."""
    return get_settings().libraries / FOLDER


def is_demo(root: Path) -> bool:
    """Whether the library in `root` was made of a demo: what it shows is synthetic."""
    return _read(root) is not None


def is_whole(root: Path) -> bool:
    """Whether the demo library in `root` has been made to the end."""
    return bool((_read(root) or {}).get("whole"))


def is_due(root: Path, demo: Demo) -> bool:
    """Whether there is a demo library in `root` to finish, to put back, or to make anew of this release."""
    if (root / CATALOG).is_file() and is_demo(root):
        return _is_untouched(root) if _is_of_another(root, demo) else not is_whole(root)
    return aside(root).exists()


def advice(root: Path, demo: Demo) -> str | None:
    """Why the demo library in `root` cannot be searched any more, and what to do; None where it can, or is made anew.

    It was made with another encoder of that name, and is kept for what somebody added to it.
    """
    if not is_demo(root) or not _is_of_another(root, demo) or _is_untouched(root):
        return None
    if _bound_to(root) in (None, demo.fingerprint):
        return None
    return (
        f"This demo library was made with another release of the encoder {demo.encoder} and holds what somebody added "
        "(or was cut short), so it is kept as it is, and cannot be searched. To go on with what was added: make a new "
        f"library and import the folder {root / IMAGES} into it. To get the new demo: move {root} elsewhere and start "
        "again."
    )


def open_demo(
    root: Path,
    demo: Demo | None = None,
    *,
    on_progress: Callable[[IngestProgress], None] = lambda progress: None,
    on_wait: Callable[[str], None] = lambda said: None,
) -> Library:
    """The demo library in `root`, made first where it is not there yet, or not whole: what was stored stays.

    One of another release to which nobody has added anything is made anew. Safe to be interrupted, run again, and run
    by several at once. Raises LibraryError when there is no demo to make it of, `root` is something else, or of another
    encoder and more than the demo; EncoderError when its encoder is not to be had.
    """
    from core.library import Library

    demo = demo or bundled()
    if not is_whole(root) or (demo is not None and is_due(root, demo)):
        if demo is None:
            raise LibraryError(f"there is no demo in {get_settings().demo}; make one with python -m training demo")
        _begin(demo, root)
    if demo is not None and (said := advice(root, demo)):
        raise LibraryError(said)
    library = Library.open(root)
    if demo is not None and not is_whole(root):
        try:
            _take_in(demo, library, on_progress, on_wait)
        except BaseException:
            library.close()
            raise
    return library


def _begin(demo: Demo, root: Path) -> None:
    """An empty library of the demo's encoder that says what it is, there at once or not at all.

    It takes the place of one of another release that is still what was made then.
    """
    from core.library import Library

    part = root.with_name(f".{root.name}.part")
    try:
        root.parent.mkdir(parents=True, exist_ok=True)
        with FileGuard(root.with_name(f".{root.name}.lock")):
            put_back(root)
            ours = (root / CATALOG).is_file() and is_demo(root)
            if ours and not (_is_of_another(root, demo) and _is_untouched(root)):
                return
            if not ours and root.exists() and (not root.is_dir() or any(root.iterdir())):
                raise LibraryError(f"{root} is something else than the demo library; name another folder")
            shutil.rmtree(part, ignore_errors=True)  # left by one who was cut short
            Library.create(part, name=demo.name, encoder=demo.encoder).close()
            _write(part, {"name": demo.name, "images": demo.images, "whole": False, **demo.release})
            with WriterLock(root / WRITING).held() if ours else nullcontext():
                if ours and not _is_untouched(root):
                    return  # somebody has added something just now
                take_place(part, root)
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
    if not is_whole(library.root):  # another may have been faster, and somebody may have added something since
        made = {"generation": library.catalog.state().generation, "flows": library.flows.ids()}
        _write(library.root, {"name": demo.name, "images": demo.images, "whole": True, **demo.release, **made})


def _is_of_another(root: Path, demo: Demo) -> bool:
    """Whether the library says that it was made of another release of the demo, or of one that did not tell."""
    facts = _read(root) or {}
    return any(facts.get(name) != value for name, value in demo.release.items())


def _is_untouched(root: Path) -> bool:
    """Whether the library is still what was made of the demo: no case came or changed since, no flow was trained."""
    from core.catalog import Catalog
    from core.flows import FlowStore

    facts = _read(root) or {}
    made = facts.get("generation")
    try:
        with closing(Catalog(root / CATALOG)) as catalog:
            if isinstance(made, int):
                same = catalog.changed_since(made) == 0
            else:  # cut short, or by a release that did not keep it
                same = catalog.count() == (facts.get("images") if facts.get("whole") else 0)
    except LibraryError:  # who can tell
        return False
    return same and set(FlowStore(root / "flows").ids()) <= set(facts.get("flows", ()))


def _bound_to(root: Path) -> str | None:
    """The fingerprint of the encoder that the library was made with; None where that cannot be read."""
    from core.catalog import Catalog

    try:
        with closing(Catalog(root / CATALOG)) as catalog:
            return catalog.state().encoder.fingerprint
    except LibraryError:
        return None


def _read(folder: Path) -> dict[str, Any] | None:
    """What a demo folder, or a library made of one, says of itself."""
    try:
        facts = json.loads((folder / FACTS).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return facts if isinstance(facts, dict) else None


def _write(folder: Path, facts: dict[str, Any]) -> None:
    write_whole(folder / FACTS, (json.dumps(facts, indent=1) + "\n").encode())
