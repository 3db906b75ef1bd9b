"""The demo's library: there whole or not at all, and made anew when the demo is of another release.

It is made beside its place, where nobody can add to it, and put there when all of the demo has been taken in; one that
was cut short goes on from there. It keeps `demo.json`, which says on every page that what it shows is synthetic, and of
which release of the demo it is. What people added to it is never lost.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from contextlib import closing, nullcontext, suppress
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from core.demo import EMBEDDINGS, TOLD, Demo, bundled, read_facts, write_facts
from core.errors import LibraryBusy, LibraryError, SourceError
from core.lock import WriterLock
from core.making import WRITING
from core.settings import get_settings
from core.store import CATALOG
from core.swap import aside, put_back, take_place

if TYPE_CHECKING:  # these bring torch, which the first page does not wait for
    from core.ingest_report import IngestProgress
    from core.library import Library

RUNS = "flows"
FOLDER = "demo-synthetic"
"""Name of the demo library's folder among the libraries."""


@dataclass(frozen=True)
class DemoState:
    """What a library says of the demo that it was made of: its name and release, "" where it does not say.

    `generation` of its catalogue and the folders of its `runs` are as they were when it was whole; None while it is
    being made.
    """

    name: str
    release: dict[str, str] = field(default_factory=dict)
    generation: int | None = None
    runs: tuple[str, ...] = ()

    @classmethod
    def of(cls, root: Path) -> DemoState | None:
        """That of the library in `root`; None where that was not made of a demo."""
        facts = read_facts(root)
        if facts is None:
            return None
        generation = facts.get("generation")
        return cls(
            str(facts.get("name", "")),
            {name: str(facts[name]) for name in TOLD if name in facts},
            generation if isinstance(generation, int) else None,
            tuple(map(str, facts.get("runs") or facts.get("flows") or ())),  # as it was called at first
        )

    def write(self, root: Path) -> None:
        """Keep it in the library."""
        facts = {name: value for name, value in asdict(self).items() if name != "release"}
        write_facts(root, {**facts, **self.release})

    def is_of(self, demo: Demo) -> bool:
        """Whether it says that it was made of that release of the demo; of any one, where the demo does not tell."""
        return all(self.release.get(name) == value for name, value in demo.release.items())


def default_root() -> Path:
    """Where the demo library lies unless another folder is asked for."""
    return get_settings().libraries / FOLDER


def is_demo(root: Path) -> bool:
    """Whether the library in `root` was made of a demo: what it shows is synthetic."""
    return (root / CATALOG).is_file() and DemoState.of(root) is not None


def is_due(root: Path, demo: Demo) -> bool:
    """Whether there is a demo library in `root` to finish, to put back, or to make anew of this release."""
    if is_demo(root):
        return _is_replaceable(root, demo)
    return aside(root).exists() or DemoState.of(_part(root)) is not None


def advice(root: Path, demo: Demo) -> str | None:
    """Why the demo library in `root` cannot be searched any more, and what to do; None where it can, or is made anew.

    It was made with another encoder of that name, and is kept for what somebody added to it.
    """
    state = DemoState.of(root)
    if state is None or state.is_of(demo) or _is_replaceable(root, demo):
        return None
    if _bound_to(root) in (None, demo.fingerprint):
        return None
    return (
        f"This demo library was made with another release of the encoder {demo.encoder} and holds what somebody added, "
        "so it is kept as it is, and cannot be searched. To go on with what was added: make a new library and import "
        f"the folder {root / 'images'} into it. To get the new demo: move {root} elsewhere and start again."
    )


def open_demo(
    root: Path,
    demo: Demo | None = None,
    *,
    on_progress: Callable[[IngestProgress], None] = lambda progress: None,
    on_wait: Callable[[str], None] = lambda said: None,
) -> Library:
    """The demo library in `root`, made first where it is not there yet.

    One of another release to which nobody has added anything is made anew. Safe to be interrupted, run again, and run
    by several at once. Raises LibraryError when there is no demo to make it of, `root` is something else, or of another
    encoder and more than the demo; EncoderError when its encoder is not to be had.
    """
    from core.library import Library

    demo = demo or bundled()
    if demo is None and not is_demo(root):
        raise LibraryError(f"there is no demo in {get_settings().demo}; make one with python -m training demo")
    if demo is not None and (not is_demo(root) or is_due(root, demo)):
        _make(demo, root, on_progress, on_wait)
    if demo is not None and (said := advice(root, demo)):
        raise LibraryError(said)
    return Library.open(root)


