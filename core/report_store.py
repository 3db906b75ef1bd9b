"""Evaluations kept in a library: with the flow they are of, and with what tells whether they are out of date."""

from __future__ import annotations

import hashlib
import json
from contextlib import suppress
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any, get_args

from core.case import Case
from core.catalog import Catalog
from core.checkpoint import REPORT
from core.errors import LibraryError
from core.evaluation import Evaluation, Split
from core.report import headline, report_json
from core.report_reader import read_report
from core.whole_file import write_whole

TRAINED: Split = "val"
"""The split of the evaluation that a training itself makes, in the flow's report.json."""


@dataclass(frozen=True)
class StoredReport:
    """An evaluation as it was kept; `current`: the cases are still those that it was made of."""

    evaluation: Evaluation
    current: bool


class ReportStore:
    """Files `flows/<flow>/report.json` (validation) and `report-<split>.json`, in `reports/` without a flow."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def path(self, flow_id: str | None, split: Split) -> Path:
        """Where the evaluation of that flow (None: the embeddings as they are) on that split lies."""
        folder = self.root / "flows" / flow_id if flow_id else self.root / "reports"
        return folder / (REPORT if split == TRAINED else f"report-{split}.json")

    def kept(self) -> tuple[tuple[str | None, Split], ...]:
        """What evaluations of are kept, flow (None: the embeddings as they are) and split; the newest first."""
        flows = (None, *(folder.name for folder in self.root.glob("flows/*") if folder.is_dir()))
        splits = get_args(Split)
        written: dict[tuple[str | None, Split], float] = {}
        for flow_id, split in product(flows, splits):
            with suppress(OSError):
                written[flow_id, split] = self.path(flow_id, split).stat().st_mtime
        return tuple(sorted(written, key=lambda which: -written[which]))

    def put(self, evaluation: Evaluation, catalog: Catalog) -> Path:
        """Keep `evaluation` in place of the former one of its flow and split. Raises LibraryError."""
        path = self.path(evaluation.flow, evaluation.split)
        data = report_json(evaluation, with_outcomes=True) | {"cases": digest(catalog.cases(order="oldest"))}
        try:
            path.parent.mkdir(exist_ok=True)
            write_whole(path, json.dumps(data, ensure_ascii=False, allow_nan=False).encode())
        except OSError as error:
            raise LibraryError(f"cannot write to {path}: {error}; check the folder and the disk") from error
        return path

    def get(self, flow_id: str | None, split: Split, catalog: Catalog) -> StoredReport | None:
        """The evaluation kept of that flow and split, or None. Raises QueryError when it does not fit any more."""
        data = self._read(flow_id, split)
        if data is None:
            return None
        cases = catalog.cases(order="oldest")
        current = data.get("cases") == digest(cases)
        return StoredReport(read_report(data, {case.case_id: case for case in cases}), current)

    def figures(self, flow_id: str) -> dict[str, Any] | None:
        """The headline of the report of its validation images that came with that flow; None without a readable one."""
        report = self._read(flow_id, TRAINED)
        with suppress(KeyError, TypeError, AttributeError):  # of another version, or damaged
            return None if report is None else headline(report)
        return None

    def forget(self, flow_id: str) -> None:
        """Remove what was kept of that flow: its weights are other ones now."""
        for path in (self.root / "flows" / flow_id).glob("report*.json"):
            path.unlink(missing_ok=True)

    def _read(self, flow_id: str | None, split: Split) -> dict[str, Any] | None:
        with suppress(OSError, ValueError, TypeError):
            return dict(json.loads(self.path(flow_id, split).read_text(encoding="utf-8")))
        return None


def digest(cases: list[Case]) -> str:
    """A hash of all that an evaluation depends on: which labelled cases there are, and what is known of them."""
    facts = ((c.case_id, c.label, c.split, c.finding, c.patient) for c in cases if c.label)
    return hashlib.sha256("\n".join(map(repr, facts)).encode()).hexdigest()[:32]
