"""The flows of a library: kept in its folder, one of them active or none."""

from __future__ import annotations

import hashlib
import shutil
from functools import lru_cache
from pathlib import Path

from core.checkpoint import FLOW_ID, WEIGHTS, load_flow, save_flow
from core.errors import QueryError
from core.flow import Flow
from core.rerank import Reranker, load_reranker
from core.swap import set_apart
from core.weights_file import hash_tensors


class FlowStore:
    """Folders `<root>/<flow id>` with weights, settings and report each."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._load = lru_cache(maxsize=4)(_load)

    def ids(self) -> tuple[str, ...]:
        """The ids of all flows kept, in alphabetical order."""
        return tuple(sorted(path.parent.name for path in self.root.glob("*/flow.safetensors")))

    def get(self, flow_id: str) -> Flow:
        """The flow of that id. Raises QueryError when there is none, CheckpointError when it cannot be read."""
        if not FLOW_ID.fullmatch(flow_id) or not (self.root / flow_id).is_dir():
            raise QueryError(f"there is no flow {flow_id!r} in this library; it has {', '.join(self.ids()) or 'none'}")
        if not (self.root / flow_id / WEIGHTS).is_file():
            raise QueryError(
                f"training {flow_id} has kept no flow yet: it does when it ends or is stopped; if it is not under way, "
                f"go on with it: python -m training train LIB --resume {flow_id}"
            )
        return self._load(self.root / flow_id, _state_of(self.root / flow_id / WEIGHTS))

    def put(self, flow: Flow) -> None:
        """Keep `flow` under its own id, for good: what it made of every case is kept under that id too.

        Raises QueryError when the id is not usable, or is another flow's.
        """
        if not FLOW_ID.fullmatch(flow.flow_id):
            raise QueryError(f"flow id {flow.flow_id!r} must be lower-case letters, digits and hyphens, at most 64")
        if flow.flow_id in self.ids():
            if _digest(self.get(flow.flow_id)) != _digest(flow):
                raise QueryError(f"another flow has the id {flow.flow_id!r} in this library; give this one its own")
            return
        save_flow(self.root / flow.flow_id, flow)

    def reranker(self, flow_id: str) -> Reranker | None:
        """The re-ranker of that flow, where one was fitted with it. Raises CheckpointError when it cannot be read."""
        return load_reranker(self.root / flow_id)

    def replace(self, flow: Flow) -> None:
        """Keep `flow` under its id in place of what was there; for the holder of the writer's lock.

        Only where nothing that the former one made is in use any more.
        """
        save_flow(self.root / flow.flow_id, flow)
        self._load.cache_clear()

    def delete(self, flow_id: str) -> None:
        """Remove the folder of a flow or training, and forget it; for the holder of the writer's lock."""
        if not FLOW_ID.fullmatch(flow_id):
            raise QueryError(f"there is no flow {flow_id!r} in this library")
        if (self.root / flow_id).is_dir():
            # at once, since somebody may be looking into the folder just now
            shutil.rmtree(set_apart(self.root / flow_id, beside=self.root), ignore_errors=True)
        self._load.cache_clear()

    def add(self, path: Path) -> str:
        """Keep a copy of the flow in `path` (our folder or file, or the reference's vf_model.pth); its id here.

        The id comes from weights and settings, so adding the same flow again changes nothing. Raises CheckpointError.
        """
        flow = load_flow(path)
        flow_id = f"flow-{_digest(flow)[:12]}"
        self.put(Flow(flow.field, flow.config, flow_id, flow.name or path.stem))
        return flow_id


def _load(folder: Path, _state: tuple[int, int]) -> Flow:
    return load_flow(folder)


def _state_of(file: Path) -> tuple[int, int]:
    """Another one for every file that was ever put there, by this process or another."""
    try:
        found = file.stat()
    except OSError:
        return (0, 0)
    return (found.st_ino, found.st_mtime_ns)


def _digest(flow: Flow) -> str:
    return hashlib.sha256(f"{hash_tensors(flow.field.state_dict())}{flow.config}".encode()).hexdigest()