def _make(
    demo: Demo, root: Path, on_progress: Callable[[IngestProgress], None], on_wait: Callable[[str], None]
) -> None:
    part = _part(root)
    try:
        root.parent.mkdir(parents=True, exist_ok=True)
        with WriterLock(root.with_name(f".{root.name}.lock")).held(on_wait=on_wait):
            put_back(root)
            ours = is_demo(root)
            if ours and not _is_replaceable(root, demo):
                return  # another was faster
            if not ours and root.exists() and (not root.is_dir() or any(root.iterdir())):
                raise LibraryError(f"{root} is something else than the demo library; name another folder")
            _fill(part, demo, on_progress, on_wait)
            with suppress(LibraryBusy), WriterLock(root / WRITING).held(timeout=0) if ours else nullcontext():
                if not ours or _is_replaceable(root, demo):  # nobody has added anything meanwhile, nor does so now
                    take_place(part, root)
            shutil.rmtree(part, ignore_errors=True)
    except OSError as error:
        raise LibraryError(
            f"cannot make a library at {root}: {error.strerror or error}; choose another folder"
        ) from error


def _fill(
    part: Path, demo: Demo, on_progress: Callable[[IngestProgress], None], on_wait: Callable[[str], None]
) -> None:
    """A library of all that the demo holds, in `part`; one of the same release that was cut short is finished."""
    from core.demo_flow import put_to_use
    from core.embedding_file import load_embeddings
    from core.library import Library
    from core.sources import open_source

    begun, state = DemoState.of(part), DemoState(demo.name, demo.release)
    if begun is None or begun.release != state.release:
        shutil.rmtree(part, ignore_errors=True)
        Library.create(part, name=demo.name, encoder=demo.encoder).close()
        state.write(part)
    with closing(Library.open(part)) as library:
        known = load_embeddings(demo.folder / EMBEDDINGS, library.encoder.spec.fingerprint)
        with open_source(demo.folder, library.taxonomy, limits=library.limits) as source:
            images = replace(source, embeddings=known)
            report = library.ingest(images, on_progress=on_progress, on_wait=on_wait)
        if report.failed:
            said = "; ".join(f"{one.path}: {one.reason}" for one in report.failures[:1])
            raise SourceError(f"the demo in {demo.folder} is damaged ({said}); restore that folder")
        put_to_use(demo.folder, library)
        replace(state, generation=library.catalog.state().generation, runs=_runs(part)).write(part)


def _part(root: Path) -> Path:
    """Where the library for `root` is made."""
    return root.with_name(f".{root.name}.part")


def _runs(root: Path) -> tuple[str, ...]:
    """The folders of flows and of trainings, ended or not."""
    folder = root / RUNS
    return tuple(sorted(path.name for path in folder.iterdir())) if folder.is_dir() else ()


def _is_replaceable(root: Path, demo: Demo) -> bool:
    """Whether the library is of another release and still what was made then: nothing came, changed or was trained."""
    from core.catalog import Catalog

    state = DemoState.of(root)
    if state is None or state.is_of(demo) or state.generation is None:
        return False
    try:
        with closing(Catalog(root / CATALOG)) as catalog:
            same = catalog.changed_since(state.generation) == 0
    except LibraryError:  # who can tell
        return False
    return same and set(_runs(root)) <= set(state.runs)


def _bound_to(root: Path) -> str | None:
    """The fingerprint of the encoder that the library was made with; None where that cannot be read."""
    from core.catalog import Catalog

    try:
        with closing(Catalog(root / CATALOG)) as catalog:
            return catalog.state().encoder.fingerprint
    except LibraryError:
        return None
