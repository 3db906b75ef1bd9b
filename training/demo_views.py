"""What the demo shows of its flow without anybody's waiting for it: reports, and the map of its embeddings."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from core.demo import Demo
from core.demo_flow import FLOW_ID, FOLDER
from core.demo_library import open_demo
from core.embedding_map import FOLDER as MAPS
from core.evaluate import evaluate
from core.evaluation import Split
from core.mapping import make_map
from core.report_store import ReportStore

SPLITS: tuple[Split, ...] = ("val", "test")


def write_demo_views(demo: Demo, on_progress: Callable[[int, int], None] = lambda done, total: None) -> None:
    """Evaluate the flow bundled in the demo, lay out the map along it, and bundle both."""
    with tempfile.TemporaryDirectory() as scratch:
        library = open_demo(Path(scratch) / "library", demo)
        try:
            store, rerank = ReportStore(library.root), library.flows.reranker(FLOW_ID)
            for split in SPLITS:
                report = store.put(evaluate(library, split, flow=library.active_flow, rerank=rerank), library.catalog)
                shutil.copyfile(report, demo.folder / FOLDER / report.name)
            shutil.rmtree(library.root / MAPS, ignore_errors=True)  # of the flow that was bundled before
            make_map(library.root, library.catalog, library.flows, 0, on_progress)
            shutil.rmtree(demo.folder / MAPS, ignore_errors=True)
            shutil.copytree(library.root / MAPS, demo.folder / MAPS)
        finally:
            library.close()
