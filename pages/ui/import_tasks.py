"""Imports as work of the app: of a path on this machine or of files from the browser, for real or as a dry run."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from core.errors import SourceError, Stopped
from core.manifest import NOTHING_KNOWN, CaseFacts
from pages.ui import resources
from pages.ui.jobs import Job, Step
from pages.ui.resources import OpenLibrary
from pages.ui.tasks import IMPORT, PLAN, ingest, start
from pages.ui.text import count

if TYPE_CHECKING:
    from core.import_plan import ImportPlan
    from core.ingest_report import IngestReport
    from core.sources import Source, Upload


class Request(Protocol):
    """What a person asked to import."""

    @property
    def title(self) -> str: ...

    def sources(self, library: OpenLibrary) -> Iterator[AbstractContextManager[Source]]:
        """What is to be imported, one source after the other, each opened when its turn comes."""
        ...


@dataclass(frozen=True)
class PathRequest:
    """A folder, archive or manifest on this machine, a manifest beside it, and what its columns are."""

    path: Path
    manifest: Path | None = None
    columns: Mapping[str, str] = field(default_factory=dict)

    @property
    def title(self) -> str:
        return self.path.name

    def sources(self, library: OpenLibrary) -> Iterator[AbstractContextManager[Source]]:
        from core.sources import open_source

        limits = library.engine.limits
        yield open_source(self.path, library.taxonomy, manifest=self.manifest, columns=self.columns, limits=limits)


@dataclass(frozen=True)
class FilesRequest:
    """Files that came through the browser: images, and ZIP files of images.

    `manifest` is one that came with them, with what its columns are, and describes the images, or the ZIP where that
    came alone. Without one `facts` are known of all images, but for those that a manifest in a ZIP describes.
    """

    files: Sequence[Upload]
    facts: CaseFacts = NOTHING_KNOWN
    manifest: Upload | None = None
    columns: Mapping[str, str] = field(default_factory=dict)

    @property
    def title(self) -> str:
        return self.files[0][0] if len(self.files) == 1 else count(len(self.files), "file")

    def sources(self, library: OpenLibrary) -> Iterator[AbstractContextManager[Source]]:
        from core.sources import open_archive, source_of_uploads

        images = [file for file in self.files if not is_archive(file[0])]
        archives = [file for file in self.files if is_archive(file[0])]
        facts = NOTHING_KNOWN if self.manifest else self.facts
        described = {"manifest": self.manifest, "columns": self.columns}
        if self.manifest and not images and len(archives) > 1:
            raise SourceError(
                f"{self.manifest[0]} can describe one ZIP file, and {len(archives)} came with it; give them one by one"
            )
        if images:
            yield nullcontext(source_of_uploads(images, library.taxonomy, facts=facts, **described))
        for name, data in archives:
            own = {} if images else described
            yield open_archive(name, data, library.taxonomy, facts=facts, limits=library.engine.limits, **own)


def begin(library: OpenLibrary, asked: Request) -> Job:
    """Import what was asked for; the result is a report of every source."""

    def work(job: Job) -> list[IngestReport]:
        reports: list[IngestReport] = []
        try:
            _each(job, library, asked, lambda source: reports.append(ingest(job, library, source)))
        except Stopped:  # while waiting for another import: what was taken in before that is told
            if not reports:
                raise
        return reports

    begun = start(IMPORT, f"Import of {asked.title}", library.library_id, work)
    if begun.kind == IMPORT:  # what a dry run said would happen, happens now
        _put_plans_away(library)
    return begun


def plan(library: OpenLibrary, asked: Request) -> Job:
    """Find out what that import would do; the result is the request with an ImportPlan of every source."""

    def work(job: Job) -> tuple[Request, list[ImportPlan]]:
        plans: list[ImportPlan] = []

        def read(source: Source) -> None:
            found = library.engine.plan(
                source,
                on_progress=lambda progress: job.report(Step("Reading", progress.done, progress.total)),
                should_stop=job.should_stop,
            )
            plans.append(found)

        _each(job, library, asked, read)
        return asked, plans

    _put_plans_away(library)  # each holds its files in memory
    return start(PLAN, f"Dry run of the import of {asked.title}", library.library_id, work)


def _put_plans_away(library: OpenLibrary) -> None:
    for job in resources.jobs().of(library.library_id):
        if job.kind == PLAN:
            resources.jobs().dismiss(job.job_id)


def _each(job: Job, library: OpenLibrary, asked: Request, take: Callable[[Source], None]) -> None:
    """Every source in turn, until the person has the work stopped."""
    job.report(Step("Starting"))
    for opened in asked.sources(library):
        if job.should_stop():
            return
        with opened as source:
            take(source)


def is_archive(name: str) -> bool:
    """Whether a file of that name is taken for a ZIP file."""
    return name.lower().endswith(".zip")
